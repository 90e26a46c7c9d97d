package flowtest_test

import (
	"testing"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/rulebook"
)

var start = time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC)

// hourly is a service that finds a ticket overdue an hour after it was opened.
func hourly() flow.Machine {
	return flow.NewMachine(flow.Service{
		Name: "hourly", Consumes: []flow.Kind{flow.Event}, Produces: []flow.Kind{flow.TicketOverdue},
		Keys: func(f *factv1.Fact) []string { return []string{"ticket"} },
		Decide: func(_ *rulebook.Policy, c flow.Case) flow.Decision {
			due := flow.Time(c.Facts[0].OccurredAt).Add(time.Hour)
			if len(c.Facts) > 1 {
				return flow.Decision{Facts: []*factv1.Fact{flow.Not("late", flow.Because("met_before"))}}
			}
			if c.AsOf.IsZero() || c.AsOf.Before(due) {
				return flow.Decision{Wake: due}
			}
			return flow.Decision{Facts: []*factv1.Fact{{
				Id: "late", OccurredAt: flow.At(due), Route: &factv1.Route{Unit: "U"},
				Reason: flow.Because("not_due"),
				Body:   &factv1.Fact_TicketOverdue{TicketOverdue: &factv1.TicketOverdue{}},
			}}}
		},
	})
}

func event(id, clock string, at time.Time) *feedv1.Event {
	return &feedv1.Event{
		Id: id, Source: "s", Clock: clock, OccurredAt: flow.At(at),
		Payload: &feedv1.Event_TicketResumed{TicketResumed: &feedv1.TicketResumed{Ticket: "T"}},
	}
}

func TestDeadlinesFireWhenTheirClockHasMoved(t *testing.T) {
	for _, clock := range []string{"", "import"} {
		w := flowtest.Run(t, nil, []flow.Machine{hourly()},
			flowtest.Event(event("1", clock, start)), flowtest.Clock(clock, start.Add(time.Hour-time.Second)))
		if w.Fact("late") != nil {
			t.Errorf("clock %q: late a second before the deadline", clock)
		}
		w.Do(flowtest.Clock(clock, start.Add(time.Hour)))
		if w.Fact("late") == nil {
			t.Errorf("clock %q: not late at the deadline", clock)
		}
		w.Do(flowtest.Event(event("2", clock, start)))
		if got := w.Retraction("late").GetCode(); got != "met_before" {
			t.Errorf("clock %q: retracted because %q, want met_before", clock, got)
		}
		want := "+ late [U] 2026-01-05T03:00:00Z not_due: not due yet\n- late [U] met_before: completed in time\n"
		if got := w.Transcript(); got != want {
			t.Errorf("clock %q: transcript\n%s, want\n%s", clock, got, want)
		}
	}
}
