package simulate_test

import (
	"slices"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

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
)

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func month(t testing.TB, seed uint64, name string) []*feedv1.Event {
	t.Helper()
	events, err := simulate.Month(seed, name, shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// fold decides events offline as of an instant of their clock.
func fold(t testing.TB, events []*feedv1.Event, asOf time.Time) *replay.Result {
	t.Helper()
	events = append(slices.Clone(events), &feedv1.Event{
		Id: "as-of", Source: "kaohe", OccurredAt: timestamppb.New(asOf),
		Payload: &feedv1.Event_ClockAdvanced{ClockAdvanced: &feedv1.ClockAdvanced{Clock: simulate.Clock, To: timestamppb.New(asOf)}},
	})
	services := []flow.Service{ingest.Service(), sla.Service(), escalation.Service(), survey.Service(), quality.Service()}
	result, err := replay.Fold(t.Context(), services, events, asOf, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Problems) > 0 {
		t.Errorf("problems: %v", result.Problems)
	}
	return result
}

func TestEveryRuleOfTheRulebookComesToBear(t *testing.T) {
	for seed := range uint64(5) {
		result := fold(t, month(t, seed, "2026-03"), time.Date(2026, 4, 1, 0, 0, 0, 0, shanghai(t)))
		seen := map[string]int{}
		for _, e := range result.Entries("2026-03") {
			seen[e.Rule]++
		}
		for _, rule := range rulebook.Default().Rules {
			if seen[rule.Name] == 0 {
				t.Errorf("seed %d: rule %s never applies", seed, rule.Name)
			}
		}
		t.Logf("seed %d: %v", seed, seen)
	}
}

func TestScoresArePlausible(t *testing.T) {
	for seed := range uint64(5) {
		result := fold(t, month(t, seed, "2026-03"), time.Date(2026, 4, 1, 0, 0, 0, 0, shanghai(t)))
		totals := map[string]bool{}
		for _, m := range result.Months {
			card := m.Scorecard
			t.Logf("seed %d: %s %s, quota %d of %s", seed, m.Unit, card.Total, card.Quota.GetUsed(), card.Quota.GetLimit())
			total, err := decimal.NewFromString(card.Total)
			if err != nil {
				t.Fatal(err)
			}
			if m.Month == "2026-03" && (total.LessThan(decimal.NewFromInt(35)) || total.GreaterThan(decimal.NewFromInt(102))) {
				t.Errorf("seed %d: %s scores %s", seed, m.Unit, total)
			}
			totals[card.Total] = true
		}
		if len(result.Months) != 6 || len(totals) < 5 {
			t.Errorf("seed %d: %d unit months, %d different scores", seed, len(result.Months), len(totals))
		}
	}
}

func TestAUnitIsOverItsQuotaUntilDuplicatesAreMerged(t *testing.T) {
	events := month(t, 1, "2026-03")
	for _, c := range []struct {
		day     int
		crossed bool
	}{{27, false}, {29, true}, {31, false}} {
		asOf := time.Date(2026, 3, c.day, 0, 0, 0, 0, shanghai(t))
		until := slices.DeleteFunc(slices.Clone(events), func(e *feedv1.Event) bool { return e.OccurredAt.AsTime().After(asOf) })
		card := fold(t, until, asOf).Find("yaozhou", "2026-03").Scorecard
		if card.Quota.GetCrossed() != c.crossed || (card.Parts[0].Score == "0.00") != c.crossed {
			t.Errorf("on the %dth crossed is %v: %v, total %s", c.day, !c.crossed, card.Quota, card.Parts[0].Score)
		}
	}
}

func TestAMonthIsTheSameForTheSameSeed(t *testing.T) {
	first, again, other := bytes(t, month(t, 7, "2026-02")), bytes(t, month(t, 7, "2026-02")), bytes(t, month(t, 8, "2026-02"))
	if !slices.Equal(first, again) {
		t.Error("the same seed gives another month")
	}
	if slices.Equal(first, other) {
		t.Error("another seed gives the same month")
	}
}

func bytes(t *testing.T, events []*feedv1.Event) []byte {
	t.Helper()
	var all []byte
	for _, e := range events {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw...)
	}
	return all
}

func TestEventsOfAMonthAreValidOrderedAndWithinIt(t *testing.T) {
	for _, name := range []string{"2026-02", "2026-03", "2025-10"} {
		events := month(t, 3, name)
		if len(events) < 3000 || len(events) > 6000 {
			t.Errorf("%s has %d events", name, len(events))
		}
		check(t, events, simulate.Clock)
		for _, e := range events {
			if got := e.OccurredAt.AsTime().In(shanghai(t)).Format("2006-01"); got != name {
				t.Errorf("%s happens in %s", e.Id, got)
			}
		}
		t.Logf("%s: %d events", name, len(events))
	}
	if _, err := simulate.Month(1, "March", time.UTC); err == nil {
		t.Error("March is taken for a month")
	}
}

// check checks what holds for all made-up events.
func check(t *testing.T, events []*feedv1.Event, clock string) {
	t.Helper()
	ids, last := map[string]bool{}, time.Time{}
	for _, e := range events {
		if err := protovalidate.Validate(e); err != nil {
			t.Fatalf("%s: %v", e.Id, err)
		}
		at := e.OccurredAt.AsTime()
		if ids[e.Id] || at.Before(last) || e.Clock != clock {
			t.Fatalf("%s at %s: twice, out of order or on clock %q", e.Id, at, e.Clock)
		}
		ids[e.Id], last = true, at
	}
}
