package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/app"
)

func (s *session) mend() *cobra.Command {
	config, level, backup := app.Defaults(), "warn", ""
	cmd := &cobra.Command{
		Use: "mend", Args: cobra.NoArgs,
		Short: s.say("修复损坏的数据目录，损坏的部分另存一份", "mend a damaged data directory, with a copy of what is damaged"),
		Long: s.say("kaohe 启动时发现事件日志或密钥等无法由其余数据恢复的损坏，就不启动，也不改动任何东西。本命令先把损坏的部分原样另存到数据目录的\n"+
			"damaged 下，再保留所有还能读到的事件，在日志中记明缺失的消息，其余一律由日志重新判定。给出 --backup 时，备份中有而日志中没有的\n"+
			"事件补写到日志末尾；备份也没有的，可由来源重新发送，不会当作重复。期间 kaohe 不得运行。",
			"When something is damaged that the rest of the data cannot replace, the log of events or a key, kaohe does not start\n"+
				"and changes nothing. This command keeps what is damaged as it is, below damaged in the data directory, keeps all events\n"+
				"that can be read, notes in the log which messages are missing, and has everything else decided anew. With --backup,\n"+
				"events of the backup that the log does not have are added at its end; what no backup has can be sent again, and is no\n"+
				"duplicate then. kaohe must not be running."),
		Example: s.examples("kaohe mend --data ./data", "", "kaohe mend --data ./data --backup /backup/2026-11-22", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return usageError{"kaohe config", err}
			}
			logger, err := s.logger(level)
			if err != nil {
				return err
			}
			config.Logger = logger
			return s.mendWith(cmd.Context(), config, backup)
		},
	}
	s.appFlags(cmd, &config, &level)
	cmd.Flags().StringVar(&backup, "backup", "", s.say("备份目录，从中补回缺失的事件", "directory of a backup to take missing events back from"))
	return cmd
}

func (s *session) mendWith(ctx context.Context, config app.Config, backup string) error {
	var events *backupReader
	if backup != "" {
		m, _, err := s.checkedBackup(backup)
		if err != nil {
			return err
		}
		events = &backupReader{dir: backup, files: m.Files}
	}
	done, err := app.Mend(ctx, config)
	if err != nil {
		return err
	}
	for _, d := range done.Damages {
		s.note("%s", d.String())
	}
	switch {
	case len(done.Damages) == 0:
		s.note("%s", s.say("没有发现无法自行恢复的损坏", "nothing is damaged that does not mend itself"))
	case done.Aside != "":
		s.note(s.say("损坏的部分原样保存在 %s", "what was damaged is kept as it was in %s"), done.Aside)
	}
	if events != nil {
		if err := s.refill(ctx, config, events); err != nil {
			return err
		}
	}
	return s.decideAnew(ctx, config, nil)
}

// refill takes back from a backup what the log does not have.
func (s *session) refill(ctx context.Context, config app.Config, events *backupReader) error {
	missing, err := app.Refill(ctx, config, func() ([]*feedv1.Event, error) { return events.next() })
	if err := errors.Join(err, events.close()); err != nil {
		return fmt.Errorf("%s: %w", s.say("由备份补回", "take back from the backup"), err)
	}
	s.note(s.say("由备份补回 %d 个事件", "%d events were taken back from the backup"), missing)
	return nil
}
