package ingest

import (
	"cmp"
	"slices"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// praiseFacts gives a praise 表扬 as received.
func praiseFacts(events []*factv1.Fact) []*factv1.Fact {
	f := events[0]
	said := f.GetEvent().GetPraiseGiven()
	return []*factv1.Fact{{
		Id: "praise_received/" + f.Id, OccurredAt: f.OccurredAt, Proof: refs(events),
		Route: &factv1.Route{Unit: said.Unit, Ticket: said.Ticket, Customer: said.Customer},
		Body:  &factv1.Fact_PraiseReceived{PraiseReceived: &factv1.PraiseReceived{Said: said}},
	}}
}

// unitFacts gives a unit with its registrations by effective_from; of two from
// the same instant the one made later comes last, and so counts.
func unitFacts(unit string, events []*factv1.Fact) []*factv1.Fact {
	registrations := make([]*feedv1.UnitRegistered, len(events))
	for i, f := range events {
		registrations[i] = f.GetEvent().GetUnitRegistered()
	}
	slices.SortStableFunc(registrations, func(a, b *feedv1.UnitRegistered) int {
		if a.EffectiveFrom == nil || b.EffectiveFrom == nil {
			return cmp.Compare(known(a), known(b)) // absent: always
		}
		return compareTime(a.EffectiveFrom, b.EffectiveFrom)
	})
	return []*factv1.Fact{{
		Id: "unit_known/" + unit, OccurredAt: events[0].OccurredAt, Proof: refs(events),
		Route: &factv1.Route{Unit: unit},
		Body:  &factv1.Fact_UnitKnown{UnitKnown: &factv1.UnitKnown{Unit: unit, Registrations: registrations}},
	}}
}

func known(r *feedv1.UnitRegistered) int {
	if r.EffectiveFrom == nil {
		return 0
	}
	return 1
}

// rulebookFacts gives a rulebook version as last published.
func rulebookFacts(version string, events []*factv1.Fact) []*factv1.Fact {
	last := events[len(events)-1]
	return []*factv1.Fact{{
		Id: "rulebook_in_force/" + version, OccurredAt: last.OccurredAt, Proof: []string{last.Id},
		Route: &factv1.Route{},
		Body: &factv1.Fact_RulebookInForce{RulebookInForce: &factv1.RulebookInForce{
			Published: last.GetEvent().GetRulebookPublished(),
		}},
	}}
}
