package scoring_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// sheet is a rulebook of one part with two items of 10 and 20 points.
func sheet(change func(*rulebook.Part)) *rulebook.Policy {
	part := rulebook.Part{
		ID: "cs", Weight: dec("50"), Overflow: rulebook.Carry,
		Sections: []rulebook.Section{{Max: dec("30"), Listed: dec("30"), Items: 2}},
		Items:    []rulebook.Item{{ID: "A", Max: dec("10")}, {ID: "B", Max: dec("20")}},
	}
	change(&part)
	return policyOf([]*rulebook.Rulebook{{Version: "test", Zone: time.UTC, Parts: []rulebook.Part{part}}})
}

func TestArithmeticOfTheSheet(t *testing.T) {
	nothing := func(*rulebook.Part) {}
	drop := func(p *rulebook.Part) { p.Overflow = rulebook.Drop }
	capped := func(p *rulebook.Part) { p.Cap = ptr(dec("30")) }
	zero := func(effect ledgerv1.Effect, item string) []*ledgerv1.Entry {
		return []*ledgerv1.Entry{{Part: "cs", Item: item, Points: "0.00", Effect: effect}}
	}
	for name, c := range map[string]struct {
		change                         func(*rulebook.Part)
		a, b, bonus                    string
		active                         []*ledgerv1.Entry
		itemA, overA, carried, partNow string
	}{
		"nothing happened":              {nothing, "", "", "", nil, "10.00", "0.00", "0.00", "30.00"},
		"half points stay half (35)":    {nothing, "-2.5", "", "", nil, "7.50", "0.00", "0.00", "27.50"},
		"an item used up exactly":       {nothing, "-10", "", "", nil, "0.00", "0.00", "0.00", "20.00"},
		"the rest is carried (36)":      {nothing, "-15", "", "", nil, "0.00", "5.00", "5.00", "15.00"},
		"the rest is dropped (36)":      {drop, "-15", "", "", nil, "0.00", "5.00", "0.00", "20.00"},
		"bonuses add":                   {nothing, "-5", "", "6", nil, "5.00", "0.00", "0.00", "31.00"},
		"bonuses pay what is carried":   {nothing, "-15", "", "3", nil, "0.00", "5.00", "5.00", "18.00"},
		"a part never falls below 0":    {nothing, "-60", "-20", "", nil, "0.00", "50.00", "50.00", "0.00"},
		"a cap holds bonuses down":      {capped, "", "", "6", nil, "10.00", "0.00", "0.00", "30.00"},
		"an item set to 0":              {nothing, "-1", "", "", zero(ledgerv1.Effect_EFFECT_ZERO_ITEM, "A"), "0.00", "0.00", "0.00", "20.00"},
		"another item set to 0":         {nothing, "-1", "", "", zero(ledgerv1.Effect_EFFECT_ZERO_ITEM, "B"), "9.00", "0.00", "0.00", "9.00"},
		"a part set to 0 keeps its sum": {nothing, "-1", "", "9", zero(ledgerv1.Effect_EFFECT_ZERO_PART, ""), "9.00", "0.00", "0.00", "0.00"},
		"an entry of the month counts": {nothing, "-1", "", "", []*ledgerv1.Entry{
			{Part: "cs", Item: "A", Points: "-3.33", Effect: ledgerv1.Effect_EFFECT_POINTS},
		}, "5.67", "0.00", "0.00", "25.67"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &statev1.UnitMonth{Unit: "U", Month: "2026-01", Active: c.active, Tallies: map[string]*statev1.Tally{
				"cs/A": {Points: c.a, Entries: 1}, "cs/B": {Points: c.b, Entries: 1}, "cs/": {Points: c.bonus, Entries: 1},
			}}
			card := scoring.Scorecard(sheet(c.change), m, time.Time{})
			part := card.Parts[0]
			got := []string{part.Items[0].Score, part.Items[0].Overflow, part.Carried, part.Score, card.Total}
			for i, want := range []string{c.itemA, c.overA, c.carried, c.partNow, c.partNow} {
				if got[i] != want {
					t.Errorf("item, overflow, carried, part, total = %v, want %v", got,
						[]string{c.itemA, c.overA, c.carried, c.partNow, c.partNow})
					break
				}
			}
		})
	}
}

func TestHalfPointsSurviveWeightsAndRounding(t *testing.T) {
	one, two := rulebook.Part{ID: "a", Weight: dec("50")}, rulebook.Part{ID: "b", Weight: dec("50")}
	one.Items = []rulebook.Item{{ID: "A", Max: dec("67.5")}}
	one.Sections, two.Sections = []rulebook.Section{{Items: 1}}, []rulebook.Section{{Items: 1}}
	for name, c := range map[string]struct{ max, weight, total string }{
		"67.5 stays 67.5 (35)":             {"67.5", "50", "67.50"},
		"half a hundredth is rounded up":   {"67.51", "50", "67.51"}, // 67.505
		"a third is cut where it must be":  {"0", "25", "45.00"},
		"weights need not add up to a 100": {"0", "1", "66.18"}, // 67.5 × 50 ÷ 51 = 66.176…
	} {
		t.Run(name, func(t *testing.T) {
			two.Items = []rulebook.Item{{ID: "B", Max: dec(c.max)}}
			two.Weight = dec(c.weight)
			policy := policyOf([]*rulebook.Rulebook{{Version: "v", Zone: time.UTC, Parts: []rulebook.Part{one, two}}})
			if got := scoring.Empty(policy, "U", "2026-01").Total; got != c.total {
				t.Errorf("total %s, want %s", got, c.total)
			}
		})
	}
}

func TestAUnitWithoutFactsHasAScorecard(t *testing.T) {
	card := scoring.Empty(policyOf(nil, unit("U", 1000)), "U", "2026-01")
	if card.Total != "100.00" || card.Name.Zh != "单位U" || card.Name.En != "Unit U" || len(card.Parts[0].Items) != 15 {
		t.Errorf("scorecard of a quiet month: %v", card)
	}
	if card.Quota.Limit != "15" || card.Quota.Left != "15" || card.Quota.Used != 0 || card.Quota.CrossingDay != "" {
		t.Errorf("quota of a quiet month: %v", card.Quota)
	}
}

func TestARulebookWhoseItemsDoNotAddUpWarnsOnTheSheet(t *testing.T) {
	outlets := rulebook.Part{ID: "hall", For: []feedv1.UnitKind{feedv1.UnitKind_UNIT_KIND_OUTLET}}
	book := &rulebook.Rulebook{
		Version: "v", Zone: time.UTC, Parts: []rulebook.Part{{ID: "service"}, outlets},
		Warnings: []rulebook.Warning{
			{Text: rulebook.Text{Zh: "不符", En: "mismatch"}, Part: "service"}, {Text: rulebook.Text{Zh: "另一", En: "another's"}, Part: "hall"},
		},
	}
	card := scoring.Empty(policyOf([]*rulebook.Rulebook{book}), "U", "2026-01")
	if len(card.Warnings) != 1 || card.Warnings[0].En != "mismatch" {
		t.Errorf("warnings %v, want those of the part that is the unit's", card.Warnings)
	}
}

func ptr(d decimal.Decimal) *decimal.Decimal { return &d }

// TestASectionIsScaledToWhatItDeclares says (§4): items of 15 points declared
// as 30 count double, also what is carried; scaled thirds are exact until the
// sheet shows them.
func TestASectionIsScaledToWhatItDeclares(t *testing.T) {
	for name, c := range map[string]struct {
		declared, a, b         string
		scale                  rulebook.Scale
		section, carried, part string
	}{
		"nothing happened":      {"60", "", "", rulebook.Declared, "60.00", "0.00", "60.00"},
		"as listed":             {"60", "-5", "", rulebook.AsListed, "25.00", "0.00", "25.00"},
		"each point counts two": {"60", "-5", "", rulebook.Declared, "50.00", "0.00", "50.00"},
		"the rest counts two":   {"60", "-12", "", rulebook.Declared, "40.00", "4.00", "36.00"},
		"thirds are exact":      {"40", "-10", "-1", rulebook.Declared, "25.33", "0.00", "25.33"},
	} {
		t.Run(name, func(t *testing.T) {
			policy := sheet(func(p *rulebook.Part) { p.Sections[0].Max, p.Sections[0].Scale = dec(c.declared), c.scale })
			m := &statev1.UnitMonth{Unit: "U", Month: "2026-01", Tallies: map[string]*statev1.Tally{
				"cs/A": {Points: c.a, Entries: 1}, "cs/B": {Points: c.b, Entries: 1},
			}}
			part := scoring.Scorecard(policy, m, time.Time{}).Parts[0]
			if got := part.Sections[0]; got.Score != c.section || part.Carried != c.carried || part.Score != c.part {
				t.Errorf("section %s, carried %s, part %s; want %s, %s, %s", got.Score, part.Carried, part.Score, c.section, c.carried, c.part)
			}
		})
	}
}

// TestASanctionTakesTheItemOrTheSection says (§4, sanctions): what gaming lost
// is 0 whatever else is in it, and only that.
func TestASanctionTakesTheItemOrTheSection(t *testing.T) {
	for name, c := range map[string]struct {
		tally      *statev1.Tally
		a, b, part string
	}{
		"the item":    {&statev1.Tally{Entries: 1, ZeroItems: 1}, "0.00", "20.00", "20.00"},
		"the section": {&statev1.Tally{Entries: 1, ZeroSections: 1}, "0.00", "0.00", "0.00"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &statev1.UnitMonth{Unit: "U", Month: "2026-01", Tallies: map[string]*statev1.Tally{"cs/A": c.tally}}
			part := scoring.Scorecard(sheet(func(*rulebook.Part) {}), m, time.Time{}).Parts[0]
			if part.Items[0].Score != c.a || part.Items[1].Score != c.b || part.Score != c.part {
				t.Errorf("items %s and %s, part %s; want %s, %s, %s", part.Items[0].Score, part.Items[1].Score, part.Score, c.a, c.b, c.part)
			}
		})
	}
}

// TestPenaltiesStandBesideTheItems says: a deduction without an item lowers the
// part and is shown apart from bonuses.
func TestPenaltiesStandBesideTheItems(t *testing.T) {
	m := &statev1.UnitMonth{Unit: "U", Month: "2026-01", Tallies: map[string]*statev1.Tally{
		"cs/": {Points: "3.00", Entries: 1}, "cs/-": {Points: "-5.00", Entries: 1},
	}}
	part := scoring.Scorecard(sheet(func(*rulebook.Part) {}), m, time.Time{}).Parts[0]
	if part.Bonuses != "3.00" || part.Penalties != "5.00" || part.Score != "28.00" {
		t.Errorf("bonuses %s, penalties %s, part %s; want 3.00, 5.00, 28.00", part.Bonuses, part.Penalties, part.Score)
	}
}
