package registry

import (
	"cmp"
	"slices"
	"time"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// Known is what a table is compared with.
type Known struct {
	// Histories are what is registered, by key.
	Histories map[string]History
	// Kind is the kind of a unit at an instant; unspecified: it is not registered.
	Kind func(unit string, at time.Time) feedv1.UnitKind
	// Units are all units, for what a wrong name may have meant.
	Units []string
	// Closed are the closed months, yyyy-mm, in order.
	Closed []string
	Zone   Zone
	Now    time.Time
}

// With is what will be known once some changes are made: later tables of a file
// may name its units.
func (k Known) With(changes []Change) Known {
	before := k.Kind
	made := map[string]*feedv1.UnitRegistered{}
	for _, c := range changes {
		if u, is := c.Row.Payload.(*feedv1.UnitRegistered); is && c.Action != apiv1.ImportAction_IMPORT_ACTION_UNCHANGED {
			made[u.Unit] = u
			k.Units = append(slices.Clip(k.Units), u.Unit)
		}
	}
	k.Kind = func(unit string, at time.Time) feedv1.UnitKind {
		if u := made[unit]; u != nil && (!flow.Time(u.EffectiveFrom).After(at) || before(unit, at) == feedv1.UnitKind_UNIT_KIND_UNSPECIFIED) {
			return u.Kind
		}
		return before(unit, at)
	}
	return k
}

// With is a zone that knows the units that some rows register, too.
func With(zone Zone, rows []Row) Zone {
	named := map[string]string{}
	for _, row := range rows {
		if u, is := row.Payload.(*feedv1.UnitRegistered); is && u.Zone != "" {
			named[u.Unit] = u.Zone
		}
	}
	return func(unit, says string) *time.Location { return zone(unit, cmp.Or(says, named[unit])) }
}
