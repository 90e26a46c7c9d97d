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
// it is carried into the part or dropped; a section gives what its items give,
// scaled to its declared maximum where the rulebook says so; a part is its
// sections and bonuses less what is carried and penalties, never below 0; the
// total weighs the parts that apply to the kind of unit. Arithmetic is exact;
// points are shown with two places, rounded half up once, at the end.
//
// AsOf is the instant the quota is projected from; zero projects nothing.
func Scorecard(policy *rulebook.Policy, m *statev1.UnitMonth, asOf time.Time) *ledgerv1.Scorecard {
	book := policy.In(m.Unit, m.Month)
	card := &ledgerv1.Scorecard{
		Unit: m.Unit, Name: unitName(policy, m), Month: m.Month, RulebookVersion: book.Version, AsOf: flow.At(asOf),
	}
	warn(card, book, "")
	weighted, weights := new(big.Rat), decimal.Zero
	for i := range book.Parts {
		part := &book.Parts[i]
		if !policy.Applies(part, m.Unit, m.Month) {
			continue
		}
		warn(card, book, part.ID)
		line, score := partScore(part, m)
		card.Parts = append(card.Parts, line)
		weighted.Add(weighted, score.Mul(score, part.Weight.Rat()))
		weights = weights.Add(part.Weight)
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
		weighted.Quo(weighted, weights.Rat())
	}
	card.Total = twoPlaces(roundRat(weighted))
	life(card, m)
	return card
}

// warn adds what the rulebook wants known about a part; empty: about the whole.
func warn(card *ledgerv1.Scorecard, book *rulebook.Rulebook, part string) {
	for _, w := range book.Warnings {
		if w.Part == part {
			card.Warnings = append(card.Warnings, w.Proto())
		}
	}
}

// life tells where the month stands.
func life(card *ledgerv1.Scorecard, m *statev1.UnitMonth) {
	card.State = max(ledgerv1.MonthState(m.State), ledgerv1.MonthState_MONTH_STATE_OPEN)
	if p := m.Pinned; p != nil {
		card.Correction, card.ClosedAt, card.ClosedBy = p.Corrections, p.ClosedAt, p.ClosedBy
		card.PublishedAt, card.PublishedBy, card.CorrectedWhy = p.PublishedAt, p.PublishedBy, p.Why
	}
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

// partScore adds up a part; the number is its exact score.
func partScore(part *rulebook.Part, m *statev1.UnitMonth) (*ledgerv1.PartScore, *big.Rat) {
	line := &ledgerv1.PartScore{Part: part.ID, Label: part.Label.Proto(), Weight: part.Weight.String()}
	score, carried, items := new(big.Rat), new(big.Rat), decimal.Zero
	first := 0
	for i := range part.Sections {
		section := &part.Sections[i]
		sum := sectionScore(part, section, first, m, line)
		first += section.Items
		items = items.Add(sum.items)
		score.Add(score, scaled(section, sum.items))
		carried.Add(carried, scaled(section, sum.overflow))
	}
	if part.Overflow == rulebook.Drop {
		carried.SetInt64(0)
	}
	bonuses := points(m.Tallies[part.ID+"/"].GetPoints())
	taken := points(m.Tallies[part.ID+"/"+penalties].GetPoints()).Neg()
	line.ItemsTotal, line.Bonuses, line.Penalties = twoPlaces(items), twoPlaces(bonuses), twoPlaces(taken)
	line.Carried = twoPlaces(roundRat(carried))
	score.Add(score, bonuses.Sub(taken).Rat())
	score.Sub(score, carried)
	for _, e := range m.Active {
		line.Zeroed = line.Zeroed || e.Part == part.ID && e.Effect == ledgerv1.Effect_EFFECT_ZERO_PART
	}
	switch {
	case line.Zeroed || score.Sign() < 0:
		score.SetInt64(0)
	case part.Cap != nil && score.Cmp(part.Cap.Rat()) > 0:
		score.Set(part.Cap.Rat())
	}
	line.Score = twoPlaces(roundRat(score))
	return line, score
}

// sums are what the items of a section give, and what exceeds them.
type sums struct{ items, overflow decimal.Decimal }

// sectionScore adds up a section, whose items begin at an index of the part's,
// and appends its lines to the sheet.
func sectionScore(part *rulebook.Part, section *rulebook.Section, first int, m *statev1.UnitMonth, line *ledgerv1.PartScore) (sum sums) {
	zeroed := false
	for i := first; i < first+section.Items; i++ {
		zeroed = zeroed || m.Tallies[part.ID+"/"+part.Items[i].ID].GetZeroSections() > 0
	}
	for i := first; i < first+section.Items; i++ {
		item, score, overflow := itemScore(part, &part.Items[i], m, zeroed)
		line.Items = append(line.Items, item)
		sum.items, sum.overflow = sum.items.Add(score), sum.overflow.Add(overflow)
	}
	line.Sections = append(line.Sections, &ledgerv1.SectionScore{
		Label: section.Label.Proto(), Max: twoPlaces(section.Max), ItemsTotal: twoPlaces(sum.items),
		Score: twoPlaces(roundRat(scaled(section, sum.items))), Zeroed: zeroed, Items: int32(section.Items), //nolint:gosec // few
	})
	return sum
}

// scaled is what points of a section's items are worth in the part.
func scaled(section *rulebook.Section, points decimal.Decimal) *big.Rat {
	worth := points.Rat()
	if section.Scale == rulebook.Declared && section.Listed.IsPositive() {
		worth.Mul(worth, section.Max.Rat())
		worth.Quo(worth, section.Listed.Rat())
	}
	return worth
}

// itemScore adds up an item: what its facts charge, and what the month as a
// whole does to it.
func itemScore(part *rulebook.Part, item *rulebook.Item, m *statev1.UnitMonth, zeroed bool) (line *ledgerv1.ItemScore, score, over decimal.Decimal) {
	full := twoPlaces(item.Max)
	line = &ledgerv1.ItemScore{
		Item: item.ID, Section: item.Section.Proto(), Label: item.Label.Proto(),
		Max: full, Deducted: "0.00", Overflow: "0.00", Score: full,
	}
	if item.Assessed {
		key := part.ID + "/" + item.ID
		line.Waived = m.Counts[waived+key] > 0
		line.Provisional = !line.Waived && m.Counts[assessed+key] == 0
	}
	tally := m.Tallies[part.ID+"/"+item.ID]
	if tally == nil && len(m.Active) == 0 && !zeroed {
		return line, item.Max, decimal.Zero
	}
	deducted, entries := points(tally.GetPoints()).Neg(), tally.GetEntries()
	zeroed = zeroed || tally.GetZeroItems() > 0
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
