package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"kaohe.dev/services/app"
	"kaohe.dev/services/period"
)

func (s *session) archive() *cobra.Command {
	config, level, before, purge := app.Defaults(), "warn", "", false
	cmd := &cobra.Command{
		Use: "archive --before YYYY-MM DIR", Args: cobra.ExactArgs(1),
		Short: s.say("归档事件日志中较早的部分", "archive the oldest part of the log"),
		Long: s.say("把某月之前收到的全部事件（日志开头连续的部分）写入归档目录并读回核对；同一目录可逐次接续。加 --purge 才从日志中删去。\n"+
			"此后由 --archive DIR 重算、重建、备份，结果不变。期间 kaohe 不得运行。",
			"Writes the beginning of the log, up to the first event received in the month given or later (months begin at\n"+
				"midnight in Asia/Shanghai), into a directory of compressed files with their hashes, and reads it back. The same\n"+
				"directory is gone on with each time. Only --purge removes it from the log. Afterwards --archive DIR gives it to\n"+
				"whatever needs it: verify, rebuild and backup arrive at the same hashes. kaohe must not be running."),
		Example: s.examples(
			"kaohe archive --before 2026-01 /archive", s.say("只归档", "archive, remove nothing"),
			"kaohe archive --before 2026-01 --purge /archive", s.say("归档并从日志中删去", "archive, and remove it from the log"),
			"kaohe up --archive /archive", s.say("归档在手，各月均可核对", "with it at hand, every month can be verified")),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return usageError{"kaohe config", err}
			}
			config.Archive = args[0]
			return s.archiveInto(cmd.Context(), config, before, purge)
		},
	}
	s.appFlags(cmd, &config, &level)
	cmd.Flags().StringVar(&before, "before", "", s.say("归档此月之前收到的事件，yyyy-mm", "archive what was received before this month, yyyy-mm"))
	cmd.Flags().BoolVar(&purge, "purge", false, s.say("归档并核对后从日志中删去", "remove from the log what is archived and was read back"))
	return cmd
}

// beforeArchiving waits until all that goes has been decided. What was purged in
// part had been: that is gone on with, into the same archive.
func (s *session) beforeArchiving(ctx context.Context, config *app.Config, purge *bool) error {
	begun, err := app.Unfinished(config.Data)
	if err != nil {
		return err
	}
	if config.Archive, err = filepath.Abs(config.Archive); err != nil {
		return err
	}
	if begun != nil && begun.Name == app.WorkArchive {
		if begun.Source != config.Archive {
			return fmt.Errorf(s.say("上次归档到 %s 时中断；请用同一目录继续", "archiving into %s was interrupted; go on with the same directory"), begun.Source)
		}
		*purge = true
		return nil
	}
	err = s.inside(ctx, *config, func(ctx context.Context, _ *app.App, r *remote) error {
		_, err := sealOf(ctx, r)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s.say("等待全部判定", "wait until all is decided"), err)
	}
	return nil
}

func (s *session) archiveInto(ctx context.Context, config app.Config, before string, purge bool) error {
	month, err := period.ParseMonth(before)
	until := month.Start(operatorZone())
	if err != nil || until.After(time.Now().AddDate(0, 1, 0)) {
		return usageError{"kaohe archive", fmt.Errorf("--before %q: %s", before, s.say("须为不晚于下月的月份，如 2026-01", "give a month, at most the next one, like 2026-01"))}
	}
	config.Work = app.WorkArchive
	if err := errors.Join(s.beforeArchiving(ctx, &config, &purge), ctx.Err()); err != nil {
		return err
	}
	done, err := app.Archive(ctx, config, before, until, purge)
	if err == nil && purge {
		err = app.Finish(ctx, config)
	}
	if err != nil {
		return err
	}
	s.note(s.say("归档了 %d 个事件，%s 共 %d 个", "%d events archived, %[3]d in %[2]s"), done.Events, config.Archive, done.All)
	switch {
	case purge && done.First > 1:
		s.note(s.say("日志自第 %d 条消息开始；请妥善保管归档，kaohe 以 --archive %s 使用它", "the log begins at message %d now; keep the archive safe, kaohe uses it with --archive %s"), done.First, config.Archive)
	default:
		s.note("%s", s.say("日志未动；加 --purge 才删去", "nothing was removed from the log; --purge does that"))
	}
	return nil
}
