package replay_test

import (
	"context"
	"fmt"
	"math/rand/v2"
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
