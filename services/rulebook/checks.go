package rulebook

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// checkKind is the fact that checks are charged from.
const checkKind = "check_judged"

// CheckRule is something that is looked at in a hall, and what each level found
// costs its item (§4). It becomes a rule of the same name.
type CheckRule struct {
	Name string
	// By are the ways in which it can be found.
	By []feedv1.AssessmentMethod
	// Each says that it counts each time it is found; else one grading counts
	// in a month.
	Each bool
	// Levels are what can be found, in the order of the document.
	Levels []Level
}

// Level is what can be found, with what it costs: 0 or a negative number.
type Level struct {
	Name   string
	Label  Text // may be empty
	Points decimal.Decimal
}

// Level gives the level with a name.
func (c *CheckRule) Level(name string) (Level, bool) {
	i := slices.IndexFunc(c.Levels, func(l Level) bool { return l.Name == name })
	if i < 0 {
		return Level{}, false
	}
	return c.Levels[i], true
}

// FoundBy reports whether a check can be found in a way.
func (c *CheckRule) FoundBy(method feedv1.AssessmentMethod) bool {
	return slices.Contains(c.By, method)
}

// Check gives the rule made of a check, by the check's name; nil if there is
// none.
func (r *Rulebook) Check(name string) *Rule { return r.checks[name] }

// checks reads what is looked at for an item.
func (r *reader) checks(f field, p *Part, item *Item, l *layout) {
	for _, entry := range r.list(f) {
		o, ok := r.object(entry, "name", "by", "each?", "levels", "label", "clause", "basis")
		if !ok {
			continue
		}
		check := &CheckRule{
			Name: r.identifier(l, o.get("name"), "rule "), By: r.methods(o.get("by")), Each: r.flag(o.get("each")),
		}
		rule := Rule{
			Name: check.Name, On: checkKind, Part: p.ID, Item: item.ID, Check: check,
			Label: r.bilingual(o.get("label")), Clause: r.text(o.get("clause")), Basis: r.basis(o.get("basis")),
		}
		check.Levels = r.levels(o.get("levels"))
		rule.Points = check.written()
		rule.amount = check.amount
		r.figures = append(r.figures, Figure{
			Path: o.get("levels").path, Value: rule.Points, Clause: rule.Clause, Basis: rule.Basis, Note: rule.Label,
		})
		l.checks = append(l.checks, rule)
		item.Assessed = true
	}
}

// methods reads in which ways a check can be found.
func (r *reader) methods(f field) []feedv1.AssessmentMethod {
	var methods []feedv1.AssessmentMethod
	for _, entry := range r.list(f) {
		name := r.choice(entry, "inspection", "mystery_visit", "report")
		number := feedv1.AssessmentMethod_value["ASSESSMENT_METHOD_"+strings.ToUpper(name)]
		if number != 0 {
			methods = append(methods, feedv1.AssessmentMethod(number))
		}
	}
	return methods
}

// levels reads what can be found and what it costs. One level must cost
// nothing: otherwise nobody could find that all is well.
func (r *reader) levels(f field) []Level {
	if !f.present() {
		return nil
	}
	names, costs := r.entries(f)
	var levels []Level
	for i, name := range names {
		d, ok := r.signed(costs[i], false)
		if ok {
			levels = append(levels, Level{Name: keyText(name), Label: r.levelNames[keyText(name)], Points: d})
		}
	}
	if len(levels) > 0 && !slices.ContainsFunc(levels, func(l Level) bool { return l.Points.IsZero() }) {
		r.note(f.place, "no_level_free")
	}
	return levels
}

// names reads how people call the levels of checks.
func (r *reader) names(f field) map[string]Text {
	if !f.present() {
		return nil
	}
	names := map[string]Text{}
	keys, texts := r.entries(f)
	for i, key := range keys {
		names[keyText(key)] = r.bilingual(texts[i])
	}
	return names
}

// written shows a check's levels for people to read.
func (c *CheckRule) written() string {
	shown := make([]string, len(c.Levels))
	for i, l := range c.Levels {
		shown[i] = l.Name + " " + l.Points.String()
	}
	return strings.Join(shown, ", ")
}

// amount is what a level found costs.
func (c *CheckRule) amount(f *factv1.Fact) (decimal.Decimal, bool, error) {
	level, known := c.Level(f.GetCheckJudged().GetLevel())
	return level.Points, known && !level.Points.IsZero(), nil
}
