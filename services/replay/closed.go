package replay

import (
	"maps"
	"slices"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/period"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// closed is a closed month: the facts that count, whatever came later.
type closed struct {
	facts   map[string]held
	refused map[string]uint64 // what came late and never counts, by fact
	state   *statev1.UnitMonth
}

// closing is the months that were closed in a feed, as one policy has them.
type closing struct {
	months map[name]*closed
	units  map[string][]*closed
}

// side is what is judged by at every point, and the facts that it is judged from.
type side struct {
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
	clocks map[string]instant // "" is the wall clock
	facts  map[string]map[string]held
}

// closings follows the decisions about months as each side has them; nil where
// none was made.
func (r *Recorded) closings(f *fold, sides ...side) []*closing {
	all := make([]*closing, len(sides))
	if r.decided != nil {
		f.parallel(len(sides), func(at int) { all[at] = r.closing(sides[at]) })
	}
	return all
}

func (r *Recorded) closing(s side) *closing {
	c, point, facts := &closing{map[name]*closed{}, map[string][]*closed{}}, 0, calendarOf(s.facts)
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
func (c calendar) past(month string, policy *rulebook.Policy, clocks map[string]instant, point int) past {
	p := past{policy, clocks, map[string]map[string]held{}}
	in, err := period.ParseMonth(month)
	if err != nil {
		return p // no fact is of what is no month
	}
	for n, last := ordinal(in.Start(time.UTC))-1, ordinal(in.Start(time.UTC))+1; n <= last; n++ { // a zone's month begins in another
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
	now := before.clocks[e.Clock].Time
	for _, unit := range before.policy.Units() {
		key := name{by.Month, unit}
		if c.months[key] != nil || !scoring.Over(before.policy, unit, by.Month, now) {
			continue
		}
		m := &closed{
			facts: before.of(unit), refused: map[string]uint64{},
			state: &statev1.UnitMonth{
				Unit: unit, Month: by.Month, State: int32(ledgerv1.MonthState_MONTH_STATE_CLOSED),
				Pinned: &statev1.Pinned{ClosedAt: e.OccurredAt, ClosedBy: by.Person, Customers: before.policy.Customers(unit, by.Month)},
			},
		}
		c.months[key], c.units[unit] = m, append(c.units[unit], m)
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

// has reports whether a unit's fact cannot count in a month any more: the month
// is closed, or the fact counts where it was closed with.
func (c *closing) has(month, unit, fact string) bool {
	if c == nil {
		return false
	}
	return c.months[name{month, unit}] != nil || slices.ContainsFunc(c.units[unit], func(m *closed) bool {
		_, is := m.facts[fact]
		return is
	})
}

// score judges what counts of the closed months of a window, and gives what could
// not be applied.
func (c *closing) score(f *fold, w Window, policy *rulebook.Policy, rulings rulings) (months []*Month, problems []string) {
	if c == nil {
		return nil, nil
	}
	var all []*closed
	for key, m := range c.months {
		if w.has(key.month) && w.answers(key.unit) {
			all = append(all, m)
		}
	}
	months, failures := make([]*Month, len(all)), make([][]string, len(all))
	f.parallel(len(all), func(at int) { months[at], failures[at] = all[at].month(policy, rulings) })
	return months, slices.Concat(failures...)
}

// month judges what counts of a closed month.
func (m *closed) month(policy *rulebook.Policy, rulings rulings) (month *Month, problems []string) {
	month = &Month{Unit: m.state.Unit, Month: m.state.Month, state: m.state}
	for _, fact := range m.facts {
		judged, err := judged(policy, fact.Fact, rulings[objected{month.Unit, fact.Id}])
		if err != nil {
			problems = append(problems, err.Error())
		}
		if judged.Month != "" {
			month.count(fact, judged)
		}
	}
	month.close(policy, rulings)
	return month, problems
}
