package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/phrase"
)

func (s *session) ticket() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ticket ID", Args: cobra.ExactArgs(1),
		Short: s.say("一张工单的经过、计时和判定", "a ticket's timeline, clocks and verdicts"),
		Long: s.say("显示一张工单的全部事件、每个时限的计时（含跳过的时段及原因）和相关加减分。",
			"Shows all events of a ticket, its clocks with the stretches that were skipped and why, and its entries."),
		Example: s.examples("kaohe ticket GD-2026-0001", "", "kaohe ticket GD-2026-0001 -o json", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			view, err := r.scores.GetTicket(ctx, &apiv1.GetTicketRequest{Ticket: args[0]})
			if err != nil {
				return err
			}
			z, err := r.zones(ctx)
			if err != nil {
				return err
			}
			zone := z.of(holder(view))
			if s.format != "table" {
				return s.answer(view, s.eventGrid(view.Timeline, zone))
			}
			return s.ticketView(view, z, zone)
		}),
	}
	return s.printing(s.reaching(cmd))
}

// holder gives the unit that holds a ticket now.
func holder(view *apiv1.TicketView) string {
	if h := view.Record.GetHoldings(); len(h) > 0 {
		return h[len(h)-1].Unit
	}
	return ""
}

func (s *session) ticketView(view *apiv1.TicketView, z zones, zone *time.Location) error {
	record := view.Record
	title := fmt.Sprintf("%s  %s  %s\n\n", s.paint(bold, printable(view.Ticket)), printable(holder(view)), printable(record.GetCategory()))
	if err := s.print(title + s.paint(bold, s.say("经过", "timeline")) + "\n"); err != nil {
		return err
	}
	if err := s.table(s.eventGrid(view.Timeline, zone)); err != nil {
		return err
	}
	for _, clock := range view.Clocks {
		if err := s.clock(clock, zone); err != nil {
			return err
		}
	}
	if err := s.print("\n" + s.paint(bold, s.say("加减分", "entries")) + "\n"); err != nil {
		return err
	}
	return s.table(s.entryGrid(view.Entries, z))
}

// clock prints a clock, its verdict, and what it counted.
func (s *session) clock(clock *apiv1.ClockView, zone *time.Location) error {
	names := map[string]string{"commitment": "承诺时限", "promise": "约定时间"}
	at := func(t *timestamppb.Timestamp) string {
		if t == nil {
			return "—"
		}
		return phrase.Instant(t.AsTime(), zone)
	}
	out := fmt.Sprintf("\n%s %s %d  %s → %s  %s  %s\n",
		s.paint(bold, s.say(firstOf(names[clock.Name], clock.Name), clock.Name)), s.say("第", "cycle"), clock.Cycle,
		at(clock.StartedAt), at(clock.DueAt), s.verdict(clock.Verdict), printable(clock.Reason))
	for _, span := range clock.Spans {
		zh, en := phrase.Duration(span.To.AsTime().Sub(span.From.AsTime()))
		mark, length := "+", s.say(zh, en)
		if !span.Counted {
			mark = s.paint(faint, "−")
			length = s.paint(faint, length+"  "+s.text(span.Reason))
		}
		out += fmt.Sprintf("  %s %s → %s  %s\n", mark, at(span.From), at(span.To), length)
	}
	return s.print(out)
}

func (s *session) verdict(verdict string) string {
	switch verdict {
	case "met":
		return s.paint(green, s.say("达标", "met"))
	case "violated":
		return s.paint(red, s.say("超时", "violated"))
	case "running":
		return s.paint(yellow, s.say("计时中", "running"))
	case "stopped":
		return s.say("已停", "stopped")
	}
	return verdict
}
