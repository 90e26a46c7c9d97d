package replay

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/scoring"
)

// closed is a closed month: the facts that count, whatever came later.
type closed struct {
	facts   map[string]*factv1.Fact
	refused map[string]uint64 // what came late and never counts, by fact
	state   *statev1.UnitMonth
}

// closing follows the decisions about months through a feed.
type closing struct {
	ctx      context.Context
	services []flow.Service
	events   []*feedv1.Event
	months   map[name]*closed
}

// closeMonths makes closed months of a result what they are.
func closeMonths(ctx context.Context, services []flow.Service, events []*feedv1.Event, result *Result) error {
	c := &closing{ctx, services, events, map[name]*closed{}}
	for i, e := range events {
		if !flow.TakesEffectInPlace(e) {
			continue
		}
		if err := c.decide(i, e); err != nil {
			return err
		}
	}
	if len(c.months) > 0 {
		c.finish(result)
	}
	return nil
}

// decide lets a decision take effect on what the events before it come to.
func (c *closing) decide(at int, e *feedv1.Event) error {
	if published := e.GetMonthPublished(); published != nil {
		c.publish(e, published)
		return nil
	}
	if e.GetMonthClosed() == nil && e.GetRestatementDecided() == nil {
		return nil
	}
	before, err := foldAll(c.ctx, c.services, c.events[:at], flow.Time(e.ReceivedAt), true, nil)
	if err != nil {
		return err
	}
	if by := e.GetMonthClosed(); by != nil {
		c.pin(before, clocksOf(c.events[:at], before.AsOf)[e.Clock], e, by)
		return nil
	}
	restated := e.GetRestatementDecided()
	if m := c.months[name{restated.Month, restated.Unit}]; m != nil {
		m.restate(before, restated)
	}
	return nil
}

// pin closes a month of every unit that is known, if it is over at an instant of
// the decision's clock.
func (c *closing) pin(before *Result, now time.Time, e *feedv1.Event, by *feedv1.MonthClosed) {
	for _, unit := range before.Policy.Units() {
		key := name{by.Month, unit}
		if c.months[key] != nil || !scoring.Over(before.Policy, unit, by.Month, now) {
			continue
		}
		c.months[key] = &closed{
			facts: factsOf(before, key), refused: map[string]uint64{},
			state: &statev1.UnitMonth{
				Unit: unit, Month: by.Month, State: int32(ledgerv1.MonthState_MONTH_STATE_CLOSED),
				Pinned: &statev1.Pinned{ClosedAt: e.OccurredAt, ClosedBy: by.Person, Customers: before.Policy.Customers(unit, by.Month)},
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

// factsOf gives the facts of a month by id.
func factsOf(r *Result, key name) map[string]*factv1.Fact {
	facts := map[string]*factv1.Fact{}
	if m := r.Find(key.unit, key.month); m != nil {
		for _, f := range m.facts {
			facts[f.Id] = f
		}
	}
	return facts
}

// restate lets what has come late count, or never count.
func (m *closed) restate(before *Result, decided *feedv1.RestatementDecided) {
	now := factsOf(before, name{decided.Month, decided.Unit})
	ids := slices.Collect(maps.Keys(now))
	ids = append(ids, slices.Collect(maps.Keys(m.facts))...)
	for _, id := range ids {
		hash := hashOf(now[id])
		switch {
		case hash == hashOf(m.facts[id]) || m.refused[id] == hash:
		case !decided.Approved:
			m.refused[id] = hash
		case now[id] == nil:
			delete(m.facts, id)
		default:
			m.facts[id] = now[id]
		}
	}
	if decided.Approved {
		m.state.Pinned.Customers = before.Policy.Customers(decided.Unit, decided.Month)
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
	elsewhere := func(f *factv1.Fact) bool { _, is := taken[objected{m.Unit, f.Id}]; return is }
	if !slices.ContainsFunc(m.facts, elsewhere) {
		return m
	}
	return monthOf(result, &statev1.UnitMonth{Unit: m.Unit, Month: m.Month}, slices.DeleteFunc(slices.Clone(m.facts), elsewhere))
}

// month judges what counts of a closed month.
func (m *closed) month(result *Result) *Month {
	return monthOf(result, m.state, slices.Collect(maps.Values(m.facts)))
}

func monthOf(result *Result, state *statev1.UnitMonth, facts []*factv1.Fact) *Month {
	m := &Month{Unit: state.Unit, Month: state.Month, state: state, facts: facts}
	for _, fact := range facts {
		judged, err := scoring.Judge(result.Policy, fact, result.rulings[objected{m.Unit, fact.Id}])
		if err != nil {
			result.Problems = append(result.Problems, err.Error())
		}
		count(map[name]*Month{{judged.Month, m.Unit}: m}, fact, judged, false)
	}
	m.close(result.Policy, result.rulings)
	return m
}
