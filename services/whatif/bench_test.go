package whatif_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/escalation"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/quality"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/simulate"
	"kaohe.dev/services/sla"
	"kaohe.dev/services/survey"
	"kaohe.dev/services/whatif"
)

// BenchmarkYear tries other rules on a year of a large operator: a million
// events of twelve units, every month closed on the sixth of the next, from the
// decoded log to the last entry that differs with its reason.
func BenchmarkYear(b *testing.B) {
	log := operatorYear(b, 1_000_000)
	for name, changes := range map[string][]string{
		"points": {"points: -5", "points: -4"}, "promises": {"points: -5", "points: -4", "within: 24h", "within: 36h"},
	} {
		tried, err := rulebook.Load("", []byte(strings.NewReplacer(changes...).Replace(string(rulebook.DefaultSource()))))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tryYear(b, log, tried)
			}
			b.ReportMetric(float64(len(log))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// operatorYear makes the log of a year: as many events of tickets as asked for,
// and the closings among them, all received when they happen.
func operatorYear(b *testing.B, events int) []*feedv1.Event {
	b.Helper()
	const perTicket = 4.85 // events
	closing := simulate.LoadStart.AddDate(0, 1, 5)
	var log []*feedv1.Event
	mean := time.Duration(float64(365*24*time.Hour) * perTicket / float64(events))
	for e := range simulate.LoadEvery(mean, 1, events, 12, "") {
		for ; flow.Time(e.OccurredAt).After(closing); closing = closing.AddDate(0, 1, 0) {
			log = append(log, closedAt(closing))
		}
		e.ReceivedAt = e.OccurredAt
		log = append(log, e)
	}
	for ; closing.Before(simulate.LoadStart.AddDate(1, 1, 0)); closing = closing.AddDate(0, 1, 0) {
		log = append(log, closedAt(closing))
	}
	if last := flow.Time(log[events-1].OccurredAt); last.Before(simulate.LoadStart.AddDate(0, 11, 0)) || last.After(simulate.LoadStart.AddDate(1, 0, 15)) {
		b.Fatalf("the year ends %s", last)
	}
	return log
}

// closedAt closes the month before an instant.
func closedAt(when time.Time) *feedv1.Event {
	month := when.AddDate(0, -1, 0).Format("2006-01")
	return &feedv1.Event{
		Id: "close-" + month, Source: "desk", OccurredAt: flow.At(when), ReceivedAt: flow.At(when),
		Payload: &feedv1.Event_MonthClosed{MonthClosed: &feedv1.MonthClosed{Month: month, Person: "p"}},
	}
}

func tryYear(b *testing.B, log []*feedv1.Event, tried *rulebook.Rulebook) {
	b.Helper()
	services := []flow.Service{ingest.Service(), sla.Service(), escalation.Service(), survey.Service(), quality.Service()}
	end := simulate.LoadStart.AddDate(1, 1, 0)
	recorded, err := replay.Record(context.Background(), services, log, end, nil)
	if err != nil {
		b.Fatal(err)
	}
	w := replay.Window{From: "2026-01", To: "2026-12"}
	both, err := recorded.Both(context.Background(), tried, w)
	if err != nil {
		b.Fatal(err)
	}
	changed := map[string]int{}
	for _, m := range whatif.Compare(both, w).Months {
		changed[m.Month] += len(m.Changes)
	}
	for month := 1; month <= 12; month++ {
		if name := fmt.Sprintf("2026-%02d", month); changed[name] == 0 {
			b.Fatal(name, "does not differ")
		}
	}
}
