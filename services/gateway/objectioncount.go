package gateway

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/scoring"
)

// CountObjections tells per unit and rule what came of a month's objections.
func (s *objectionServer) CountObjections(ctx context.Context, r *apiv1.CountObjectionsRequest) (*apiv1.CountObjectionsResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	found, err := s.g.views.Objections(ctx, r.Month, r.Unit)
	if err != nil {
		return nil, err
	}
	all, each := &tally{}, map[[2]string]*tally{}
	for _, o := range found {
		back, err := s.givenBack(ctx, o)
		if err != nil {
			return nil, err
		}
		of := [2]string{o.Unit, o.Objection.Rule}
		if each[of] == nil {
			each[of] = &tally{ObjectionCount: apiv1.ObjectionCount{Unit: o.Unit, Rule: o.Objection.Rule}}
		}
		all.take(o, back)
		each[of].take(o, back)
	}
	answer := &apiv1.CountObjectionsResponse{Total: all.sum()}
	for _, t := range each {
		answer.Counts = append(answer.Counts, t.sum())
	}
	slices.SortFunc(answer.Counts, func(a, b *apiv1.ObjectionCount) int {
		return cmp.Or(strings.Compare(a.Unit, b.Unit), strings.Compare(a.Rule, b.Rule))
	})
	return answer, nil
}

// givenBack is what the ruling that counts gave back of an entry's points: all
// of them when it was upheld, the difference when it was adjusted.
func (s *objectionServer) givenBack(ctx context.Context, o *ledgerv1.Objection) (decimal.Decimal, error) {
	ruling := scoring.RulingOf(o.Objection)
	switch ruling.GetOutcome() {
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD, feedv1.ObjectionOutcome_OBJECTION_OUTCOME_ADJUSTED:
	default:
		return decimal.Zero, nil
	}
	entry, err := s.g.views.Entry(ctx, o.Objection.Entry)
	if err != nil {
		return decimal.Zero, err
	}
	return points(ruling.Points).Sub(points(entry.Points)), nil // an upheld one leaves none
}

// tally adds objections up.
type tally struct {
	apiv1.ObjectionCount
	back  decimal.Decimal
	hours []decimal.Decimal // from every step to its ruling
}

func (t *tally) take(o *ledgerv1.Objection, back decimal.Decimal) {
	t.Raised++
	t.back = t.back.Add(back)
	if len(o.Objection.Steps) > 1 {
		t.Appealed++
	}
	for i, ruling := range o.Objection.Rulings { // every step waits for its own
		waited := flow.Time(ruling.At).Sub(flow.Time(o.Objection.Steps[i].At))
		t.hours = append(t.hours, decimal.NewFromFloat(waited.Hours()))
	}
	if waits(o) {
		t.Open++
		return
	}
	switch scoring.RulingOf(o.Objection).GetOutcome() {
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD:
		t.Upheld++
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_ADJUSTED:
		t.Adjusted++
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_REJECTED:
		t.Rejected++
	}
}

func (t *tally) sum() *apiv1.ObjectionCount {
	t.PointsGivenBack = t.back.StringFixed(2)
	if n := len(t.hours); n > 0 {
		slices.SortFunc(t.hours, decimal.Decimal.Cmp)
		t.MedianHours = decimal.Avg(t.hours[(n-1)/2], t.hours[n/2]).StringFixed(1)
	}
	return &t.ObjectionCount
}
