package scoring

import (
	"maps"
	"slices"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// The life of a month (domain §5):
//
//	open ──closing started──> closing ──closed──> closed ──published──> published
//	  └───────────────────closed──────────────────┘ ▲                      │ ▲
//	                                                └┘ corrections ────────┴─┘
//
// A decision that does not fit the state changes nothing: the door refuses it,
// and when two come at once the first counts.

// ActedOn is flow.Actor: the months of all units, or the one of the
// restatement.
func (machine) ActedOn(policy *rulebook.Policy, decision *factv1.Fact) []string {
	event := decision.GetEvent()
	if restated := event.GetRestatementDecided(); restated != nil {
		return []string{monthKey(restated.Unit, restated.Month)}
	}
	month := monthOf(event)
	if month == "" {
		return nil
	}
	var keys []string
	for _, unit := range policy.Units() {
		keys = append(keys, monthKey(unit, month))
	}
	slices.Sort(keys)
	return keys
}

// monthOf is the month that a decision about a month of all units is about.
func monthOf(e *feedv1.Event) string {
	switch p := e.GetPayload().(type) {
	case *feedv1.Event_MonthClosingStarted:
		return p.MonthClosingStarted.Month
	case *feedv1.Event_MonthClosed:
		return p.MonthClosed.Month
	case *feedv1.Event_MonthPublished:
		return p.MonthPublished.Month
	}
	return ""
}

// act lets a decision take effect on a month.
func (s *step) act() error {
	unit, name := monthNamed(s.in.Wake)
	m, take, err := s.month(unit, name)
	if err != nil {
		return err
	}
	event := s.in.Fact.GetEvent()
	if decided := event.GetRestatementDecided(); decided != nil {
		return s.decideRestatement(m, take, decided)
	}
	if !take {
		return nil
	}
	switch p := event.Payload.(type) {
	case *feedv1.Event_MonthClosingStarted:
		if m.State < int32(ledgerv1.MonthState_MONTH_STATE_CLOSING) {
			m.State = int32(ledgerv1.MonthState_MONTH_STATE_CLOSING)
		}
	case *feedv1.Event_MonthClosed:
		s.closeMonth(m, p.MonthClosed)
	case *feedv1.Event_MonthPublished:
		s.publish(m, p.MonthPublished)
	}
	return nil
}

// closeMonth pins a month that is over.
func (s *step) closeMonth(m *statev1.UnitMonth, by *feedv1.MonthClosed) {
	if m.Pinned != nil || !Over(s.policy, m.Unit, m.Month, s.in.At) {
		return
	}
	m.State = int32(ledgerv1.MonthState_MONTH_STATE_CLOSED)
	m.Pinned = &statev1.Pinned{
		ClosedAt: s.in.Fact.OccurredAt, ClosedBy: by.Person, Customers: s.policy.Customers(m.Unit, m.Month),
	}
	s.sheet(m)
}

// Over reports whether a unit's month has ended at an instant.
func Over(policy *rulebook.Policy, unit, month string, at time.Time) bool {
	return !at.Before(monthStart(policy, unit, month).AddDate(0, 1, 0))
}

func (s *step) publish(m *statev1.UnitMonth, by *feedv1.MonthPublished) {
	if m.State != int32(ledgerv1.MonthState_MONTH_STATE_CLOSED) {
		return
	}
	m.State = int32(ledgerv1.MonthState_MONTH_STATE_PUBLISHED)
	m.Pinned.PublishedAt, m.Pinned.PublishedBy = s.in.Fact.OccurredAt, by.Person
	s.sheet(m)
}

// decideRestatement lets what came late count, or never count. A month that
// took the decision before a crash still knows what was settled.
func (s *step) decideRestatement(m *statev1.UnitMonth, take bool, decided *feedv1.RestatementDecided) error {
	if m.Pinned == nil {
		return nil
	}
	settled := m.Pinned.Settled
	if take {
		settled, m.Late = m.Late, nil
		m.Pinned.Settled = settled
		if decided.Approved {
			m.Pinned.Customers = s.policy.Customers(m.Unit, m.Month)
		}
	}
	why := cause{reason: restated(decided), proof: []string{s.in.Fact.Id}, received: s.in.Fact.ReceivedAt, detected: flow.At(s.in.At), clock: s.in.Fact.Clock}
	for _, id := range slices.Sorted(maps.Keys(settled)) {
		if err := s.settleLate(verdictKey(m.Unit, id), decided.Approved, why); err != nil {
			return err
		}
	}
	if take && decided.Approved {
		s.derive(m, why)
		s.correct(m, why.reason)
	}
	return nil
}

// settleLate lets what came late of an account count, or never count.
func (s *step) settleLate(key string, approved bool, why cause) error {
	account, take, err := s.account(key)
	if err != nil || !take || account.Late == nil {
		return err
	}
	late := account.Late
	account.Late, account.LateMonth = nil, ""
	if !approved {
		account.Refused = int64(LateHash(late))
		return nil
	}
	return s.settle(account, s.judged(account, late), why)
}

// correct tells a corrected sheet.
func (s *step) correct(m *statev1.UnitMonth, why *factv1.Reason) {
	m.Pinned.Corrections++
	m.Pinned.Why = why
	s.sheet(m)
}

// sheet tells the sheet of a closed month.
func (s *step) sheet(m *statev1.UnitMonth) {
	card := Scorecard(s.policy, m, flow.Time(m.AsOf))
	s.tx.Record(&ledgerv1.Record{Record: &ledgerv1.Record_Sheet{Sheet: card}})
}

func restated(d *feedv1.RestatementDecided) *factv1.Reason {
	return flow.Because("restated", flow.Said("person", d.Person), flow.Said("reason", d.Reason))
}
