package whatif

import (
	"slices"
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/words"
)

// why tells why an entry differs.
func (c *Comparison) why(change Change) *factv1.Text {
	switch {
	case change.New == nil:
		return c.absent(change.Old, c.both.New.Policy, false)
	case change.Old == nil:
		return c.absent(change.New, c.both.Old.Policy, true)
	}
	return changed(change.Old, change.New)
}

// absent tells why an entry that counts by one policy does not by the other.
// Appears: the other is the one in force.
func (c *Comparison) absent(e *ledgerv1.Entry, other *rulebook.Policy, appears bool) *factv1.Text {
	book := other.In(e.Unit, e.Month)
	contrast := c.both.Contrasts[e.Fact]
	there, here := contrast.New, contrast.Old
	if appears {
		there, here = contrast.Old, contrast.New
	}
	switch {
	case there != nil && !there.Retracted && !at(there, e, other):
		return moved(there, other, book.Version)
	case here != nil && (there == nil || there.Retracted):
		return unfound(there, book)
	case strings.HasPrefix(e.Fact, monthFact):
		return text("按 %s，当月合计不产生该项", "by %s the month as a whole does not ask for it", book.Version)
	case !slices.ContainsFunc(book.Rules, func(r rulebook.Rule) bool { return r.Name == e.Rule }):
		return text("%s 没有规则 "+e.Rule, "%s has no rule "+e.Rule, book.Version)
	}
	return text("按 %s 的规则 "+e.Rule+"，该情形不计分", "by its rule "+e.Rule+", %s gives this no points", book.Version)
}

// monthFact begins the facts of entries of a month as a whole.
const monthFact = "month/"

// at reports whether a verdict stands at an entry's unit and month.
func at(f *factv1.Fact, e *ledgerv1.Entry, policy *rulebook.Policy) bool {
	unit := f.Route.GetUnit()
	return unit == e.Unit && policy.Month(unit, flow.Time(f.OccurredAt)) == e.Month
}

// moved tells where a verdict stands by the other policy, which judges the
// entry by a version.
func moved(there *factv1.Fact, other *rulebook.Policy, version string) *factv1.Text {
	unit := there.Route.GetUnit()
	month := other.Month(unit, flow.Time(there.OccurredAt))
	return &factv1.Text{
		Zh: "按 " + version + " 归 " + unit + " " + month,
		En: "by " + version + " it belongs to " + unit + " in " + month,
	}
}

// unfound tells why a verdict is not reached by the other policy.
func unfound(there *factv1.Fact, book *rulebook.Rulebook) *factv1.Text {
	if said := words.Text(there.GetReason()); said != nil {
		return &factv1.Text{Zh: "按 " + book.Version + "：" + said.Zh, En: "by " + book.Version + ": " + said.En}
	}
	return text("按 %s 的时限不构成该情形", "by the limits of %s it is no such case", book.Version)
}

// changed tells how an entry counts otherwise.
func changed(before, after *ledgerv1.Entry) *factv1.Text {
	var zh, en []string
	if before.Points != after.Points {
		zh = append(zh, "分值 "+before.Points+" 改为 "+after.Points)
		en = append(en, "points "+before.Points+" become "+after.Points)
	}
	if before.Part != after.Part || before.Item != after.Item {
		zh = append(zh, "项目 "+target(before)+" 改为 "+target(after))
		en = append(en, "item "+target(before)+" becomes "+target(after))
	}
	if before.Effect != after.Effect {
		zh, en = append(zh, "计分方式不同"), append(en, "the way it counts differs")
	}
	return &factv1.Text{Zh: strings.Join(zh, "，"), En: strings.Join(en, ", ")}
}

// target names what an entry charges.
func target(e *ledgerv1.Entry) string {
	if e.Item == "" {
		return e.Part
	}
	return e.Item
}

// text puts a version into a sentence in both languages.
func text(zh, en, version string) *factv1.Text {
	put := func(sentence string) string { return strings.Replace(sentence, "%s", version, 1) }
	return &factv1.Text{Zh: put(zh), En: put(en)}
}
