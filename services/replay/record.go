package replay

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

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
	services []flow.Service // the one that reads events first
	points   []point        // the last is the end
	facts    [][]known
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
	r := &Recorded{asOf: asOf, points: points(events, asOf), services: services}
	if slices.ContainsFunc(events, flow.TakesEffectInPlace) {
		r.decided = events
	}
	f := r.fold(ctx)
	f.progress = progress
	routed, used := f.route(services[0], events)
	r.Events = used
	r.facts = f.decideAll(slices.Repeat([]*rulebook.Policy{rulebook.NewPolicy(nil, nil)}, len(r.points)), services[:1], routed, true)
	r.problems = append(judge(r.points, r.facts), f.problems...)
	r.Policy = r.points[f.last()].policy
	return r, f.err()
}

func (r *Recorded) fold(ctx context.Context) *fold {
	workers := runtime.GOMAXPROCS(0)
	return &fold{ctx: ctx, workers: workers, shards: workers * shardsPerWorker, points: r.points}
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
	f, judging, policies := r.fold(ctx), r.services[1:], r.policies(tried, w)
	facts := append(slices.Clone(r.facts), f.decideAll(policies, judging, f.spread(judging, r.facts), false)...)
	s := side{policies, facts}
	return r.result(f, s, w, r.closings(f, s)[0]), f.err()
}

// result adds facts up, but where months were closed.
func (r *Recorded) result(f *fold, s side, w Window, closings *closing) *Result {
	result := &Result{AsOf: r.asOf, Policy: s.policies[f.last()], Events: r.Events}
	for _, part := range s.facts {
		for _, k := range part {
			if k.has(f.last()) {
				result.Facts++
			}
		}
	}
	months, problems := f.score(result.Policy, w, rulingsOf(s.facts, f.last()), s.facts, closings)
	result.Months, result.Problems = months, slices.Concat(r.problems, f.problems, problems)
	slices.Sort(result.Problems)
	return result
}
