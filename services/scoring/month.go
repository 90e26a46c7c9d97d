package scoring

import (
	"fmt"
	"slices"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// opened is a month's document as it was opened in this step.
type opened struct {
	doc  *flow.Document
	m    *statev1.UnitMonth
	take bool // it has still to take the input
}

// recount replaces what a fact added to the months it was and is counted in. A
// month that took the input before a crash is left alone: it was stored before
// the account.
func (s *step) recount(before, after contribution) error {
	if before.same(after) {
		return nil
	}
	fact := after.fact
	if fact == nil {
		fact = before.fact
	}
	months := []string{before.Month, after.Month}
	slices.Sort(months)
	for _, name := range slices.Compact(months) {
		if name == "" {
			continue
		}
		m, take, err := s.month(fact.Route.GetUnit(), name)
		if err != nil {
			return err
		}
		if !take {
			continue
		}
		if before.counted && before.Month == name {
			Count(m, before.fact, before.Judged, -1)
		}
		if after.counted && after.Month == name {
			Count(m, after.fact, after.Judged, +1)
		}
		m.AsOf = flow.At(laterOf(flow.Time(m.AsOf), s.asOf(fact)))
		m.Clock = fact.Clock
		s.derive(m, s.cause(fact, monthChanged(fact.Reason)))
	}
	return nil
}

// asOf is the instant a fact lets its month be judged as of, on its clock.
func (s *step) asOf(fact *factv1.Fact) time.Time {
	if fact.Clock != "" {
		return s.tx.Clock(fact.Clock)
	}
	return flow.Time(fact.DetectedAt)
}

// wakeMonth derives a month again under a changed policy, or when its
// publication is due. A closed one stays as it was derived.
func (s *step) wakeMonth() error {
	m, take, err := s.month(monthNamed(s.in.Wake))
	if err != nil || !take || m.Pinned != nil {
		return err
	}
	back := rulesChanged(s.policy.In(m.Unit, m.Month).Version)
	s.derive(m, cause{reason: back, detected: flow.At(s.in.At), clock: m.Clock})
	return nil
}

// month opens a month, once in a step.
func (s *step) month(unit, name string) (*statev1.UnitMonth, bool, error) {
	key := monthKey(unit, name)
	if o, before := s.months[key]; before {
		return o.m, o.take, nil
	}
	doc, take, err := s.tx.Open(key)
	if err != nil {
		return nil, false, fmt.Errorf("open month %s: %w", key, err)
	}
	state := doc.State.(*statev1.ScoringState)
	if state.GetMonth() == nil {
		state.State = &statev1.ScoringState_Month{Month: &statev1.UnitMonth{Unit: unit, Month: name}}
	}
	s.months[key] = opened{doc, state.GetMonth(), take}
	return state.GetMonth(), take, nil
}

// derive brings the entries of the month as a whole to what its counts ask
// for.
func (s *step) derive(m *statev1.UnitMonth, why cause) {
	if m.Postings == nil {
		m.Postings = map[string]int32{}
	}
	wanted := Derive(s.policy, m)
	for _, e := range wanted {
		e.ReceivedAt, e.DetectedAt, e.Clock = why.received, why.detected, why.clock
	}
	m.Active = post(s.tx.Record, m.Active, wanted, m.Postings, why)
	s.alarm(m, why)
}

// Summary is flow.Summariser: the scorecard of a month, and of a closed one what
// waits to be restated.
func (machine) Summary(policy *rulebook.Policy, doc *flow.Document) []*ledgerv1.Record {
	m := doc.State.(*statev1.ScoringState).GetMonth()
	if m == nil {
		return nil
	}
	card := Scorecard(policy, m, flow.Time(m.AsOf))
	records := []*ledgerv1.Record{{Record: &ledgerv1.Record_Scorecard{Scorecard: card}}}
	if m.Pinned != nil {
		records = append(records, &ledgerv1.Record{Record: &ledgerv1.Record_Restatement{Restatement: Restate(policy, m)}})
	}
	return records
}
