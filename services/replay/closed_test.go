package replay_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/scoring"
)

// TestClosedMonthsAreWhatTheLogUpToTheDecisionsSays: whenever a month is
// closed, published, restated or objected to, with whatever coming late, the
// ledger holds what the fold of the log gives, and the entries add up to the
// sheet.
func TestClosedMonthsAreWhatTheLogUpToTheDecisionsSays(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		log := decidedLog(r)
		end := origin.AddDate(0, 0, 60)
		result := fold(r, log, end)
		w := live(t, result, log)
		w.Do(flowtest.Clock("", end))
		compare(r, w, result)
		corrected(r, w)
	})
}

// decidedLog draws a log with decisions about the month of January in it.
func decidedLog(r *rapid.T) []*feedv1.Event {
	events := (&world{t: r, clocks: []string{""}}).draw()
	all := append(slices.Clone(events[:2]), rapid.Permutation(events[2:]).Draw(r, "order")...)
	result := fold(r, all, origin.AddDate(0, 0, 60))
	for range rapid.IntRange(0, 3).Draw(r, "objections") {
		all = object(r, all, result)
	}
	for i := range rapid.IntRange(1, 6).Draw(r, "decisions") {
		all = insert(r, all, &feedv1.Event{Id: fmt.Sprintf("d%d", i), Source: "desk"}, func(e *feedv1.Event) { decideMonth(r, e) })
	}
	for i, e := range all {
		all[i] = proto.CloneOf(e)
		all[i].ReceivedAt = flow.At(origin.Add(time.Duration(i*14) * time.Hour))
		if flow.TakesEffectInPlace(e) || e.Source == "desk" {
			all[i].OccurredAt = all[i].ReceivedAt
		}
	}
	return all
}

// insert puts an event somewhere behind the registrations.
func insert(r *rapid.T, log []*feedv1.Event, e *feedv1.Event, set func(*feedv1.Event)) []*feedv1.Event {
	set(e)
	return slices.Insert(slices.Clone(log), rapid.IntRange(2, len(log)).Draw(r, "place"), e)
}

func decideMonth(r *rapid.T, e *feedv1.Event) {
	unit := rapid.SampledFrom([]string{"U1", "U2"}).Draw(r, "decided unit")
	switch rapid.SampledFrom([]string{"start", "close", "close", "publish", "restate", "restate"}).Draw(r, "decision") {
	case "start":
		e.Payload = &feedv1.Event_MonthClosingStarted{MonthClosingStarted: &feedv1.MonthClosingStarted{Month: "2026-01", Person: "p"}}
	case "close":
		e.Payload = &feedv1.Event_MonthClosed{MonthClosed: &feedv1.MonthClosed{Month: "2026-01", Person: "p"}}
	case "publish":
		e.Payload = &feedv1.Event_MonthPublished{MonthPublished: &feedv1.MonthPublished{Month: "2026-01", Person: "p"}}
	case "restate":
		e.Payload = &feedv1.Event_RestatementDecided{RestatementDecided: &feedv1.RestatementDecided{
			Unit: unit, Month: "2026-01", Approved: rapid.Bool().Draw(r, "approved"), Person: "p", Reason: "r",
		}}
	}
}

// object adds an objection to some entry, and perhaps what was decided.
func object(r *rapid.T, log []*feedv1.Event, result *replay.Result) []*feedv1.Event {
	var entries []*ledgerv1.Entry
	for _, m := range result.Months {
		entries = append(entries, m.Entries...)
	}
	if len(entries) == 0 {
		return log
	}
	e := rapid.SampledFrom(entries).Draw(r, "entry")
	n := len(log)
	log = insert(r, log, &feedv1.Event{Id: fmt.Sprintf("o%d", n), Source: "desk"}, func(raised *feedv1.Event) {
		raised.Payload = &feedv1.Event_ObjectionRaised{ObjectionRaised: &feedv1.ObjectionRaised{
			Unit: e.Unit, Month: e.Month, Fact: e.Fact, Rule: e.Rule, Entry: "E", Stage: 1, Person: "m", Grounds: "g",
		}}
	})
	if rapid.Bool().Draw(r, "ruled") {
		log = insert(r, log, &feedv1.Event{Id: fmt.Sprintf("r%d", n), Source: "desk"}, func(decided *feedv1.Event) {
			decided.Payload = &feedv1.Event_ObjectionDecided{ObjectionDecided: &feedv1.ObjectionDecided{
				Unit: e.Unit, Month: e.Month, Fact: e.Fact, Rule: e.Rule, Stage: 1, Person: "a", Reason: "r",
				Outcome: feedv1.ObjectionOutcome(rapid.IntRange(1, 3).Draw(r, "outcome")), Points: "-1",
			}}
		})
	}
	return log
}

// live lets a log happen, each event when it was received.
func live(t *testing.T, result *replay.Result, log []*feedv1.Event) *flowtest.World {
	var machines []flow.Machine
	for _, s := range services() {
		machines = append(machines, flow.NewMachine(s))
	}
	w := flowtest.Run(t, result.Policy, append(machines, scoring.New()))
	for _, e := range log {
		w.Do(flowtest.Clock("", flow.Time(e.ReceivedAt)), flowtest.Event(e))
	}
	return w
}

// corrected checks that sheets of a closed month are numbered without a gap,
// and that the last one is the score that stands.
func corrected(r *rapid.T, w *flowtest.World) {
	sheets := map[string]*ledgerv1.Scorecard{}
	cards := map[string]*ledgerv1.Scorecard{}
	for _, record := range w.Records {
		if card := record.GetScorecard(); card != nil {
			cards[card.Unit+" "+card.Month] = card
		}
		if sheet := record.GetSheet(); sheet != nil {
			key := sheet.Unit + " " + sheet.Month
			if before := sheets[key]; before != nil && sheet.Correction != before.Correction && sheet.Correction != before.Correction+1 {
				r.Fatalf("correction %d of %s comes after %d", sheet.Correction, key, before.Correction)
			}
			sheets[key] = sheet
		}
	}
	for key, sheet := range sheets {
		if cards[key].Total != sheet.Total {
			r.Fatalf("%s stands at %s, its last sheet says %s", key, cards[key].Total, sheet.Total)
		}
	}
}
