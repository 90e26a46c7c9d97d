package scoring

import (
	"slices"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
)

// Rulings are what was decided about objections to what is judged from one
// fact, or from a month as a whole: by rule, the decision that counts.
type Rulings map[string]*factv1.ObjectionRuling

// apply gives an entry as it is after the ruling about its rule; nil: it was
// taken back.
func (r Rulings) apply(e *ledgerv1.Entry) *ledgerv1.Entry {
	ruling := r[e.Rule]
	switch ruling.GetOutcome() {
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD:
		return nil
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_ADJUSTED:
		e.Points, e.Effect = twoPlaces(points(ruling.Points)), ledgerv1.Effect_EFFECT_POINTS
		e.Why = flow.Because("adjusted", flow.Part("because", e.Why), flow.Said("reason", ruling.Reason))
		e.Proof = append(slices.Clone(e.Proof), ruling.Proof)
	}
	return e
}

// RulingOf gives the decision that counts about an objection: the committee's
// if it decided, else the assessor's; nil while none is made.
func RulingOf(o *factv1.ObjectionRecorded) *factv1.ObjectionRuling {
	if n := len(o.GetRulings()); n > 0 {
		return o.Rulings[n-1]
	}
	return nil
}

// ruled is why an entry is taken back or replaced after a ruling.
func ruled(ruling *factv1.ObjectionRuling) *factv1.Reason {
	person, reason := flow.Said("person", ruling.GetPerson()), flow.Said("reason", ruling.GetReason())
	switch ruling.GetOutcome() {
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD:
		return flow.Because("ruling_upheld", person, reason)
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_ADJUSTED:
		return flow.Because("ruling_adjusted", person, reason)
	default:
		return flow.Because("ruling_changed")
	}
}
