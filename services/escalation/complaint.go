package escalation

import (
	"slices"

	"github.com/shopspring/decimal"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// lateWorkComplained: a complaint whose cause is late work. It counts from its
// filing unless verification finds it invalid.
func lateWorkComplained(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	return each(d, flow.LateWorkComplained, func(c complaint, id string) *factv1.Fact {
		if not := refused(c, id, feedv1.ComplaintCause_COMPLAINT_CAUSE_LATE_WORK); not != nil {
			return not
		}
		f := c.fact(id, c.filedAt, c.proofs(), flow.Because("late_work_complained", about(c)))
		f.Body = &factv1.Fact_LateWorkComplained{LateWorkComplained: &factv1.LateWorkComplained{
			Complaint: c.Complaint, Ticket: c.Filed.GetTicket(),
		}}
		return f
	})
}

// buckPassed 推诿: a complaint with that cause that was verified valid.
func buckPassed(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	return each(d, flow.BuckPassed, func(c complaint, id string) *factv1.Fact {
		if not := refused(c, id, feedv1.ComplaintCause_COMPLAINT_CAUSE_BUCK_PASSING); not != nil {
			return not
		}
		if !c.valid() {
			return flow.Not(id, unverified())
		}
		f := c.fact(id, c.filedAt, c.proofs(), flow.Because("buck_passed", about(c)))
		f.Body = &factv1.Fact_BuckPassed{BuckPassed: &factv1.BuckPassed{Complaint: c.Complaint}}
		return f
	})
}

// misconductJudged: an attitude or discipline complaint for which an assessor
// set points. Of several decisions that stand the latest counts, and the unit
// it names answers for it [A].
func misconductJudged(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	return each(d, flow.MisconductJudged, func(c complaint, id string) *factv1.Fact {
		not := refused(c, id, feedv1.ComplaintCause_COMPLAINT_CAUSE_ATTITUDE,
			feedv1.ComplaintCause_COMPLAINT_CAUSE_DISCIPLINE)
		if not != nil {
			return not
		}
		set, found := latest(d.decisions, c)
		if !found {
			return flow.Not(id, flow.Because("no_points_set"))
		}
		f := c.fact(id, c.filedAt, c.proofs(set.proofs()...), flow.Because("points_set",
			flow.Said("person", set.Person), causeOf(c), flow.Said("points", set.Points), flow.Said("reason", set.Reason)))
		f.Route.Unit = set.Unit
		f.Body = &factv1.Fact_MisconductJudged{MisconductJudged: &factv1.MisconductJudged{
			Complaint: c.Complaint, Item: set.Item, Points: set.Points, Person: set.Person,
		}}
		return f
	})
}

// latest gives the last decision about a complaint that sets points: "0"
// withdraws a decision, and what does not read as points sets none.
func latest(decisions []decision, c complaint) (decision, bool) {
	for _, set := range slices.Backward(decisions) {
		points, err := decimal.NewFromString(set.Points)
		if err == nil && points.IsPositive() && set.Subject == c.Complaint &&
			set.About == feedv1.DecisionAbout_DECISION_ABOUT_COMPLAINT {
			return set, true
		}
	}
	return decision{}, false
}

func each(d dossier, kind flow.Kind, verdict func(complaint, string) *factv1.Fact) []*factv1.Fact {
	var facts []*factv1.Fact
	for _, c := range d.complaints {
		facts = append(facts, verdict(c, id(kind, c.Complaint)))
	}
	return facts
}

// refused gives why a complaint cannot count as one of these causes, nil when
// it can.
func refused(c complaint, id string, causes ...feedv1.ComplaintCause) *factv1.Fact {
	switch {
	case !slices.Contains(causes, c.Filed.GetCause()):
		return flow.Not(id, flow.Because("other_cause", causeOf(c)))
	case c.invalid():
		return flow.Not(id, foundInvalid())
	default:
		return nil
	}
}
