package rulebook

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/period"
)

// Policy is what services judge by: the rulebooks in force and the units. It
// is immutable; a change makes a new one.
type Policy struct {
	books []*Rulebook // by effective month; of one month, the later published last
	units map[string]*unit
	trial *trial // nil: what is published holds
}

type unit struct {
	registrations []*feedv1.UnitRegistered // by effective_from
	zone          *time.Location           // nil: the rulebook's
}

// NewPolicy makes a policy. Where no rulebook is in force, the default is; of
// several effective from the same month, the one given last.
func NewPolicy(books []*Rulebook, units []*factv1.UnitKnown) *Policy {
	p := &Policy{books: slices.Clone(books), units: make(map[string]*unit, len(units))}
	slices.SortStableFunc(p.books, func(a, b *Rulebook) int {
		return strings.Compare(a.EffectiveMonth, b.EffectiveMonth)
	})
	for _, known := range units {
		p.units[known.Unit] = newUnit(known)
	}
	return p
}

func newUnit(known *factv1.UnitKnown) *unit {
	u := &unit{registrations: slices.Clone(known.Registrations)}
	slices.SortStableFunc(u.registrations, func(a, b *feedv1.UnitRegistered) int {
		return effectiveFrom(a).Compare(effectiveFrom(b))
	})
	if n := len(u.registrations); n > 0 && u.registrations[n-1].Zone != "" {
		if zone, err := time.LoadLocation(u.registrations[n-1].Zone); err == nil {
			u.zone = zone
		}
	}
	return u
}

// effectiveFrom is from when a registration holds; always is the zero time.
func effectiveFrom(r *feedv1.UnitRegistered) time.Time {
	if r.EffectiveFrom == nil {
		return time.Time{}
	}
	return r.EffectiveFrom.AsTime()
}

// PolicyFromFacts makes a policy from the facts unit_known and
// rulebook_in_force that hold, in any order. A rulebook that does not compile
// is left out and reported; the others stay in force. Compiling one takes
// some milliseconds.
func PolicyFromFacts(facts []*factv1.Fact) (*Policy, error) {
	var books []*Rulebook
	var units []*factv1.UnitKnown
	var failures []error
	for _, f := range byPublication(facts) {
		if known := f.GetUnitKnown(); known != nil {
			units = append(units, known)
		}
		if published := f.GetRulebookInForce().GetPublished(); published != nil {
			book, err := Accepted(published.Version, []byte(published.Yaml))
			if err != nil {
				failures = append(failures, fmt.Errorf("rulebook %s: %w", published.Version, err))
				continue
			}
			books = append(books, book.Publish(published.EffectiveMonth, published.Units...))
		}
	}
	return NewPolicy(books, units), errors.Join(failures...)
}

// byPublication gives the facts that hold in the order they happened, so that
// a rulebook published to replace another of the same month does.
func byPublication(facts []*factv1.Fact) []*factv1.Fact {
	holding := slices.DeleteFunc(slices.Clone(facts), (*factv1.Fact).GetRetracted)
	slices.SortFunc(holding, func(a, b *factv1.Fact) int {
		return cmp.Or(a.OccurredAt.AsTime().Compare(b.OccurredAt.AsTime()), strings.Compare(a.Id, b.Id))
	})
	return holding
}

// Publish gives the rulebook as in force from a month on, its own if none is
// named, for some units or, if none is named, for all that have none of their
// own.
func (r *Rulebook) Publish(month string, units ...string) *Rulebook {
	published := *r
	published.EffectiveMonth = cmp.Or(month, r.EffectiveMonth)
	published.Units = slices.Sorted(slices.Values(units))
	return &published
}

// covers reports whether a rulebook was published for a unit by name.
func (r *Rulebook) covers(unit string) bool {
	_, found := slices.BinarySearch(r.Units, unit)
	return found
}

// In gives the version in force for a unit in a month (yyyy-mm), for an empty
// unit the one of all; never nil.
func (p *Policy) In(unit, month string) *Rulebook {
	if p.trial.has(month) {
		return p.trial.instead(p.published(unit, month))
	}
	return p.published(unit, month)
}

// published gives the version that was published for a unit in a month, else
// that of all units, the default where none was.
func (p *Policy) published(unit, month string) *Rulebook {
	var own, all *Rulebook
	for _, b := range p.books {
		switch {
		case b.EffectiveMonth > month:
		case len(b.Units) == 0:
			all = b
		case b.covers(unit):
			own = b
		}
	}
	return cmp.Or(own, all, Default())
}

// ever is later than every month.
const ever = "9999-12"

// Books gives the published versions, by effective month.
func (p *Policy) Books() []*Rulebook { return p.books }

// Zone is where a unit's month is a natural month: the zone it was registered
// with last, or that of the rulebook last in force. A zone is not
// effective-dated, lest months overlap or leave a gap.
func (p *Policy) Zone(unit string) *time.Location {
	if u := p.units[unit]; u != nil && u.zone != nil {
		return u.zone
	}
	return p.published(unit, ever).Zone
}

// Month gives the month (yyyy-mm) of an instant for a unit.
func (p *Policy) Month(unit string, at time.Time) string {
	return period.Of(period.Month, at.In(p.Zone(unit))).String()
}

// For gives the version in force for a unit at an instant.
func (p *Policy) For(unit string, at time.Time) *Rulebook { return p.In(unit, p.Month(unit, at)) }

// Unit gives a unit's registration in effect at an instant; before the first
// took effect, the first.
func (p *Policy) Unit(id string, at time.Time) (*feedv1.UnitRegistered, bool) {
	u := p.units[id]
	if u == nil || len(u.registrations) == 0 {
		return nil, false
	}
	current := u.registrations[0]
	for _, r := range u.registrations {
		if !effectiveFrom(r).After(at) {
			current = r
		}
	}
	return current, true
}

// Kind gives what kind of unit a unit is at an instant; unspecified if it is
// not registered.
func (p *Policy) Kind(id string, at time.Time) feedv1.UnitKind {
	registered, _ := p.Unit(id, at)
	return registered.GetKind()
}

// KindIn gives what kind of unit a unit is by the end of a month (yyyy-mm).
func (p *Policy) KindIn(id, month string) feedv1.UnitKind {
	in, err := period.ParseMonth(month)
	if err != nil {
		return feedv1.UnitKind_UNIT_KIND_UNSPECIFIED
	}
	return p.Kind(id, in.End(p.Zone(id)).Add(-time.Nanosecond))
}

// Applies reports whether a part is for the kind of unit that a unit is by the
// end of a month.
func (p *Policy) Applies(part *Part, id, month string) bool {
	return len(part.For) == 0 || part.AppliesTo(p.KindIn(id, month))
}

// Units lists the registered units' ids, sorted.
func (p *Policy) Units() []string {
	return slices.Sorted(maps.Keys(p.units))
}

// Customers gives how many customers of a unit a month (yyyy-mm) is judged by:
// those in effect at the month's first instant or, if the rulebook's quota says
// so, at its last; of a unit registered within the month, the first that are
// known. 0 is unknown.
func (p *Policy) Customers(id, month string) int64 {
	u := p.units[id]
	if u == nil {
		return 0
	}
	in, err := period.ParseMonth(month)
	if err != nil {
		return 0
	}
	start, end := in.Start(p.Zone(id)), in.End(p.Zone(id))
	counted := start
	if p.In(id, month).customersAt() == MonthEnd {
		counted = end.Add(-1)
	}
	customers := int64(0)
	for _, r := range u.registrations {
		from := effectiveFrom(r)
		firstWithin := customers == 0 && from.Before(end)
		if !from.After(counted) || firstWithin {
			customers = r.Customers
		}
	}
	return customers
}

// customersAt says which day's customers count; the first part with a quota
// decides.
func (r *Rulebook) customersAt() string {
	for _, part := range r.Parts {
		if part.Quota != nil {
			return part.Quota.CustomersAt
		}
	}
	return MonthStart
}

// SameRules reports whether the same rulebooks are in force. Nil is a policy
// of nothing, unlike any other.
func (p *Policy) SameRules(q *Policy) bool {
	if p == nil || q == nil {
		return p == q
	}
	return slices.EqualFunc(p.books, q.books, (*Rulebook).SameAs)
}

// SameAs reports whether another rulebook is the same, in force for the same
// units from the same month on.
func (r *Rulebook) SameAs(other *Rulebook) bool {
	return r.Version == other.Version && r.EffectiveMonth == other.EffectiveMonth &&
		slices.Equal(r.Units, other.Units) && bytes.Equal(r.Source, other.Source)
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

// SameUnit reports whether a unit is known alike to two policies; nil knows
// none.
func (p *Policy) SameUnit(q *Policy, id string) bool {
	a, b := p.unit(id), q.unit(id)
	if a == nil || b == nil {
		return a == b
	}
	return slices.EqualFunc(a.registrations, b.registrations, func(x, y *feedv1.UnitRegistered) bool {
		return proto.Equal(x, y)
	})
}

// SameKind reports whether a unit is of the same kind at every instant: the
// parts that apply to it depend on that.
func (p *Policy) SameKind(q *Policy, id string) bool {
	return slices.Equal(p.unit(id).kinds(), q.unit(id).kinds())
}

// kindFrom is the kind of a unit from an instant on.
type kindFrom struct {
	kind feedv1.UnitKind
	from time.Time
}

// kinds gives the kinds of a unit, each with when it became so.
func (u *unit) kinds() []kindFrom {
	if u == nil {
		return nil
	}
	var kinds []kindFrom
	for _, r := range u.registrations {
		if n := len(kinds); n == 0 || kinds[n-1].kind != r.Kind {
			kinds = append(kinds, kindFrom{r.Kind, effectiveFrom(r)})
		}
	}
	if len(kinds) > 0 {
		kinds[0].from = time.Time{} // before the first took effect, the first
	}
	return kinds
}

func (p *Policy) unit(id string) *unit {
	if p == nil {
		return nil
	}
	return p.units[id]
}
