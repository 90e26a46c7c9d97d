package replay_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/escalation"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/quality"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/sla"
	"kaohe.dev/services/survey"
)

func services() []flow.Service {
	return []flow.Service{ingest.Service(), sla.Service(), escalation.Service(), survey.Service(), quality.Service()}
}

// cityYear makes tickets as a city's open data has them: opened with a promised
// date and closed, a fifth of them late, spread over units and a year.
func cityYear(tickets int) []*feedv1.Event {
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	events := make([]*feedv1.Event, 0, 2*tickets+1)
	for i := range tickets {
		opened := start.Add(time.Duration(random.Int64N(int64(365 * 24 * time.Hour))))
		ticket := fmt.Sprintf("1010%08d", i)
		event := func(at time.Time, id string) *feedv1.Event {
			return &feedv1.Event{
				Id: ticket + id, Source: "open-data", Clock: "import",
				OccurredAt: flow.At(at), ReceivedAt: flow.At(start.AddDate(1, 0, 0)),
			}
		}
		open := event(opened, "/opened")
		open.Payload = &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
			Ticket: ticket, Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Category: fmt.Sprint("category ", i%40),
			Unit: fmt.Sprint("district-", i%20), Channel: "phone",
			Commitment: &feedv1.TicketOpened_DueAt{DueAt: flow.At(opened.Add(72 * time.Hour))},
		}}
		shut := event(opened.Add(time.Duration(random.Int64N(int64(90*time.Hour)))), "/closed")
		shut.Payload = &feedv1.Event_TicketClosed{TicketClosed: &feedv1.TicketClosed{Ticket: ticket}}
		events = append(events, open, shut)
	}
	return append(events, &feedv1.Event{
		Id: "end", Source: "open-data", OccurredAt: flow.At(start.AddDate(1, 0, 0)),
		Payload: &feedv1.Event_ClockAdvanced{ClockAdvanced: &feedv1.ClockAdvanced{
			Clock: "import", To: flow.At(start.AddDate(1, 1, 0)),
		}},
	})
}

// operatorYear makes three events a ticket as an operator has them: opened with
// a commitment class, replied, closed; a fifth of the tickets late.
func operatorYear(tickets int) []*feedv1.Event {
	events := cityYear(tickets)
	replies := make([]*feedv1.Event, 0, tickets)
	for i := 0; i+1 < len(events); i += 2 {
		opened, closed := events[i], events[i+1]
		ticket := opened.GetTicketOpened()
		ticket.Customer = fmt.Sprint("customer ", i%50_000)
		ticket.Commitment = &feedv1.TicketOpened_CommitmentClass{CommitmentClass: []string{"urban-24h", "rural-48h", "standard-3wd"}[i%3]}
		replies = append(replies, &feedv1.Event{
			Id: ticket.Ticket + "/replied", Source: opened.Source, Clock: opened.Clock,
			OccurredAt: closed.OccurredAt, ReceivedAt: closed.ReceivedAt,
			Payload: &feedv1.Event_TicketReplied{TicketReplied: &feedv1.TicketReplied{
				Ticket: ticket.Ticket, Unit: ticket.Unit, Result: feedv1.ReplyResult_REPLY_RESULT_DONE, FaultCause: "接头氧化",
			}},
		})
	}
	return append(events, replies...)
}

// closedYear is an operator's year as it comes in: every event when it happens,
// the units registered, and every month closed on the third of the next.
func closedYear(tickets int) []*feedv1.Event {
	events := operatorYear(tickets)
	events = slices.DeleteFunc(events, func(e *feedv1.Event) bool { return e.GetClockAdvanced() != nil })
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for month := range 12 {
		at := start.AddDate(0, month+1, 2)
		events = append(events, &feedv1.Event{
			Id: fmt.Sprint("close-", month), Source: "desk", OccurredAt: flow.At(at),
			Payload: &feedv1.Event_MonthClosed{MonthClosed: &feedv1.MonthClosed{Month: at.AddDate(0, -1, 0).Format("2006-01"), Person: "p"}},
		})
	}
	for i := range 20 {
		events = append(events, &feedv1.Event{
			Id: fmt.Sprint("unit-", i), Source: "desk", OccurredAt: flow.At(start.AddDate(0, 0, -1)),
			Payload: &feedv1.Event_UnitRegistered{UnitRegistered: &feedv1.UnitRegistered{Unit: fmt.Sprint("district-", i), Customers: 10_000_000}},
		})
	}
	for _, e := range events {
		e.Clock, e.ReceivedAt = "", e.OccurredAt
	}
	slices.SortStableFunc(events, func(a, b *feedv1.Event) int { return flow.Time(a.OccurredAt).Compare(flow.Time(b.OccurredAt)) })
	return events
}

// BenchmarkFold folds a year of a city.
func BenchmarkFold(b *testing.B) {
	events := cityYear(150_000)
	b.ReportAllocs()
	for b.Loop() {
		result, err := replay.Fold(context.Background(), services(), events, time.Time{}, nil)
		if err != nil || len(result.Problems) > 0 || len(result.Months) == 0 {
			b.Fatal(err, result)
		}
	}
	b.ReportMetric(float64(len(events))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
