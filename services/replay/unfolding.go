package replay

import (
	"context"
	"maps"
	"slices"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// unfolding is the fold of the beginning of a log, carried on from one decision
// about a month to the next. What was decided of a key stands until it hears
// more, its deadline falls due or the rules change, as in the live system, so
// that a log with many closings is still read once.
type unfolding struct {
	services []flow.Service
	events   []*feedv1.Event
	tried    *rulebook.Rulebook // in the months of the window; nil: none is
	window   Window
	sides    int // policies to judge by: one, or what is in force and the trial

	*fold
	dealt      int // events so far
	references map[*factv1.Fact]bool
	inForce    *rulebook.Policy
	policies   []*rulebook.Policy // by side
	desks      [][]*desk          // by service and shard
}

func (r *Recorded) unfolding(ctx context.Context, tried *rulebook.Rulebook, w Window, sides int) *unfolding {
	u := &unfolding{
		services: r.services, events: r.decided, tried: tried, window: w, sides: sides,
		fold: r.fold(ctx), references: map[*factv1.Fact]bool{}, desks: make([][]*desk, len(r.services)),
	}
	u.clocks = map[string]time.Time{}
	kinds := scored()
	for i := range u.desks {
		u.desks[i] = make([]*desk, u.shards)
		for shard := range u.desks[i] {
			u.desks[i][shard] = newDesk(r.services[i], kinds, sides)
		}
	}
	return u
}

// to carries the fold on to the events before a place, judged as of an instant
// of the wall clock.
func (u *unfolding) to(at int, asOf time.Time) {
	more := u.events[u.dealt:at]
	u.dealt = at
	back := u.tick(more, asOf)
	routed, _ := u.route(u.services[0], more)
	plain := []*rulebook.Policy{rulebook.NewPolicy(nil, nil)}
	gone, come := u.advance(0, 1, plain, nil, routed, back)
	afresh := u.learn(gone, come)
	judging := u.services[1:]
	u.advance(1, len(u.services), u.policies, u.spread(judging, gone), u.spread(judging, come), back || afresh)
}

// tick moves the clocks, and reports whether the wall clock went back: then
// nothing that was decided stands.
func (u *unfolding) tick(more []*feedv1.Event, asOf time.Time) (back bool) {
	clocks := clocksOf(more, asOf)
	for name, before := range u.clocks {
		if name != "" && before.After(clocks[name]) {
			clocks[name] = before
		}
	}
	back = asOf.Before(u.clocks[""])
	u.clocks = clocks
	return back
}

// learn keeps the facts that make the policy, and reports whether the rules
// that services judge by are others now.
func (u *unfolding) learn(gone, come [][]*factv1.Fact) (afresh bool) {
	lost, found := references(gone), references(come)
	if u.inForce != nil && len(lost)+len(found) == 0 {
		return false
	}
	for _, f := range lost {
		delete(u.references, f)
	}
	for _, f := range found {
		u.references[f] = true
	}
	// What cannot be applied is reported when the whole log is folded.
	policy, _ := rulebook.PolicyFromFacts(references([][]*factv1.Fact{slices.Collect(maps.Keys(u.references))}))
	afresh = u.inForce != nil && !(policy.SameRules(u.inForce) && policy.SameZones(u.inForce))
	u.inForce, u.policies = policy, []*rulebook.Policy{policy}
	trial := policy
	if u.tried != nil {
		trial = policy.Trial(u.tried, u.window.From, u.window.To)
	}
	if u.sides == 1 {
		u.policies[0] = trial
	} else {
		u.policies = append(u.policies, trial)
	}
	return afresh
}

// advance lets the services from one to another hear what has gone and come,
// and gives what they say no more and what they say now by the first policy.
func (u *unfolding) advance(from, to int, policies []*rulebook.Policy, gone, come []buckets, all bool) (lost, found [][]*factv1.Fact) {
	lost, found = make([][]*factv1.Fact, u.shards), make([][]*factv1.Fact, u.shards)
	u.parallel(u.shards, func(shard int) {
		for i := from; i < to && u.ctx.Err() == nil; i++ {
			d := u.desks[i][shard]
			d.hear(gone, come, i-from, shard)
			l, c := d.settle(u.fold, policies, all)
			if from == 0 { // nobody else reads what judging says
				lost[shard], found[shard] = append(lost[shard], l...), append(found[shard], c...)
			}
		}
	})
	return lost, found
}

// past is what the events so far come to in a month, by each of the sides; for
// one unit, or for all if it is empty.
func (u *unfolding) past(month, unit string) []past {
	pasts := make([]past, u.sides)
	u.parallel(u.sides, func(side int) {
		p := past{u.policies[side], u.clocks, map[string]map[string]*factv1.Fact{}}
		for i := range u.desks {
			for _, d := range u.desks[i] {
				for fact := range d.near(side, month) {
					of := fact.Route.GetUnit()
					if unit == "" || of == unit {
						p.add(of, month, fact)
					}
				}
			}
		}
		pasts[side] = p
	})
	return pasts
}

// add adds a fact if it is of a month, as found at the instant its clock shows.
func (p *past) add(unit, month string, fact *factv1.Fact) {
	if p.policy.Month(unit, flow.Time(fact.OccurredAt)) != month {
		return
	}
	if p.facts[unit] == nil {
		p.facts[unit] = map[string]*factv1.Fact{}
	}
	p.facts[unit][fact.Id] = &factv1.Fact{
		Id: fact.Id, Kind: fact.Kind, Revision: fact.Revision, Retracted: fact.Retracted, Reason: fact.Reason, Proof: fact.Proof,
		OccurredAt: fact.OccurredAt, ReceivedAt: fact.ReceivedAt, DetectedAt: flow.At(p.clocks[fact.Clock]), Clock: fact.Clock,
		Route: fact.Route, Body: fact.Body,
	}
}
