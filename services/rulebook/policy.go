package rulebook

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// Policy is what services judge by: the rulebooks in force and the units. It
// is immutable; a change makes a new one.
type Policy struct {
	books []*Rulebook // by effective month
	units map[string]*unit
}

type unit struct {
	registrations []*feedv1.UnitRegistered // by effective_from
	zone          *time.Location           // nil: the rulebook's
}

// NewPolicy makes a policy. Where no rulebook is in force, the default is.
func NewPolicy(books []*Rulebook, units []*factv1.UnitKnown) *Policy {
	p := &Policy{books: slices.Clone(books), units: make(map[string]*unit, len(units))}
	slices.SortStableFunc(p.books, func(a, b *Rulebook) int {
		return strings.Compare(a.EffectiveMonth+" "+a.Version, b.EffectiveMonth+" "+b.Version)
	})
	for _, known := range units {
		u := &unit{registrations: known.Registrations}
		for _, r := range known.Registrations {
			if zone, err := time.LoadLocation(r.Zone); err == nil && r.Zone != "" {
				u.zone = zone
			}
		}
		p.units[known.Unit] = u
	}
	return p
}

// PolicyFromFacts makes a policy from the facts unit_known and
// rulebook_in_force that hold. A rulebook that does not compile is left out
// and reported; the others stay in force.
func PolicyFromFacts(facts []*factv1.Fact) (*Policy, error) {
	var books []*Rulebook
	var units []*factv1.UnitKnown
	var failures []error
	for _, f := range facts {
		if f.Retracted {
			continue
		}
		if known := f.GetUnitKnown(); known != nil {
			units = append(units, known)
		}
		if published := f.GetRulebookInForce().GetPublished(); published != nil {
			book, err := Load(published.Version, []byte(published.Yaml))
			if err != nil {
				failures = append(failures, fmt.Errorf("rulebook %s: %w", published.Version, err))
				continue
			}
			books = append(books, book.effective(published.EffectiveMonth))
		}
	}
	return NewPolicy(books, units), errors.Join(failures...)
}

// effective gives the rulebook as effective from another month.
func (r *Rulebook) effective(month string) *Rulebook {
	if month == "" || month == r.EffectiveMonth {
		return r
	}
	moved := *r
	moved.EffectiveMonth = month
	return &moved
}

// In gives the version in force in a month (yyyy-mm).
func (p *Policy) In(month string) *Rulebook {
	inForce := Default()
	for _, b := range p.books {
		if b.EffectiveMonth <= month {
			inForce = b
		}
	}
	return inForce
}

// Books gives the published versions, by effective month.
func (p *Policy) Books() []*Rulebook { return p.books }

// Zone is where a unit's month is a natural month: its own zone, or the one of
// the rulebook last in force.
func (p *Policy) Zone(unit string) *time.Location {
	if u := p.units[unit]; u != nil && u.zone != nil {
		return u.zone
	}
	return p.In("9999-12").Zone
}

// Month gives the month (yyyy-mm) of an instant for a unit.
func (p *Policy) Month(unit string, at time.Time) string {
	return at.In(p.Zone(unit)).Format("2006-01")
}

// For gives the version in force for a unit at an instant.
func (p *Policy) For(unit string, at time.Time) *Rulebook { return p.In(p.Month(unit, at)) }

// Unit gives a unit's registration in effect at an instant.
func (p *Policy) Unit(id string, at time.Time) (*feedv1.UnitRegistered, bool) {
	u := p.units[id]
	if u == nil || len(u.registrations) == 0 {
		return nil, false
	}
	current := u.registrations[0]
	for _, r := range u.registrations {
		if !r.EffectiveFrom.AsTime().After(at) {
			current = r
		}
	}
	return current, true
}

// Units lists the registered units' ids, sorted.
func (p *Policy) Units() []string {
	ids := make([]string, 0, len(p.units))
	for id := range p.units {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Customers gives how many customers a unit maintains in a month: what is in
// effect at the month's first instant or, registered later, first in it. 0 is
// unknown.
func (p *Policy) Customers(id, month string) int64 {
	u := p.units[id]
	if u == nil {
		return 0
	}
	start, err := time.ParseInLocation("2006-01", month, p.Zone(id))
	if err != nil {
		return 0
	}
	customers := int64(0)
	for _, r := range u.registrations {
		from := time.Time{}
		if r.EffectiveFrom != nil {
			from = r.EffectiveFrom.AsTime()
		}
		inEffect := !from.After(start)
		firstWithin := customers == 0 && from.Before(start.AddDate(0, 1, 0))
		if inEffect || firstWithin {
			customers = r.Customers
		}
	}
	return customers
}

// SameRules reports whether the same rulebooks are in force. Nil is a policy
// of nothing.
func (p *Policy) SameRules(q *Policy) bool {
	if p == nil || q == nil {
		return p == q
	}
	return slices.EqualFunc(p.books, q.books, func(a, b *Rulebook) bool {
		return a.Version == b.Version && a.EffectiveMonth == b.EffectiveMonth && bytes.Equal(a.Source, b.Source)
	})
}

// SameZones reports whether every unit's month begins at the same instant: the
// zones also stand in the sentences of reasons.
func (p *Policy) SameZones(q *Policy) bool {
	if p == nil || q == nil {
		return p == q
	}
	for _, units := range []map[string]*unit{p.units, q.units} {
		for id := range units {
			if p.Zone(id).String() != q.Zone(id).String() {
				return false
			}
		}
	}
	return true
}

// SameUnit reports whether a unit is known alike to two policies.
func (p *Policy) SameUnit(q *Policy, id string) bool {
	a, b := p.units[id], q.units[id]
	if a == nil || b == nil {
		return a == b
	}
	return slices.EqualFunc(a.registrations, b.registrations, func(x, y *feedv1.UnitRegistered) bool {
		return x.String() == y.String()
	})
}
