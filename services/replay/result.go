package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// Result is what a feed comes to.
type Result struct {
	// AsOf is the instant the wall clock was judged as of.
	AsOf time.Time
	// Policy is what was judged by: the rulebooks and units of the feed.
	Policy *rulebook.Policy
	// Events is how many events could be used, and Facts how many facts of all
	// services hold.
	Events, Facts int
	// Problems are rulebooks and rules that could not be applied, sorted.
	Problems []string
	// Months are the months of units with at least one counted fact, by month
	// and unit.
	Months []*Month
}

// Month is a unit's month.
type Month struct {
	// Unit and Month (yyyy-mm) name it.
	Unit, Month string
	// Entries count; they have no ids, and no order.
	Entries []*ledgerv1.Entry
	// Scorecard is as of the latest instant any of its facts was judged as of.
	Scorecard *ledgerv1.Scorecard

	state *statev1.UnitMonth
}

// Find gives a unit's month; nil when no fact of it holds.
func (r *Result) Find(unit, month string) *Month {
	at, found := slices.BinarySearchFunc(r.Months, unit, func(m *Month, unit string) int {
		return cmp.Or(strings.Compare(m.Month, month), strings.Compare(m.Unit, unit))
	})
	if !found {
		return nil
	}
	return r.Months[at]
}

// ScorecardAt gives the scorecard of a unit's month with the quota projected
// from another instant, for comparison with a score told live.
func (r *Result) ScorecardAt(unit, month string, asOf time.Time) *ledgerv1.Scorecard {
	state := &statev1.UnitMonth{Unit: unit, Month: month}
	if m := r.Find(unit, month); m != nil {
		state = m.state
	}
	return scoring.Scorecard(r.Policy, state, asOf)
}

// Entries gives the entries of all units in a month, in the order of
// scoring.InOrder.
func (r *Result) Entries(month string) []*ledgerv1.Entry {
	var entries []*ledgerv1.Entry
	for _, m := range r.Months {
		if m.Month == month {
			entries = append(entries, m.Entries...)
		}
	}
	slices.SortFunc(entries, scoring.InOrder)
	return entries
}

// Hash is the fingerprint of a month over all units (scoring.Hash).
func (r *Result) Hash(month string) string {
	return scoring.Hash(r.Entries(month))
}
