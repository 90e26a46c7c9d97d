package rulebook

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
)

// index makes the rules findable by the kind of fact, once they stay where
// they are.
func (r *Rulebook) index() {
	r.charging = map[string][]*Rule{}
	r.checks, r.parts = map[string]*Rule{}, map[string]string{}
	for i := range r.Rules {
		rule := &r.Rules[i]
		if rule.Check != nil {
			r.checks[rule.Check.Name] = rule
			continue
		}
		r.charging[rule.On] = append(r.charging[rule.On], rule)
	}
	for _, part := range r.Parts {
		for _, item := range part.Items {
			r.parts[item.ID] = part.ID
		}
	}
}

// Charges gives what the rules make of a fact, in the order of the rulebook;
// nothing for a retracted fact. An error says which rules could not be judged;
// the charges of the others are given with it.
func (r *Rulebook) Charges(f *factv1.Fact) ([]Charge, error) {
	if f.Retracted {
		return nil, nil
	}
	rules := r.on(f)
	if len(rules) == 0 {
		return nil, nil
	}
	charges := make([]Charge, 0, len(rules))
	var failures []error
	for _, rule := range rules {
		charge, applies, err := r.charge(rule, f)
		if err != nil {
			failures = append(failures, fmt.Errorf("judge fact %s by rule %s: %w", f.Id, rule.Name, err))
		} else if applies {
			charges = append(charges, charge)
		}
	}
	return charges, errors.Join(failures...)
}

// on gives the rules on a fact: those on its kind, or the one made of the check
// it judges.
func (r *Rulebook) on(f *factv1.Fact) []*Rule {
	if judged := f.GetCheckJudged(); judged != nil {
		if rule := r.checks[judged.Check]; rule != nil {
			return []*Rule{rule}
		}
	}
	return r.charging[kindOf(f)]
}

// Assesses gives the items, as "part/item", that a fact shows to have been
// assessed, whatever it costs; of an item excused, that one.
func (r *Rulebook) Assesses(f *factv1.Fact) []string {
	if excused := f.GetItemExcused(); excused != nil {
		return []string{r.parts[excused.Item] + "/" + excused.Item}
	}
	var items []string
	for _, rule := range r.on(f) {
		if part := r.Part(rule.Part); part != nil {
			if item := part.Item(rule.Item); item != nil && item.Assessed {
				items = append(items, part.ID+"/"+item.ID)
			}
		}
	}
	return items
}

func kindOf(f *factv1.Fact) string {
	if f.Kind != "" {
		return f.Kind
	}
	if field := f.ProtoReflect().WhichOneof(factBody()); field != nil {
		return string(field.Name())
	}
	return ""
}

// charge judges a fact by one rule on its kind.
func (r *Rulebook) charge(rule *Rule, f *factv1.Fact) (Charge, bool, error) {
	if rule.when != nil {
		if applies, err := rule.when(f); err != nil || !applies {
			return Charge{}, false, err
		}
	}
	points := rule.points
	if rule.amount != nil {
		d, any, err := rule.amount(f)
		if err != nil || !any {
			return Charge{}, false, err
		}
		points = d
	}
	if err := signs(rule, points); err != nil {
		return Charge{}, false, err
	}
	item := rule.Item
	if rule.item != nil {
		named, own, err := r.named(rule, f)
		if err != nil || !own {
			return Charge{}, false, err
		}
		item = named
	}
	return Charge{Rule: rule, Item: item, Points: points}, true, nil
}

// signs refuses what the check cannot see: an expression that gives where it
// should take, or takes where it should give.
func signs(rule *Rule, points decimal.Decimal) error {
	switch {
	case rule.Bonus() && points.IsNegative():
		return fmt.Errorf("the bonus %s is negative", points)
	case !rule.Bonus() && points.IsPositive():
		return fmt.Errorf("the points %s on an item are positive", points)
	}
	return nil
}

// named finds the item a fact names, and whether it is of the rule's part.
func (r *Rulebook) named(rule *Rule, f *factv1.Fact) (item string, own bool, err error) {
	said := bodyOf(f, factBody())
	if said == nil {
		return "", false, fmt.Errorf("fact %s of kind %s says nothing", f.Id, f.Kind)
	}
	item = rule.item(said)
	part, known := r.parts[item]
	if !known {
		return "", false, fmt.Errorf("there is no item %q", item)
	}
	return item, part == rule.Part, nil
}

// Commitment gives a commitment class by its name.
func (r *Rulebook) Commitment(class string) (Commitment, bool) {
	c, ok := r.Commitments[class]
	return c, ok
}

// Part gives the part with an id, nil if there is none.
func (r *Rulebook) Part(id string) *Part {
	for i := range r.Parts {
		if r.Parts[i].ID == id {
			return &r.Parts[i]
		}
	}
	return nil
}
