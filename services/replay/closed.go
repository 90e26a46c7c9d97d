package replay

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// closed is a closed month: the facts that count, whatever came later.
type closed struct {
	facts   map[string]held
	refused map[string]uint64 // what came late and never counts, by fact
	state   *statev1.UnitMonth
}

// closing follows the decisions about months through a feed, as one policy has
// them.
type closing struct {
	months map[name]*closed
}

// side is a result that closed months are put into, and what it was judged by
// and from at every point.
type side struct {
	result   *Result
	policies []*rulebook.Policy
	facts    [][]known
}

// calendar is what scoring judges, by the calendar month (UTC) in which it
// happened: a closing looks at its month and the two beside it, not at the year.
type calendar map[int][]known

// past is what the events before a decision come to: the facts of a month by
// unit and id.
type past struct {
	policy *rulebook.Policy
	clocks map[string]time.Time // "" is the wall clock
	facts  map[string]map[string]held
}

// close makes closed months of results what they are, and leaves of all months
// those of the window.
func (r *Recorded) close(f *fold, w Window, sides ...side) {
	if r.decided == nil {
		return
	}
	f.parallel(len(sides), func(at int) {
		s := sides[at]
		if c := r.closing(s); len(c.months) > 0 {
			c.finish(s.result)
		}
		s.result.Months = slices.DeleteFunc(s.result.Months, func(m *Month) bool { return !w.has(m.Month) || !w.answers(m.Unit) })
	})
}

// closing follows the decisions about months as one side has them.
func (r *Recorded) closing(s side) *closing {
	c, point, facts := &closing{map[name]*closed{}}, 0, calendarOf(s.facts)
	for _, e := range r.decided {
		if !flow.TakesEffectInPlace(e) {
			continue
		}
		var before past
		if month := monthDecided(e); month != "" {
			before = facts.past(month, s.policies[point], r.points[point].clocks, point)
			point++
		}
		c.decide(e, before)
	}
	return c
}

func calendarOf(parts [][]known) calendar {
	months, kinds := calendar{}, scored()
	for _, part := range parts {
		for _, k := range part {
			if k.fact.Route.GetUnit() == "" || !kinds[flow.Kind(k.fact.Kind)] {
				continue
			}
			n := ordinal(flow.Time(k.fact.OccurredAt))
			months[n] = append(months[n], k)
		}
	}
	return months
}

// ordinal numbers the calendar months in UTC.
func ordinal(at time.Time) int {
	year, month, _ := at.UTC().Date()
	return year*12 + int(month)
}

// past finds the facts of a month that were known at a point.
func (c calendar) past(month string, policy *rulebook.Policy, clocks map[string]time.Time, point int) past {
	p := past{policy, clocks, map[string]map[string]held{}}
	start, err := time.Parse("2006-01", month)
	if err != nil {
		return p // no fact is of what is no month
	}
	for n := ordinal(start) - 1; n <= ordinal(start)+1; n++ { // a zone's month begins in another
		for _, k := range c[n] {
			unit := k.fact.Route.GetUnit()
			if !k.has(point) || policy.Month(unit, flow.Time(k.fact.OccurredAt)) != month {
				continue
			}
			if p.facts[unit] == nil {
				p.facts[unit] = map[string]held{}
			}
			p.facts[unit][k.fact.Id] = held{k.fact, clocks[k.fact.Clock]}
		}
	}
	return p
}

// decide lets a decision take effect on what the events before it come to.
func (c *closing) decide(e *feedv1.Event, before past) {
	if published := e.GetMonthPublished(); published != nil {
		c.publish(e, published)
	}
	if by := e.GetMonthClosed(); by != nil {
		c.pin(before, e, by)
	}
	if restated := e.GetRestatementDecided(); restated != nil {
		if m := c.months[name{restated.Month, restated.Unit}]; m != nil {
			m.restate(before, restated)
		}
	}
}

// pin closes a month of every unit that is known, if it is over at the instant
// that the decision's clock showed.
func (c *closing) pin(before past, e *feedv1.Event, by *feedv1.MonthClosed) {
	now := before.clocks[e.Clock]
	for _, unit := range before.policy.Units() {
		key := name{by.Month, unit}
		if c.months[key] != nil || !scoring.Over(before.policy, unit, by.Month, now) {
			continue
		}
		c.months[key] = &closed{
			facts: before.of(unit), refused: map[string]uint64{},
			state: &statev1.UnitMonth{
				Unit: unit, Month: by.Month, State: int32(ledgerv1.MonthState_MONTH_STATE_CLOSED),
				Pinned: &statev1.Pinned{ClosedAt: e.OccurredAt, ClosedBy: by.Person, Customers: before.policy.Customers(unit, by.Month)},
			},
		}
	}
}

func (c *closing) publish(e *feedv1.Event, by *feedv1.MonthPublished) {
	for key, m := range c.months {
		if key.month == by.Month && m.state.State == int32(ledgerv1.MonthState_MONTH_STATE_CLOSED) {
			m.state.State = int32(ledgerv1.MonthState_MONTH_STATE_PUBLISHED)
			m.state.Pinned.PublishedAt, m.state.Pinned.PublishedBy = e.OccurredAt, by.Person
		}
	}
}

// of gives the facts of a unit by id.
func (p past) of(unit string) map[string]held {
	if facts := p.facts[unit]; facts != nil {
		return facts
	}
	return map[string]held{}
}

// restate lets what has come late count, or never count.
func (m *closed) restate(before past, decided *feedv1.RestatementDecided) {
	now := before.of(decided.Unit)
	ids := slices.Collect(maps.Keys(now))
	ids = append(ids, slices.Collect(maps.Keys(m.facts))...)
	for _, id := range ids {
		was, is := m.facts[id], now[id]
		hash := hashOf(is.Fact)
		switch {
		case scoring.Alike(before.policy, was.Fact, is.Fact) || m.refused[id] == hash:
		case !decided.Approved:
			m.refused[id] = hash
		case is.Fact == nil:
			delete(m.facts, id)
		default:
			m.facts[id] = is
		}
	}
	if decided.Approved {
		m.state.Pinned.Customers = before.policy.Customers(decided.Unit, decided.Month)
		m.state.Pinned.Corrections++
	}
}

func hashOf(f *factv1.Fact) uint64 {
	if f == nil {
		return scoring.Gone
	}
	return scoring.LateHash(f)
}

// finish puts the closed months into the result. A fact counts in one month
// only: where it was closed with, until something else is approved.
func (c *closing) finish(result *Result) {
	taken := map[objected]name{}
	for key, m := range c.months {
		for id := range m.facts {
			taken[objected{key.unit, id}] = key
		}
	}
	months := map[name]*Month{}
	for _, m := range result.Months {
		key := name{m.Month, m.Unit}
		if c.months[key] != nil {
			continue
		}
		if left := m.without(result, taken); len(left.facts) > 0 {
			months[key] = left
		}
	}
	for key, m := range c.months {
		months[key] = m.month(result)
	}
	result.Months = slices.SortedFunc(maps.Values(months), func(a, b *Month) int {
		return cmp.Or(strings.Compare(a.Month, b.Month), strings.Compare(a.Unit, b.Unit))
	})
}

// without gives a month without the facts that count elsewhere.
func (m *Month) without(result *Result, taken map[objected]name) *Month {
	elsewhere := func(f held) bool { _, is := taken[objected{m.Unit, f.Id}]; return is }
	if !slices.ContainsFunc(m.facts, elsewhere) {
		return m
	}
	return monthOf(result, &statev1.UnitMonth{Unit: m.Unit, Month: m.Month}, slices.DeleteFunc(slices.Clone(m.facts), elsewhere))
}

// month judges what counts of a closed month.
func (m *closed) month(result *Result) *Month {
	return monthOf(result, m.state, slices.Collect(maps.Values(m.facts)))
}

func monthOf(result *Result, state *statev1.UnitMonth, facts []held) *Month {
	m := &Month{Unit: state.Unit, Month: state.Month, state: state, facts: facts}
	for _, fact := range facts {
		judged, err := scoring.Judge(result.Policy, fact.Fact, result.rulings[objected{m.Unit, fact.Id}])
		if err != nil {
			result.Problems = append(result.Problems, err.Error())
		}
		count(map[name]*Month{{judged.Month, m.Unit}: m}, fact, judged, false)
	}
	m.close(result.Policy, result.rulings)
	return m
}
