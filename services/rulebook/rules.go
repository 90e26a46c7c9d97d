package rulebook

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// anyItem stands for the item that the fact names.
const anyItem = "*"

// ratedKind is the fact that the rate method counts.
const ratedKind = "callback_rated"

// rules reads the rules and what they contradict.
func (r *reader) rules(f field, l *layout) []Rule {
	var rules []Rule
	var places []place
	for _, entry := range r.list(f) {
		rule, ok := r.rule(entry, l)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(rules, rule.sameCharge); i >= 0 {
			r.note(entry.place, "contradiction", rules[i].Name, places[i].line)
		}
		rules, places = append(rules, rule), append(places, entry.place)
	}
	rules = append(rules, l.checks...)
	r.unruled(rules, l)
	return rules
}

// sameCharge reports whether two rules charge the same thing to the same item.
func (r Rule) sameCharge(s Rule) bool {
	spaceless := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	return r.Check == nil && r.Penalty == s.Penalty && r.Effect == s.Effect && r.On == s.On && r.Part == s.Part && r.Item == s.Item && spaceless(r.When) == spaceless(s.When)
}

func (r *reader) rule(f field, l *layout) (Rule, bool) {
	o, ok := r.object(f, "name", "on", "when?", "points?", "part", "item?", "bonus?", "penalty?", "effect?", "label", "clause", "basis")
	if !ok {
		return Rule{}, false
	}
	rule := Rule{
		Name:   r.identifier(l, o.get("name"), "rule "),
		On:     r.text(o.get("on")),
		Part:   r.text(o.get("part")),
		Label:  r.bilingual(o.get("label")),
		Clause: r.text(o.get("clause")),
		Basis:  r.basis(o.get("basis")),
	}
	kind := r.kind(o.get("on"), rule.On)
	r.target(o, &rule, kind, l)
	if when := o.get("when"); when.present() {
		rule.When = r.text(when)
		rule.when = r.condition(when, kind)
	}
	if effect := o.get("effect"); effect.present() {
		rule.Effect = Effect(r.choice(effect, string(ZeroItem), string(ZeroSection)))
	} else if !o.get("points").present() {
		r.note(o.place, "missing_field", "points")
	}
	r.amount(o.get("points"), &rule, kind)
	if rule.Points != "" {
		r.figures = append(r.figures, Figure{
			Path: o.get("points").path, Value: rule.Points, Clause: rule.Clause, Basis: rule.Basis, Note: rule.Label,
		})
	}
	return rule, true
}

// kind finds the body of the facts a rule is on, nil if there are none such.
func (r *reader) kind(f field, name string) protoreflect.FieldDescriptor {
	if !f.present() || name == "" {
		return nil
	}
	kinds := factKinds()
	if kind := kinds.ByName(protoreflect.Name(name)); kind != nil && kind.ContainingOneof() != nil {
		if !scored(kind) {
			r.note(f.place, "kind_not_scored", name, strings.Join(scoredKinds(), ", "))
		}
		return kind
	}
	if near := nearest(name, scoredKinds()); near != "" {
		r.note(f.place, "kind_misspelt", name, near)
	} else {
		r.note(f.place, "kind_unknown", name, strings.Join(scoredKinds(), ", "))
	}
	return nil
}

// target reads which part and item a rule is about.
func (r *reader) target(o object, rule *Rule, kind protoreflect.FieldDescriptor, l *layout) {
	item, bonus := o.get("item"), r.flag(o.get("bonus"))
	rule.Penalty = r.flag(o.get("penalty"))
	if beside := bonus || rule.Penalty; item.present() == beside || bonus && rule.Penalty {
		r.note(o.place, "item_or_bonus")
		return
	}
	part := l.part(rule.Part)
	if part == nil {
		if rule.Part != "" {
			var ids []string
			for _, p := range l.parts {
				ids = append(ids, p.ID)
			}
			r.note(o.get("part").place, "part_unknown", rule.Part, strings.Join(ids, ", "))
		}
	}
	if !item.present() {
		return
	}
	rule.Item = r.text(item)
	switch {
	case rule.Item == anyItem:
		if rule.item = itemNamer(kind); rule.item == nil && kind != nil {
			r.note(item.place, "item_unnamed", rule.On)
		}
	case part == nil || rule.Item == "":
	case part.Item(rule.Item) == nil:
		var ids []string
		for _, i := range part.Items {
			ids = append(ids, i.ID)
		}
		r.note(item.place, "item_unknown", rule.Item, part.ID, strings.Join(ids, ", "))
	case part.Item(rule.Item).Method.Kind == Rate && rule.On == ratedKind:
		r.note(item.place, "rate_and_rule", rule.Item, rule.Name)
	}
}

// unruled warns of items that no rule can take anything off.
func (r *reader) unruled(rules []Rule, l *layout) {
	for _, part := range l.parts {
		for _, item := range part.Items {
			ruled := slices.ContainsFunc(rules, func(rule Rule) bool {
				return rule.Part == part.ID && (rule.Item == item.ID || rule.Item == anyItem)
			})
			if !ruled && item.Method.Kind == PerIncident && item.ID != "" {
				r.note(l.at["item "+item.ID], "item_unruled", item.ID)
			}
		}
	}
}

// amount reads a rule's points: a number, an expression, or a table.
func (r *reader) amount(f field, rule *Rule, kind protoreflect.FieldDescriptor) {
	if !f.present() {
		return
	}
	if _, isObject := pairsOf(f.node); !isObject {
		if d, ok := r.signed(f, rule.Bonus()); ok {
			rule.points, rule.Points = d, d.String()
			if d.IsZero() {
				r.note(f.place, "zero_points")
			}
		}
		return
	}
	o, _ := r.object(f, "expr?", "by?", "values?")
	expr, by, values := o.get("expr"), o.get("by"), o.get("values")
	switch {
	case expr.present() && !by.present() && !values.present():
		rule.Points = r.text(expr)
		rule.amount = r.expression(expr, kind)
	case by.present() && values.present() && !expr.present():
		r.table(by, values, rule, kind)
	default:
		r.note(f.place, "points_form")
	}
}

// signed reads points, negative on an item, positive for a bonus.
func (r *reader) signed(f field, bonus bool) (decimal.Decimal, bool) {
	d, ok := r.decimal(f, -mostPoints, mostPoints)
	switch {
	case !ok:
		return d, false
	case bonus && d.IsNegative():
		r.note(f.place, "negative_bonus", d.String())
	case !bonus && d.IsPositive():
		r.note(f.place, "positive_on_item", d.String())
	}
	return d, true
}

// table reads points by the values of an expression.
func (r *reader) table(by, values field, rule *Rule, kind protoreflect.FieldDescriptor) {
	keys, points := r.entries(values)
	possible := valuesOf(r.text(by), kind)
	table := make(map[string]decimal.Decimal, len(keys))
	var shown []string
	for i, key := range keys {
		name := strings.ToLower(keyText(key))
		if possible != nil && !slices.Contains(possible, name) {
			r.note(key.place, "value_misspelt", keyText(key), strings.Join(possible, ", "))
		}
		if d, ok := r.signed(points[i], rule.Bonus()); ok {
			table[name] = d
			shown = append(shown, name+" "+d.String())
		}
	}
	if len(keys) == 0 {
		r.note(values.place, "empty_list")
	}
	rule.Points = r.text(by) + ": " + strings.Join(shown, ", ")
	rule.amount = r.lookup(by, kind, table)
}
