package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/cli/again"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/plaincsv"
)

func (s *session) watch() *cobra.Command {
	request := &apiv1.StreamLedgerRequest{}
	var after uint64
	cmd := &cobra.Command{
		Use: "watch", Args: cobra.NoArgs,
		Short: s.say("实时查看入账和得分变化", "entries and scores as they happen"),
		Long: s.say("入账和得分一有变化就显示，直到 Ctrl-C。断线后从断点继续，不漏不重。",
			"Shows entries and scores as they change, until Ctrl-C. After a lost connection it goes on where it was:\nnothing is missed, nothing is shown twice."),
		Example: s.examples(
			"kaohe watch", s.say("全部单位", "all units"),
			"kaohe watch --unit chengqu --after 0", s.say("从头开始", "from the beginning"),
			"kaohe watch -o json | jq .entry", s.say("每行一条", "one a line")),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("after") {
				request.AfterSequence = &after
			}
			return s.asking(func(ctx context.Context, r *remote, _ []string) error {
				return s.follow(ctx, r, request)
			})(cmd, nil)
		},
	}
	f := cmd.Flags()
	f.StringVar(&request.Month, "month", "", s.say("只看这个月", "only this month"))
	f.StringVar(&request.Unit, "unit", "", s.say("只看这个单位", "only this unit"))
	f.Uint64Var(&after, "after", 0, s.say("从账中这一位置之后开始（默认从现在）", "go on after this place in the ledger (default: from now on)"))
	return s.printing(s.reaching(cmd))
}

// follow shows the ledger until the context ends, across lost connections. What
// fails before the first connection is told at once.
func (s *session) follow(ctx context.Context, r *remote, request *apiv1.StreamLedgerRequest) error {
	z, err := r.zones(ctx)
	if err != nil {
		return err
	}
	shown := &follower{s: s, zones: z, last: map[string]string{}}
	for wait := pause.Between(again.First, again.Longest); ; {
		err := s.stream(ctx, r, request, func(record *ledgerv1.Record) error {
			wait.Reset()
			return shown.show(record)
		})
		if ctx.Err() != nil {
			return nil
		}
		if !passing(err) {
			return err
		}
		next := wait.Next()
		s.note(s.say("连接中断，%s 后重连", "the connection was lost; connecting again in %s"), next.Round(10*time.Millisecond))
		if !pause.Sleep(ctx, next) {
			return nil
		}
	}
}

// passing reports whether connecting again may help: the server was away, or
// cut off a reader that did not keep up.
func passing(err error) bool {
	return errors.Is(err, io.EOF) || again.Passing(err) || status.Code(err) == codes.Aborted
}

// stream shows one connection's records, and keeps the place in the ledger.
func (s *session) stream(ctx context.Context, r *remote, request *apiv1.StreamLedgerRequest, show func(*ledgerv1.Record) error) error {
	stream, err := r.scores.StreamLedger(ctx, request)
	if err != nil {
		return err
	}
	for {
		record, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := show(record); err != nil {
			return err
		}
		if at := max(record.GetEntry().GetSequence(), record.GetScorecard().GetSequence()); at > 0 {
			request.AfterSequence = &at
		}
	}
}

// follower shows records.
type follower struct {
	s     *session
	zones zones
	last  map[string]string // the last total shown, by unit and month
}

func (f *follower) show(record *ledgerv1.Record) error {
	s := f.s
	if s.format == "json" {
		raw, err := protojson.Marshal(record)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		return s.print(string(raw) + "\n")
	}
	switch {
	case record.GetEntry() != nil && s.format == "csv":
		return plaincsv.NewWriter(s.Out).WriteAll(s.entryGrid([]*ledgerv1.Entry{record.GetEntry()}, f.zones).rows)
	case record.GetEntry() != nil:
		return s.print(s.entryLine(record.GetEntry(), f.zones))
	case record.GetScorecard() != nil && s.format == "table":
		return f.score(record.GetScorecard())
	}
	return nil
}

// entryLine is an entry in one line.
func (s *session) entryLine(e *ledgerv1.Entry, z zones) string {
	sign := ""
	if e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
		sign = s.say("冲回：", "taken back: ")
	}
	return fmt.Sprintf("%s  %s  %s  %s  %s%s  %s\n", z.at(e.Unit, e.OccurredAt), pad(printable(e.Unit), 10), s.signed(e.Points),
		s.text(e.Label), sign, s.text(e.Reason), s.paint(faint, printable(e.Id)))
}

// score shows a total that changed.
func (f *follower) score(card *ledgerv1.Scorecard) error {
	key := card.Month + "/" + card.Unit
	before := f.last[key]
	f.last[key] = card.Total
	if before == card.Total {
		return nil
	}
	change := f.s.grade(card.Total)
	if before != "" {
		change = before + " → " + change
	}
	return f.s.print(fmt.Sprintf("%s  %s %s  %s\n", card.Month, pad(printable(card.Unit), 10), f.s.text(card.Name), change))
}
