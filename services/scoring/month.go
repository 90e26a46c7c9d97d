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

// contribution is what a fact adds to a month.
type contribution struct {
	fact    *factv1.Fact
	month   string
	day     int32
	active  []*ledgerv1.Entry
	counted bool
}

// same reports whether two contributions count alike.
func (c contribution) same(o contribution) bool {
	if !c.counted && !o.counted {
		return true
	}
	return c.counted == o.counted && c.month == o.month && c.day == o.day && slices.Equal(c.active, o.active) &&
		c.fact.GetCallbackRated().GetSatisfied() == o.fact.GetCallbackRated().GetSatisfied()
}

// recount replaces what a fact added to the months it was and is counted in. A
// month that took the input before a crash is left alone: it was stored before
// the account.
func (s *step) recount(before, after contribution) error {
	if before.same(after) {
		return nil
	}
	unit := after.fact.Route.GetUnit()
	months := []string{before.month, after.month}
	slices.Sort(months)
	for _, name := range slices.Compact(months) {
		if name == "" {
			continue
		}
		m, take, err := s.month(unit, name)
		if err != nil {
			return err
		}
		if !take {
			continue
		}
		if before.counted && before.month == name {
			Count(m, before.fact, before.day, before.active, -1)
		}
		if after.counted && after.month == name {
			Count(m, after.fact, after.day, after.active, +1)
		}
		m.AsOf = flow.At(laterOf(flow.Time(m.AsOf), s.asOf(after.fact)))
		s.derive(m, s.cause(after.fact, monthChanged()))
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

// wakeMonth derives a month again under a changed policy.
func (s *step) wakeMonth() error {
	doc, take, err := s.tx.Open(s.in.Wake)
	if err != nil {
		return fmt.Errorf("open month %s: %w", s.in.Wake, err)
	}
	m := doc.State.(*statev1.ScoringState).GetMonth()
	if !take || m == nil {
		return nil
	}
	back := rulesChanged(s.policy.In(m.Month).Version)
	s.derive(m, cause{reason: back, detected: flow.At(s.in.At)})
	return nil
}

func (s *step) month(unit, name string) (*statev1.UnitMonth, bool, error) {
	key := monthKey(unit, name)
	doc, take, err := s.tx.Open(key)
	if err != nil {
		return nil, false, fmt.Errorf("open month %s: %w", key, err)
	}
	state := doc.State.(*statev1.ScoringState)
	if state.GetMonth() == nil {
		state.State = &statev1.ScoringState_Month{Month: &statev1.UnitMonth{Unit: unit, Month: name}}
	}
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
		e.ReceivedAt, e.DetectedAt = why.received, why.detected
	}
	m.Active = post(s.record, m.Active, wanted, m.Postings, why)
}

// Summary is flow.Summariser: the scorecard of a month.
func (machine) Summary(policy *rulebook.Policy, doc *flow.Document) *ledgerv1.Record {
	m := doc.State.(*statev1.ScoringState).GetMonth()
	if m == nil {
		return nil
	}
	card := Scorecard(policy, m, flow.Time(m.AsOf))
	return &ledgerv1.Record{Record: &ledgerv1.Record_Scorecard{Scorecard: card}}
}
