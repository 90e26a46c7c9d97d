package whatif

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/period"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// Comparison is a window of months by what is in force and by a trial.
type Comparison struct {
	// Months are those of every unit that is registered or has facts, by month
	// and unit.
	Months []*Month
	both   *replay.Both
}

// Month is a unit's month by both.
type Month struct {
	// Unit and Month (yyyy-mm) name it.
	Unit, Month string
	// Old and New are the scores.
	Old, New *ledgerv1.Scorecard
	// Difference is the new total less the old.
	Difference decimal.Decimal
	// Items are those of either sheet, in its order.
	Items []Item
	// Changes are the entries that differ: what vanishes, what changes and what
	// appears, each by fact and rule.
	Changes []Change
}

// Item is a line of the sheet by both; a side is nil where it has no such line.
type Item struct {
	Part       string
	Old, New   *ledgerv1.ItemScore
	Difference decimal.Decimal
}

// Label is the item's name, the new one where there is one.
func (i Item) Label() *factv1.Text {
	if i.New != nil {
		return i.New.Label
	}
	return i.Old.GetLabel()
}

// ID is the item's id.
func (i Item) ID() string { return cmp.Or(i.New.GetItem(), i.Old.GetItem()) }

// Compare compares the months of a window that were judged by both. Of a month
// without facts the score is the full one.
func Compare(both *replay.Both, w replay.Window) *Comparison {
	c := &Comparison{both: both}
	for _, at := range places(both, w) {
		c.Months = append(c.Months, c.month(at))
	}
	return c
}

// place is a unit's month.
type place struct{ month, unit string }

// places lists the unit's months to compare, by month and unit.
func places(both *replay.Both, w replay.Window) []place {
	units := both.Old.Policy.Units()
	for _, result := range []*replay.Result{both.Old, both.New} {
		for _, m := range result.Months {
			units = append(units, m.Unit)
		}
	}
	slices.Sort(units)
	units = slices.DeleteFunc(slices.Compact(units), func(unit string) bool { return w.Unit != "" && unit != w.Unit })
	var all []place
	for _, month := range Months(w.From, w.To) {
		for _, unit := range units {
			all = append(all, place{month, unit})
		}
	}
	return all
}

// Months lists the months (yyyy-mm) from one to another, both included; none
// where they are no months.
func Months(from, to string) []string {
	first, err := period.ParseMonth(from)
	last, err2 := period.ParseMonth(to)
	if err != nil || err2 != nil {
		return nil
	}
	var all []string
	for _, in := range first.Through(last) {
		all = append(all, in.String())
	}
	return all
}

func (c *Comparison) month(at place) *Month {
	m := &Month{Unit: at.unit, Month: at.month}
	var before, after []*ledgerv1.Entry
	m.Old, before = side(c.both.Old, at)
	m.New, after = side(c.both.New, at)
	m.Difference = points(m.New.Total).Sub(points(m.Old.Total))
	m.Items = items(m.Old, m.New)
	m.Changes = c.changes(before, after)
	return m
}

// side is what one of the results says of a unit's month.
func side(result *replay.Result, at place) (*ledgerv1.Scorecard, []*ledgerv1.Entry) {
	if m := result.Find(at.unit, at.month); m != nil {
		return m.Scorecard, m.Entries
	}
	return scoring.Empty(result.Policy, at.unit, at.month), nil
}

// items pairs the lines of two sheets: those of the new one in its order, then
// those that it has no more.
func items(before, after *ledgerv1.Scorecard) []Item {
	var all []Item
	for _, part := range after.Parts {
		for _, item := range part.Items {
			all = append(all, Item{Part: part.Part, New: item})
		}
	}
	for _, part := range before.Parts {
		for _, item := range part.Items {
			at := slices.IndexFunc(all, func(i Item) bool { return i.Part == part.Part && i.New.GetItem() == item.Item })
			if at < 0 {
				all = append(all, Item{Part: part.Part, Old: item})
				continue
			}
			all[at].Old = item
		}
	}
	for i := range all {
		all[i].Difference = points(all[i].New.GetScore()).Sub(points(all[i].Old.GetScore()))
	}
	return all
}

// points reads points that scoring wrote; absent is zero.
func points(s string) decimal.Decimal {
	d, err := decimal.NewFromString(strings.TrimSpace(s))
	if err != nil {
		return decimal.Zero
	}
	return d
}

// Notes are what a reader of a trial must know.
func Notes(policy *rulebook.Policy, tried *rulebook.Rulebook, w replay.Window) []*factv1.Text {
	var notes []*factv1.Text
	if zone := policy.Zone(""); zone.String() != tried.Zone.String() {
		notes = append(notes, &factv1.Text{
			Zh: "试行规则写的时区是 " + tried.Zone.String() + "，试算仍按现行时区 " + zone.String() + " 划分月份",
			En: "the rulebook states the zone " + tried.Zone.String() + "; the months tried are those of the zone in force, " + zone.String(),
		})
	}
	if tried.EffectiveMonth > w.From {
		notes = append(notes, &factv1.Text{
			Zh: "试行规则自 " + tried.EffectiveMonth + " 起生效，此前各月也按其试算",
			En: "the rulebook is effective from " + tried.EffectiveMonth + "; earlier months are tried by it all the same",
		})
	}
	return notes
}
