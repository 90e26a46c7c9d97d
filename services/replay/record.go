package replay

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// Recorded is what a feed records: who reported what about which ticket. No
// rule has been asked for it, so it can be judged by any policy, again and
// again.
type Recorded struct {
	// Policy is what the feed says is in force: its rulebooks and units.
	Policy *rulebook.Policy
	// Events is how many events could be used; ticks of clocks are none.
	Events int

	asOf     time.Time
	clocks   map[string]time.Time
	services []flow.Service // the one that reads events first
	facts    [][]*factv1.Fact
	decided  []*feedv1.Event // the events, if months were closed in them; else nil
	problems []string
}

// Record reads events. Services are those that keep dossiers, the one that reads
// events first. Events come in the order of the log: of two with the same id
// about the same thing the first counts. AsOf is the instant the wall clock is
// judged as of; a named clock is judged as of the latest instant it was advanced
// to.
//
// Progress, if given, is told now and then how many events have been dealt
// with; one call at a time. The events are read, never changed. The only errors
// are the context's and a first service that does not read events.
func Record(ctx context.Context, services []flow.Service, events []*feedv1.Event, asOf time.Time, progress func(n int)) (*Recorded, error) {
	if len(services) == 0 || !slices.Contains(services[0].Consumes, flow.Event) {
		return nil, errors.New("fold a feed: the first service must be the one that reads events")
	}
	r := &Recorded{asOf: asOf, clocks: clocksOf(events, asOf), services: services}
	if slices.ContainsFunc(events, flow.TakesEffectInPlace) {
		r.decided = events
	}
	f := r.fold(ctx)
	f.progress = progress
	routed, used := f.route(services[0], events)
	r.Events = used
	r.facts = f.decideAll(rulebook.NewPolicy(nil, nil), services[:1], routed, true)
	policy, err := rulebook.PolicyFromFacts(references(r.facts))
	if err != nil {
		r.problems = append(r.problems, err.Error())
	}
	r.Policy = policy
	return r, f.err()
}

func (r *Recorded) fold(ctx context.Context) *fold {
	workers := runtime.GOMAXPROCS(0)
	return &fold{ctx: ctx, workers: workers, shards: workers * shardsPerWorker, clocks: r.clocks}
}

// err is the context's.
func (f *fold) err() error {
	if err := f.ctx.Err(); err != nil {
		return fmt.Errorf("fold a feed: %w", err)
	}
	return nil
}

// Under judges what is recorded, in a window: by what is in force or, unless it
// is nil, by another rulebook tried in the months of the window.
func (r *Recorded) Under(ctx context.Context, tried *rulebook.Rulebook, w Window) (*Result, error) {
	f, policy := r.fold(ctx), r.policy(tried, w)
	if r.decided == nil {
		return r.result(f, policy, w, r.shown(f, policy)), f.err()
	}
	shares, closings := r.unfold(ctx, tried, w, 1)
	facts, _ := sides(shares, r.facts)
	result := r.result(f, policy, w, facts)
	r.close(f, w, closings, result)
	return result, f.err()
}

// policy is what is judged by.
func (r *Recorded) policy(tried *rulebook.Rulebook, w Window) *rulebook.Policy {
	if tried == nil {
		return r.Policy
	}
	return r.Policy.Trial(tried, w.From, w.To)
}

// shown gives all facts that hold by a policy.
func (r *Recorded) shown(f *fold, policy *rulebook.Policy) [][]*factv1.Fact {
	judging := r.services[1:]
	return append(slices.Clone(r.facts), f.decideAll(policy, judging, f.spread(judging, r.facts), false)...)
}

// result adds facts up. Where months were closed, all months are, because a
// fact may count in one of them instead.
func (r *Recorded) result(f *fold, policy *rulebook.Policy, w Window, facts [][]*factv1.Fact) *Result {
	result := &Result{AsOf: r.asOf, Policy: policy, Events: r.Events, rulings: rulingsOf(facts)}
	for _, part := range facts {
		result.Facts += len(part)
	}
	if f.keep = r.decided != nil; f.keep {
		w = Window{}
	}
	months, problems := f.score(policy, w, result.rulings, facts)
	result.Months, result.Problems = months, slices.Concat(r.problems, problems)
	slices.Sort(result.Problems)
	return result
}
