package scoring

import (
	"math/big"
	"time"

	"github.com/shopspring/decimal"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// Scorecard adds a unit's month up by the rulebook in force in it (§3.4): what
// an item gives is its maximum less its deductions, never below 0; what exceeds
// it is carried into the part or dropped; a part is its items and bonuses less
// what is carried, never below 0; the total weighs the parts. Points are exact
// decimals, shown with two places, rounded half up once, at the end.
//
// AsOf is the instant the quota is projected from; zero projects nothing.
func Scorecard(policy *rulebook.Policy, m *statev1.UnitMonth, asOf time.Time) *ledgerv1.Scorecard {
	book := policy.In(m.Month)
	card := &ledgerv1.Scorecard{
		Unit: m.Unit, Name: unitName(policy, m), Month: m.Month, RulebookVersion: book.Version, AsOf: flow.At(asOf),
	}
	for _, w := range book.Warnings {
		card.Warnings = append(card.Warnings, w.Proto())
	}
	weighted, weights := decimal.Zero, decimal.Zero
	for i := range book.Parts {
		part := &book.Parts[i]
		line, score := partScore(part, m)
		card.Parts = append(card.Parts, line)
		weighted, weights = weighted.Add(score.Mul(part.Weight)), weights.Add(part.Weight)
		if part.Quota != nil && card.Quota == nil {
			card.Quota = quotaOf(policy, part.Quota, m, asOf)
			if card.Quota.Customers == 0 {
				card.Warnings = append(card.Warnings, &factv1.Text{
					Zh: "未登记维护客户数，未判定报修指标", En: "the unit's customers are not registered; the repair quota is not judged",
				})
			}
		}
	}
	if weights.IsPositive() {
		weighted = roundRat(new(big.Rat).Quo(weighted.Rat(), weights.Rat()))
	}
	card.Total = twoPlaces(weighted)
	return card
}

// Empty is the scorecard of a unit's month without facts.
func Empty(policy *rulebook.Policy, unit, month string) *ledgerv1.Scorecard {
	return Scorecard(policy, &statev1.UnitMonth{Unit: unit, Month: month}, time.Time{})
}

// unitName is the name registered by the end of the month; the id when there
// is none.
func unitName(policy *rulebook.Policy, m *statev1.UnitMonth) *factv1.Text {
	end := monthStart(policy, m.Unit, m.Month).AddDate(0, 1, 0).Add(-time.Nanosecond)
	name := &factv1.Text{Zh: m.Unit, En: m.Unit}
	if r, known := policy.Unit(m.Unit, end); known {
		if r.NameZh != "" {
			name.Zh, name.En = r.NameZh, r.NameZh
		}
		if r.NameEn != "" {
			name.En = r.NameEn
		}
	}
	return name
}

// partScore adds up a part; the decimal is its exact score.
func partScore(part *rulebook.Part, m *statev1.UnitMonth) (*ledgerv1.PartScore, decimal.Decimal) {
	line := &ledgerv1.PartScore{Part: part.ID, Label: part.Label.Proto(), Weight: part.Weight.String()}
	items, over := decimal.Zero, decimal.Zero
	for i := range part.Items {
		item, score, overflow := itemScore(part, &part.Items[i], m)
		line.Items = append(line.Items, item)
		items, over = items.Add(score), over.Add(overflow)
	}
	bonuses := points(m.Tallies[part.ID+"/"].GetPoints())
	carried := decimal.Zero
	if part.Overflow != rulebook.Drop {
		carried = over
	}
	score := decimal.Max(decimal.Zero, items.Add(bonuses).Sub(carried))
	if part.Cap != nil {
		score = decimal.Min(score, *part.Cap)
	}
	for _, e := range m.Active {
		line.Zeroed = line.Zeroed || e.Part == part.ID && e.Effect == ledgerv1.Effect_EFFECT_ZERO_PART
	}
	if line.Zeroed {
		score = decimal.Zero
	}
	line.ItemsTotal, line.Bonuses, line.Carried = twoPlaces(items), twoPlaces(bonuses), twoPlaces(carried)
	line.Score = twoPlaces(score)
	return line, score
}

// itemScore adds up an item: what its facts charge, and what the month as a
// whole does to it.
func itemScore(part *rulebook.Part, item *rulebook.Item, m *statev1.UnitMonth) (line *ledgerv1.ItemScore, score, over decimal.Decimal) {
	full := twoPlaces(item.Max)
	line = &ledgerv1.ItemScore{
		Item: item.ID, Section: item.Section.Proto(), Label: item.Label.Proto(),
		Max: full, Deducted: "0.00", Overflow: "0.00", Score: full,
	}
	tally := m.Tallies[part.ID+"/"+item.ID]
	if tally == nil && len(m.Active) == 0 {
		return line, item.Max, decimal.Zero
	}
	deducted, entries, zeroed := points(tally.GetPoints()).Neg(), tally.GetEntries(), false
	for _, e := range m.Active {
		if e.Part != part.ID || e.Item != item.ID || e.Effect == ledgerv1.Effect_EFFECT_ZERO_PART {
			continue
		}
		deducted, entries = deducted.Sub(points(e.Points)), entries+1
		zeroed = zeroed || e.Effect == ledgerv1.Effect_EFFECT_ZERO_ITEM
	}
	over = decimal.Max(decimal.Zero, deducted.Sub(item.Max))
	score = decimal.Min(item.Max, decimal.Max(decimal.Zero, item.Max.Sub(deducted)))
	if zeroed {
		score = decimal.Zero
	}
	line.Deducted, line.Overflow, line.Score = twoPlaces(deducted), twoPlaces(over), twoPlaces(score)
	line.Entries, line.Zeroed = entries, zeroed
	return line, score, over
}
