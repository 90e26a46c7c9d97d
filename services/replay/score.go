package replay

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// name names a unit's month.
type name struct{ month, unit string }

// score judges facts and adds the months of a window up: each worker a share of
// the facts, then the shares. It gives the months and what could not be applied.
func (f *fold) score(policy *rulebook.Policy, w Window, rulings rulings, parts [][]known, closings *closing) (months []*Month, problems []string) {
	shares, failures := make([]map[name]*Month, f.workers), make([][]string, f.workers)
	kinds, stretch := scored(), w.stretch()
	f.parallel(f.workers, func(worker int) {
		shares[worker] = map[name]*Month{}
		for at := worker; at < len(parts) && f.ctx.Err() == nil; at += f.workers {
			for _, k := range parts[at] {
				fact := k.fact
				if !k.has(f.last()) || !kinds[flow.Kind(fact.Kind)] || !w.answers(fact.Route.GetUnit()) || !stretch.near(fact) {
					continue
				}
				if unit := fact.Route.Unit; closings != nil && closings.has(policy.Month(unit, flow.Time(fact.OccurredAt)), unit, fact.Id) {
					continue
				}
				judged, err := judged(policy, fact, rulings[objected{fact.Route.Unit, fact.Id}])
				if judged.Month != "" && !w.has(judged.Month) {
					continue
				}
				if err != nil {
					failures[worker] = append(failures[worker], err.Error())
				}
				if judged.Month == "" {
					continue
				}
				count(shares[worker], held{fact, f.points[f.last()].clocks[fact.Clock]}, judged)
			}
		}
	})
	months = join(shares)
	f.parallel(len(months), func(at int) { months[at].close(policy, rulings) })
	pinned, more := closings.score(f, w, policy, rulings)
	months, problems = append(months, pinned...), append(slices.Concat(failures...), more...)
	slices.SortFunc(months, func(a, b *Month) int {
		return cmp.Or(strings.Compare(a.Month, b.Month), strings.Compare(a.Unit, b.Unit))
	})
	return months, problems
}

// objected is what an objection is about: a fact of a unit, or its month.
type objected struct{ unit, fact string }

// rulings are what was decided about objections.
type rulings map[objected]scoring.Rulings

func rulingsOf(parts [][]known, point int) rulings {
	found := rulings{}
	for _, part := range parts {
		for _, k := range part {
			recorded := k.fact.GetObjectionRecorded()
			ruling := scoring.RulingOf(recorded)
			if ruling == nil || !k.has(point) {
				continue
			}
			about := objected{k.fact.Route.Unit, recorded.Fact}
			if found[about] == nil {
				found[about] = scoring.Rulings{}
			}
			found[about][recorded.Rule] = ruling
		}
	}
	return found
}

// scored reports which kinds scoring judges by fact.
func scored() map[flow.Kind]bool {
	kinds := map[flow.Kind]bool{}
	for _, k := range scoring.New().Consumes() {
		kinds[k] = !flow.References(k) && k != flow.ObjectionRecorded && k != flow.ComplaintAlerted && !scoring.Awaits(k)
	}
	return kinds
}

// count adds a judged fact to its month.
func count(months map[name]*Month, fact held, judged scoring.Judged) {
	key := name{judged.Month, fact.Route.Unit}
	m := months[key]
	if m == nil {
		m = &Month{Unit: key.unit, Month: key.month, state: &statev1.UnitMonth{Unit: key.unit, Month: key.month}}
		months[key] = m
	}
	m.count(fact, judged)
}

func (m *Month) count(fact held, judged scoring.Judged) {
	scoring.Count(m.state, fact.Fact, judged, +1)
	m.Entries = append(m.Entries, judged.Entries...)
	if fact.asOf.After(flow.Time(m.state.AsOf)) {
		m.state.AsOf = fact.asOf.stamp
	}
}

// join adds up shares of months.
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
		}
	}
	return slices.Collect(maps.Values(joined))
}

// close adds the entries of the month as a whole and the score.
func (m *Month) close(policy *rulebook.Policy, rulings rulings) {
	m.state.Rulings = rulings[objected{m.Unit, "month/" + m.Unit + "/" + m.Month}]
	m.state.Active = scoring.Derive(policy, m.state)
	m.Entries = append(m.Entries, m.state.Active...)
	m.Scorecard = scoring.Scorecard(policy, m.state, flow.Time(m.state.AsOf))
}
