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
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// closed is a closed month: the facts that count, whatever came later.
type closed struct {
	facts   map[string]*factv1.Fact
	refused map[string]uint64 // what came late and never counts, by fact
	state   *statev1.UnitMonth
}

// closing follows the decisions about months through a feed, as one policy has
// them.
type closing struct {
	months map[name]*closed
}

// past is what the events before a decision come to: the facts of a month by
// unit and id.
type past struct {
	policy *rulebook.Policy
	clocks map[string]time.Time // "" is the wall clock
	facts  map[string]map[string]*factv1.Fact
}

// unfold follows the decisions about months through the log, and gives what the
// log shows in the end. Of two sides the second is by the rulebook that is
// tried; of one it is, unless there is none.
func (r *Recorded) unfold(ctx context.Context, tried *rulebook.Rulebook, w Window, sides int) ([]verdicts, []*closing) {
	u, closings := r.unfolding(ctx, tried, w, sides), make([]*closing, sides)
	for i := range closings {
		closings[i] = &closing{map[name]*closed{}}
	}
	for i, e := range r.decided {
		if !flow.TakesEffectInPlace(e) {
			continue
		}
		pasts := u.before(i, e)
		if u.ctx.Err() != nil {
			return nil, closings
		}
		for side, c := range closings {
			c.decide(e, pasts[side])
		}
	}
	return u.end(r.asOf), closings
}

// close makes closed months of results what they are, and leaves of all months
// those of the window.
func (r *Recorded) close(f *fold, w Window, closings []*closing, results ...*Result) {
	for side, c := range closings {
		if len(c.months) > 0 {
			c.finish(f, results[side])
		}
		results[side].Months = slices.DeleteFunc(results[side].Months, func(m *Month) bool { return !w.has(m.Month) || !w.answers(m.Unit) })
	}
}

// before gives what the events before a decision come to, if it needs to know,
// for each of the sides.
func (u *unfolding) before(at int, e *feedv1.Event) []past {
	month := cmp.Or(e.GetMonthClosed().GetMonth(), e.GetRestatementDecided().GetMonth())
	if month == "" {
		return make([]past, u.sides)
	}
	u.to(at, flow.Time(e.ReceivedAt))
	if u.ctx.Err() != nil {
		return nil
	}
	return u.past(month, e.GetRestatementDecided().GetUnit())
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
func (p past) of(unit string) map[string]*factv1.Fact {
	if facts := p.facts[unit]; facts != nil {
		return facts
	}
	return map[string]*factv1.Fact{}
}

// restate lets what has come late count, or never count.
func (m *closed) restate(before past, decided *feedv1.RestatementDecided) {
	now := before.of(decided.Unit)
	ids := slices.Collect(maps.Keys(now))
	ids = append(ids, slices.Collect(maps.Keys(m.facts))...)
	for _, id := range ids {
		hash := hashOf(now[id])
		switch {
		case scoring.Alike(before.policy, m.facts[id], now[id]) || m.refused[id] == hash:
		case !decided.Approved:
			m.refused[id] = hash
		case now[id] == nil:
			delete(m.facts, id)
		default:
			m.facts[id] = now[id]
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
func (c *closing) finish(f *fold, result *Result) {
	taken := map[objected]bool{}
	for key, m := range c.months {
		for id := range m.facts {
			taken[objected{key.unit, id}] = true
		}
	}
	var open []*Month
	for _, m := range result.Months {
		if c.months[name{m.Month, m.Unit}] == nil {
			open = append(open, m)
		}
	}
	pinned := slices.Collect(maps.Values(c.months))
	months, problems := make([]*Month, len(open)+len(pinned)), make([][]string, len(open)+len(pinned))
	f.parallel(len(months), func(at int) {
		if at < len(open) {
			months[at], problems[at] = open[at].without(result, taken)
		} else {
			months[at], problems[at] = pinned[at-len(open)].month(result)
		}
	})
	result.Problems = slices.Concat(result.Problems, slices.Concat(problems...))
	months = slices.DeleteFunc(months, func(m *Month) bool { return m == nil })
	slices.SortFunc(months, func(a, b *Month) int {
		return cmp.Or(strings.Compare(a.Month, b.Month), strings.Compare(a.Unit, b.Unit))
	})
	result.Months = months
}

// without gives a month without the facts that count elsewhere; nil if none is
// left.
func (m *Month) without(result *Result, taken map[objected]bool) (*Month, []string) {
	elsewhere := func(f *factv1.Fact) bool { return taken[objected{m.Unit, f.Id}] }
	left := slices.DeleteFunc(slices.Clone(m.facts), elsewhere)
	switch len(left) {
	case 0:
		return nil, nil
	case len(m.facts):
		return m, nil
	}
	return monthOf(result, &statev1.UnitMonth{Unit: m.Unit, Month: m.Month}, left)
}

// month judges what counts of a closed month.
func (m *closed) month(result *Result) (*Month, []string) {
	return monthOf(result, m.state, slices.Collect(maps.Values(m.facts)))
}

// monthOf judges the facts of a month, and names what could not be applied.
func monthOf(result *Result, state *statev1.UnitMonth, facts []*factv1.Fact) (m *Month, problems []string) {
	m = &Month{Unit: state.Unit, Month: state.Month, state: state, facts: facts}
	for _, fact := range facts {
		judged, err := scoring.Judge(result.Policy, fact, result.rulings[objected{m.Unit, fact.Id}])
		if err != nil {
			problems = append(problems, err.Error())
		}
		count(map[name]*Month{{judged.Month, m.Unit}: m}, fact, judged, false)
	}
	m.close(result.Policy, result.rulings)
	return m, problems
}
