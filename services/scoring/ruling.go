package scoring

import (
	"slices"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
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
		e.Reason = &factv1.Text{
			Zh: e.Reason.GetZh() + "；异议裁定：" + ruling.Reason,
			En: e.Reason.GetEn() + "; adjusted on objection: " + ruling.Reason,
		}
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
func ruled(ruling *factv1.ObjectionRuling) *factv1.Text {
	switch ruling.GetOutcome() {
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD:
		return &factv1.Text{Zh: "异议成立（" + ruling.Person + "）：" + ruling.Reason, En: "objection upheld by " + ruling.Person + ": " + ruling.Reason}
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_ADJUSTED:
		return &factv1.Text{Zh: "异议裁定调整（" + ruling.Person + "）：" + ruling.Reason, En: "adjusted on objection by " + ruling.Person + ": " + ruling.Reason}
	default:
		return &factv1.Text{Zh: "异议裁定变更，恢复原记分", En: "the ruling changed; the entry stands again"}
	}
}
