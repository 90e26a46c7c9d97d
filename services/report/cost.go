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

// matter is what entries are added up by; unit, part and item are empty where
// all are added up. A rule that both costs and gives is two matters.
type matter struct {
	unit, part, item, rule string
	gives                  bool
}

// tally is what a rule did.
type tally struct {
	rule   *apiv1.ReportRule
	points decimal.Decimal // without sign
	units  map[string]bool
}

// tallies are what rules did, by matter.
type tallies map[matter]*tally

func (all tallies) count(of matter, e *ledgerv1.Entry) {
	t := all[of]
	if t == nil {
		t = &tally{units: map[string]bool{}, rule: &apiv1.ReportRule{
			Rule: e.Rule, Label: e.Label, Clause: e.Clause, Basis: e.Basis, Part: of.part, Item: of.item, Gives: of.gives,
		}}
		all[of] = t
	}
	t.points = t.points.Add(points(e.Points).Abs())
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

// cost writes what the rules cost and gave, all units added up.
func (m *Month) cost(r *apiv1.MonthReport) {
	deducted, given := m.rules.sum(false), m.rules.sum(true)
	r.Deducted, r.Given = deducted.StringFixed(2), given.StringFixed(2)
	r.Rules, r.Bonuses = m.rules.list(false, deducted), m.rules.list(true, given)
}

func (all tallies) sum(gives bool) decimal.Decimal {
	sum := decimal.Zero
	for of, t := range all {
		if of.gives == gives {
			sum = sum.Add(t.points)
		}
	}
	return sum
}

// list gives what cost or gave, and its share of all.
func (all tallies) list(gives bool, sum decimal.Decimal) (rules []*apiv1.ReportRule) {
	chosen := maps.Clone(all)
	maps.DeleteFunc(chosen, func(of matter, _ *tally) bool { return of.gives != gives })
	for _, t := range slices.SortedFunc(maps.Values(chosen), costlier) {
		t.rule.Points, t.rule.Share = t.points.StringFixed(2), "0.00"
		if sum.IsPositive() {
			t.rule.Share = t.points.Mul(decimal.NewFromInt(100)).DivRound(sum, 2).StringFixed(2)
		}
		rules = append(rules, t.rule)
	}
	return rules
}

// costlier puts first what sets a part to 0, which no points tell.
func costlier(a, b *tally) int {
	return cmp.Or(cmp.Compare(b.rule.ZeroedParts, a.rule.ZeroedParts), b.points.Cmp(a.points),
		cmp.Compare(b.rule.Zeroed, a.rule.Zeroed), strings.Compare(a.rule.Rule, b.rule.Rule),
		strings.Compare(a.rule.Part, b.rule.Part), strings.Compare(a.rule.Item, b.rule.Item))
}
