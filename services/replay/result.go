package replay

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
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

	rulings rulings
}

// Month is a unit's month.
type Month struct {
	// Unit and Month (yyyy-mm) name it.
	Unit, Month string
	// Entries count; they have no ids and are sorted by scoring.Line.
	Entries []*ledgerv1.Entry
	// Scorecard is as of the latest instant any of its facts was judged as of.
	Scorecard *ledgerv1.Scorecard

	state *statev1.UnitMonth
	facts []*factv1.Fact // if months were closed
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

// Entries gives the entries of all units in a month.
func (r *Result) Entries(month string) []*ledgerv1.Entry {
	var entries []*ledgerv1.Entry
	for _, m := range r.Months {
		if m.Month == month {
			entries = append(entries, m.Entries...)
		}
	}
	return entries
}

// Hash is the fingerprint of a month over all units (scoring.Hash).
func (r *Result) Hash(month string) string { return scoring.Hash(r.Entries(month)) }

// name names a unit's month.
type name struct{ month, unit string }

// score judges the facts and adds the months up: each worker a share of the
// facts, then the shares.
func (f *fold) score(policy *rulebook.Policy, parts [][]*factv1.Fact) {
	rulings := rulingsOf(parts)
	shares, problems := make([]map[name]*Month, f.workers), make([][]string, f.workers)
	kinds := scored()
	f.parallel(f.workers, func(worker int) {
		shares[worker] = map[name]*Month{}
		for at := worker; at < len(parts) && f.ctx.Err() == nil; at += f.workers {
			for _, fact := range parts[at] {
				if !kinds[flow.Kind(fact.Kind)] || fact.Route.GetUnit() == "" {
					continue
				}
				judged, err := scoring.Judge(policy, fact, rulings[objected{fact.Route.Unit, fact.Id}])
				if err != nil {
					problems[worker] = append(problems[worker], err.Error())
				}
				count(shares[worker], fact, judged, f.keep)
			}
		}
	})
	for _, part := range parts {
		f.result.Facts += len(part)
	}
	f.result.Problems = append(f.result.Problems, slices.Concat(problems...)...)
	slices.Sort(f.result.Problems)
	f.result.Months = join(shares)
	f.result.rulings = rulings
	f.parallel(len(f.result.Months), func(at int) { f.result.Months[at].close(policy, rulings) })
}

// objected is what an objection is about: a fact of a unit, or its month.
type objected struct{ unit, fact string }

// rulings are what was decided about objections.
type rulings map[objected]scoring.Rulings

func rulingsOf(parts [][]*factv1.Fact) rulings {
	found := rulings{}
	for _, part := range parts {
		for _, fact := range part {
			recorded := fact.GetObjectionRecorded()
			ruling := scoring.RulingOf(recorded)
			if ruling == nil {
				continue
			}
			about := objected{fact.Route.Unit, recorded.Fact}
			if found[about] == nil {
				found[about] = scoring.Rulings{}
			}
			found[about][recorded.Rule] = ruling
		}
	}
	return found
}

// count adds a judged fact to its month.
func count(months map[name]*Month, fact *factv1.Fact, judged scoring.Judged, keep bool) {
	key := name{judged.Month, fact.Route.Unit}
	m := months[key]
	if m == nil {
		m = &Month{Unit: key.unit, Month: key.month, state: &statev1.UnitMonth{Unit: key.unit, Month: key.month}}
		months[key] = m
	}
	scoring.Count(m.state, fact, judged, +1)
	m.Entries = append(m.Entries, judged.Entries...)
	if keep {
		m.facts = append(m.facts, fact)
	}
	if flow.Time(fact.DetectedAt).After(flow.Time(m.state.AsOf)) {
		m.state.AsOf = fact.DetectedAt
	}
}

// join adds up shares of months and sorts them by month and unit.
func join(shares []map[name]*Month) []*Month {
	joined := map[name]*Month{}
	for _, share := range shares {
		for key, m := range share {
			whole := joined[key]
			if whole == nil {
				joined[key] = m
				continue
			}
			scoring.Add(whole.state, m.state)
			whole.Entries = append(whole.Entries, m.Entries...)
			whole.facts = append(whole.facts, m.facts...)
		}
	}
	return slices.SortedFunc(maps.Values(joined), func(a, b *Month) int {
		return cmp.Or(strings.Compare(a.Month, b.Month), strings.Compare(a.Unit, b.Unit))
	})
}

// close adds the entries of the month as a whole and the score.
func (m *Month) close(policy *rulebook.Policy, rulings rulings) {
	m.state.Rulings = rulings[objected{m.Unit, "month/" + m.Unit + "/" + m.Month}]
	m.state.Active = scoring.Derive(policy, m.state)
	type lined struct {
		line  string
		entry *ledgerv1.Entry
	}
	var lines []lined
	for _, e := range append(m.Entries, m.state.Active...) {
		lines = append(lines, lined{scoring.Line(e), e})
	}
	slices.SortFunc(lines, func(a, b lined) int { return strings.Compare(a.line, b.line) })
	m.Entries = m.Entries[:0]
	for _, l := range lines {
		m.Entries = append(m.Entries, l.entry)
	}
	m.Scorecard = scoring.Scorecard(policy, m.state, flow.Time(m.state.AsOf))
}
