package scoring

import (
	"maps"
	"slices"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// PublishBy is until when a unit's month (yyyy-mm) has to be published: the end
// of so many days of the next month, in the unit's zone.
func PublishBy(policy *rulebook.Policy, unit, month string) time.Time {
	return monthStart(policy, unit, month).AddDate(0, 1, policy.In(unit, month).Limits.PublicationDays)
}

// Unpublished gives what people must be told of a month that should have been
// published by now, without id; nil: nothing. A month is waited for when
// something of it came on the wall clock while there was still time: one that
// an import brings is history, and nobody will publish it.
func Unpublished(policy *rulebook.Policy, m *statev1.UnitMonth) *ledgerv1.Notice {
	by := PublishBy(policy, m.Unit, m.Month)
	if !awaited(m) || flow.Time(m.SeenAt).Before(by) {
		return nil
	}
	last, days := by.AddDate(0, 0, -1).Format(time.DateOnly), policy.In(m.Unit, m.Month).Limits.PublicationDays
	return &ledgerv1.Notice{
		Type: ledgerv1.EntryType_ENTRY_TYPE_POSTING, Matter: "publication/" + m.Unit + "/" + m.Month, Level: breach,
		Unit: m.Unit, Month: m.Month, Rule: rulebook.PublicationDays, Incident: &ledgerv1.Incident{Kind: "month", Id: m.Month},
		Why:        flow.Because("not_published", flow.Said("month", m.Month), flow.Count("days", days), flow.Said("last", last)),
		OccurredAt: flow.At(by.UTC()), DueAt: flow.At(by.UTC()),
	}
}

func awaited(m *statev1.UnitMonth) bool {
	return m.Awaited && m.State < int32(ledgerv1.MonthState_MONTH_STATE_PUBLISHED)
}

// watch looks whether the months of a step were published in time, and asks to
// be woken when that is to be judged.
func (s *step) watch() {
	for _, key := range slices.Sorted(maps.Keys(s.months)) {
		o := s.months[key]
		if !o.take {
			continue
		}
		by := PublishBy(s.policy, o.m.Unit, o.m.Month)
		s.see(o.m, by)
		s.tellUnpublished(o.m)
		o.doc.Clock, o.doc.Due = "", time.Time{}
		if awaited(o.m) && flow.Time(o.m.SeenAt).Before(by) {
			o.doc.Due = by
		}
	}
}

// see notes what the wall clock shows. A change of policy shows it, but is
// nothing of the month.
func (s *step) see(m *statev1.UnitMonth, by time.Time) {
	if s.in.Clock != "" {
		return
	}
	m.Awaited = m.Awaited || s.in.Fact != nil && s.in.At.Before(by)
	m.SeenAt = flow.At(laterOf(flow.Time(m.SeenAt), s.in.At))
}

// tellUnpublished brings what people were told to what is so now, by the wall
// clock.
func (s *step) tellUnpublished(m *statev1.UnitMonth) {
	wanted, told := Unpublished(s.policy, m), m.Unpublished
	if wanted != nil && told != nil && flow.Time(told.DueAt).Equal(flow.Time(wanted.DueAt)) {
		return
	}
	now := cause{received: s.in.Fact.GetReceivedAt(), detected: m.SeenAt}
	if told != nil {
		s.notice(withdrawal(told, s.noLongerUnpublished(m), now))
	}
	if wanted != nil {
		m.ToldUnpublished++
		wanted.Posting, wanted.DetectedAt = m.ToldUnpublished, now.detected
		wanted.Id = "N" + noticeID(wanted)
		s.notice(wanted)
	}
	m.Unpublished = wanted
}

func (s *step) noLongerUnpublished(m *statev1.UnitMonth) *factv1.Reason {
	if m.Pinned.GetPublishedAt() == nil {
		return rulesChanged(s.policy.In(m.Unit, m.Month).Version)
	}
	return flow.Because("published", flow.Said("person", m.Pinned.PublishedBy))
}
