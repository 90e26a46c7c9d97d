package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// tally is what a rule did.
type tally struct {
	rule   *apiv1.ReportRule
	points decimal.Decimal // signed
	units  map[string]bool
}

func newTally(e *ledgerv1.Entry) *tally {
	return &tally{
		rule:  &apiv1.ReportRule{Rule: e.Rule, Label: e.Label, Clause: e.Clause, Basis: e.Basis},
		units: map[string]bool{},
	}
}

func (t *tally) count(e *ledgerv1.Entry) {
	t.points = t.points.Add(points(e.Points))
	t.units[e.Unit] = true
	t.rule.Entries++
	t.rule.Units = int32(len(t.units)) //nolint:gosec // units
	switch e.Effect {
	case ledgerv1.Effect_EFFECT_ZERO_PART:
		t.rule.ZeroedParts++
	case ledgerv1.Effect_EFFECT_ZERO_ITEM, ledgerv1.Effect_EFFECT_ZERO_SECTION:
		t.rule.Zeroed++
	}
}

// cost writes what the rules cost and gave.
func (m *Month) cost(r *apiv1.MonthReport) {
	deducted, given := decimal.Zero, decimal.Zero
	for _, t := range m.rules {
		if t.points.IsPositive() {
			given = given.Add(t.points)
		} else {
			deducted = deducted.Sub(t.points)
		}
	}
	r.Deducted, r.Given = deducted.StringFixed(2), given.StringFixed(2)
	for _, t := range slices.SortedFunc(maps.Values(m.rules), costlier) {
		if t.points.IsPositive() {
			r.Bonuses = append(r.Bonuses, t.of(given))
		} else {
			r.Rules = append(r.Rules, t.of(deducted))
		}
	}
}

// costlier puts first what sets a part to 0, which no points tell.
func costlier(a, b *tally) int {
	return cmp.Or(cmp.Compare(b.rule.ZeroedParts, a.rule.ZeroedParts), b.points.Abs().Cmp(a.points.Abs()),
		cmp.Compare(b.rule.Zeroed, a.rule.Zeroed), strings.Compare(a.rule.Rule, b.rule.Rule))
}

// of writes a rule's points, and their share of all.
func (t *tally) of(all decimal.Decimal) *apiv1.ReportRule {
	t.rule.Points, t.rule.Share = t.points.Abs().StringFixed(2), "0.00"
	if all.IsPositive() {
		t.rule.Share = t.points.Abs().Mul(decimal.NewFromInt(100)).DivRound(all, 2).StringFixed(2)
	}
	return t.rule
}
