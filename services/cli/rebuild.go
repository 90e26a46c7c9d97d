package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/app"
	"kaohe.dev/services/gateway/identity"
)

func (s *session) rebuild() *cobra.Command {
	config, level := app.Defaults(), "warn"
	cmd := &cobra.Command{
		Use: "rebuild", Args: cobra.NoArgs,
		Short: s.say("由事件日志重建其余一切，并核对各月", "build everything anew from the log and check every month"),
		Long: s.say("删除文档、事实和账，由事件日志重新判定，再把每个月与重建前比较。期间 kaohe 不得运行；中断后再次执行即继续。",
			"Deletes documents, facts and ledger, decides everything anew from the log of events, and compares every month with\n"+
				"what it was. kaohe must not be running, and does not start until it is done; when interrupted, run it again: it goes on."),
		Example: s.examples("kaohe rebuild --data ./data", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return usageError{"kaohe config", err}
			}
			return s.rebuildAll(cmd.Context(), config)
		},
	}
	s.appFlags(cmd, &config, &level)
	return cmd
}

// rebuildAll rebuilds, or goes on with what was interrupted.
func (s *session) rebuildAll(ctx context.Context, config app.Config) error {
	config.Work = app.WorkRebuild
	begun, err := app.Unfinished(config.Data)
	if err != nil {
		return err
	}
	var was *apiv1.Seal
	if begun != nil && begun.Name == app.WorkRebuild {
		if was, err = unmarshalSeal(begun.Seal); err != nil {
			return err
		}
	} else if was, err = s.monthsBefore(ctx, config); err != nil {
		return err
	}
	raw, err := marshalSeal(was)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	if err := app.Forget(ctx, config, raw); err != nil {
		return err
	}
	return s.decideAnew(ctx, config, was)
}

// monthsBefore notes the months as they are; nil: there is nothing to compare
// with.
func (s *session) monthsBefore(ctx context.Context, config app.Config) (was *apiv1.Seal, err error) {
	err = s.inside(ctx, config, func(ctx context.Context, _ *app.App, r *remote) (err error) {
		was, err = sealOf(ctx, r)
		return err
	})
	switch {
	case errors.Is(err, app.ErrLayout):
		s.note("%s", s.say("原有文档的格式或分区数不同，重建后无从比较", "the documents that are there have another layout: there is nothing to compare with"))
	case errors.Is(err, app.ErrUnsynced):
		s.note("%s", s.say("断电时日志尚未落盘：由剩下的日志重建，无从比较", "the log was not on disk when the power was lost: built anew from what is left, with nothing to compare"))
	case err != nil:
		return nil, fmt.Errorf("%s: %w", s.say("记下重建前各月", "note the months as they are"), err)
	}
	return was, nil
}

// marshalSeal encodes a seal; nothing is nothing.
func marshalSeal(seal *apiv1.Seal) ([]byte, error) {
	if seal == nil {
		return nil, nil
	}
	return protojson.Marshal(seal)
}

// former reports whether a seal of before format 3 had a month's hash.
func former(is, was *apiv1.MonthSeal) bool {
	return was.GetFormerHash() == "" && was.GetHash() == is.FormerHash
}

func unmarshalSeal(raw []byte) (*apiv1.Seal, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	seal := &apiv1.Seal{}
	return seal, protojson.Unmarshal(raw, seal)
}

// inside runs kaohe on free ports and does something with it.
func (s *session) inside(ctx context.Context, config app.Config, do func(context.Context, *app.App, *remote) error) error {
	config.HTTP, config.GRPC, config.Ops = "127.0.0.1:0", "127.0.0.1:0", ""
	// Nobody but this process asks.
	config.TLSCert, config.TLSKey, config.Identity = "", "", identity.Options{}
	a, err := app.New(config)
	if err != nil {
		return err
	}
	return s.running(ctx, a, func(ctx context.Context) error {
		r, err := s.connect(a.GRPCAddr(), insecure.NewCredentials())
		if err != nil {
			return err
		}
		defer r.close()
		return do(s.authorized(ctx, a.Token()), a, r)
	})
}

// decideAnew starts kaohe on a log that nothing was decided of, waits until all
// is, and compares. Then the work is done, whatever is compared.
func (s *session) decideAnew(ctx context.Context, config app.Config, was *apiv1.Seal) error {
	err := s.decideAll(ctx, config, was)
	if err == nil && ctx.Err() == nil || errors.Is(err, errTold) {
		err = errors.Join(err, app.Finish(ctx, config))
	}
	return err
}

func (s *session) decideAll(ctx context.Context, config app.Config, was *apiv1.Seal) error {
	return s.inside(ctx, config, func(ctx context.Context, a *app.App, r *remote) error {
		type answer struct {
			seal *apiv1.Seal
			err  error
		}
		answered := make(chan answer, 1)
		go func() {
			seal, err := sealOf(ctx, r)
			answered <- answer{seal, err}
		}()
		bar := s.progress(s.say("重新判定（%）", "decide anew (%)"), 100, false)
		look := time.NewTicker(200 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case got := <-answered:
				bar.done()
				if got.err != nil {
					return got.err
				}
				return s.compareSeals(was, got.seal)
			case <-look.C:
				if share, err := a.Progress(ctx); err == nil {
					bar.set(int64(100 * share))
				}
			}
		}
	})
}

// sealOf waits until all is decided and asks what the ledger says.
func sealOf(ctx context.Context, r *remote) (*apiv1.Seal, error) {
	stream, err := r.log.ExportEvents(ctx, &apiv1.ExportEventsRequest{SealOnly: true})
	if err != nil {
		return nil, err
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		if message.Seal != nil {
			return message.Seal, nil
		}
	}
}

// compareSeals shows each month as it was and is.
func (s *session) compareSeals(was, is *apiv1.Seal) error {
	before := map[string]*apiv1.MonthSeal{}
	for _, m := range was.GetMonths() {
		before[m.Month] = m
	}
	g := grid{columns: []column{
		{name: s.say("月份", "month")}, {name: s.say("有效笔数", "active entries"), numeric: true}, {name: s.say("校验值", "hash")}, {name: ""},
	}}
	same := true
	row := func(m *apiv1.MonthSeal, is, verdict string) {
		g.add(m.Month, strconv.FormatInt(m.Entries, 10), is, verdict)
	}
	for _, m := range is.Months {
		old := before[m.Month]
		delete(before, m.Month)
		if was == nil {
			row(m, m.Hash, "")
			continue
		}
		if m.Entries == old.GetEntries() && (m.Entries == 0 || m.Hash == old.GetHash() || former(m, old)) {
			row(m, m.Hash, s.say("相同", "the same"))
			continue
		}
		same = false
		row(m, m.Hash, fmt.Sprintf(s.say("不同：原为 %d 笔，%s", "differs: it was %d entries, %s"), old.GetEntries(), old.GetHash()))
	}
	for _, m := range was.GetMonths() {
		if before[m.Month] != nil && m.Entries > 0 {
			same = false
			row(m, m.Hash, s.say("没有了", "is gone"))
		}
	}
	if err := s.table(g); err != nil {
		return err
	}
	if !same {
		s.note("%s", s.say("有的月份不同：其间到期的期限会增加新的各笔；否则请用 kaohe verify 查看差异",
			"a month differs: deadlines that fell due meanwhile add entries; otherwise look at it with kaohe verify"))
		return errTold
	}
	return nil
}
