package replay

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// Fold decides everything that events show. Services are those that keep
// dossiers, the one that reads events first. Events come in the order of the
// log: of two with the same id about the same thing the first counts. AsOf is
// the instant the wall clock is judged as of; a named clock is judged as of the
// latest instant it was advanced to.
//
// Progress, if given, is told now and then how many events have been dealt
// with; one call at a time. The events are read, never changed. The only errors
// are the context's and a first service that does not read events; rules and
// rulebooks that cannot be applied are reported in Result.Problems, as the live
// system sets them aside and goes on.
//
// A month that was closed holds what the events before its closing came to, and
// what was approved or ruled since; for each such decision the events before it
// are folded again.
func Fold(ctx context.Context, services []flow.Service, events []*feedv1.Event, asOf time.Time, progress func(n int)) (*Result, error) {
	decided := slices.ContainsFunc(events, flow.TakesEffectInPlace)
	result, err := foldAll(ctx, services, events, asOf, decided, progress)
	if err != nil {
		return nil, err
	}
	if decided {
		err = closeMonths(ctx, services, events, result)
	}
	return result, err
}

// foldAll folds events as if no month had been closed, and keeps the facts of
// the months if it shall.
func foldAll(ctx context.Context, services []flow.Service, events []*feedv1.Event, asOf time.Time, keep bool, progress func(n int)) (*Result, error) {
	if len(services) == 0 || !slices.Contains(services[0].Consumes, flow.Event) {
		return nil, errors.New("fold a feed: the first service must be the one that reads events")
	}
	workers := runtime.GOMAXPROCS(0)
	f := &fold{
		ctx: ctx, workers: workers, shards: workers * shardsPerWorker, services: services,
		clocks: clocksOf(events, asOf), progress: progress, result: &Result{AsOf: asOf},
		keep: keep,
	}
	recorded := f.decideAll(rulebook.NewPolicy(nil, nil), services[:1], f.route(events), true)
	policy, err := rulebook.PolicyFromFacts(references(recorded))
	if err != nil {
		f.result.Problems = append(f.result.Problems, err.Error())
	}
	f.result.Policy = policy
	middle := services[1:]
	verdicts := f.decideAll(policy, middle, f.spread(middle, recorded), false)
	f.score(policy, append(recorded, verdicts...))
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("fold a feed: %w", err)
	}
	return f.result, nil
}

// shardsPerWorker keeps the keys that are dealt with together few enough for
// the processor's cache.
const shardsPerWorker = 32

// fold is one run of Fold.
type fold struct {
	ctx      context.Context
	workers  int
	shards   int // of the keys
	services []flow.Service
	clocks   map[string]time.Time // "" is the wall clock
	progress func(int)
	keep     bool // the facts of the months
	done     int
	lock     sync.Mutex // of done and the calls of progress
	result   *Result
}

// clocksOf gives what the clocks show at the end of the log.
func clocksOf(events []*feedv1.Event, asOf time.Time) map[string]time.Time {
	clocks := map[string]time.Time{"": asOf}
	for _, e := range events {
		tick := e.GetClockAdvanced()
		if tick != nil && tick.Clock != "" && tick.To.AsTime().After(clocks[tick.Clock]) {
			clocks[tick.Clock] = tick.To.AsTime()
		}
	}
	return clocks
}

// usable reports whether the shell would take an event as an input. A tick
// moves a clock and is told to nobody.
func usable(e *feedv1.Event) bool {
	return e.Id != "" && e.Source != "" && e.OccurredAt != nil && e.Payload != nil && e.GetClockAdvanced() == nil
}

// route finds the keys of events, a stretch of the log on each processor.
func (f *fold) route(events []*feedv1.Event) []buckets {
	routed := make([]buckets, f.workers)
	used := make([]int, f.workers)
	f.parallel(f.workers, func(worker int) {
		from, to := len(events)*worker/f.workers, len(events)*(worker+1)/f.workers
		b := newBuckets(1, f.shards)
		for _, e := range events[from:to] {
			if !usable(e) {
				continue
			}
			used[worker]++
			fact := flow.FromEvent(e)
			for _, key := range f.services[0].Keys(fact) {
				b.add(0, key, fact)
			}
		}
		routed[worker] = b
	})
	for _, n := range used {
		f.result.Events += n
	}
	return routed
}

// spread finds the keys of facts in the services that consume them.
func (f *fold) spread(services []flow.Service, parts [][]*factv1.Fact) []buckets {
	consumers := map[flow.Kind][]int{}
	for i, s := range services {
		for _, k := range s.Consumes {
			if !flow.References(k) {
				consumers[k] = append(consumers[k], i)
			}
		}
	}
	routed := make([]buckets, f.workers)
	f.parallel(f.workers, func(worker int) {
		b := newBuckets(len(services), f.shards)
		for at := worker; at < len(parts); at += f.workers {
			for _, fact := range parts[at] {
				for _, i := range consumers[flow.Kind(fact.Kind)] {
					for _, key := range services[i].Keys(fact) {
						b.add(i, key, fact)
					}
				}
			}
		}
		routed[worker] = b
	})
	return routed
}

// decideAll decides every key of some services once, and gives what holds, in
// as many parts as there are shards.
func (f *fold) decideAll(policy *rulebook.Policy, services []flow.Service, routed []buckets, tell bool) [][]*factv1.Fact {
	parts := make([][]*factv1.Fact, f.shards)
	f.parallel(f.shards, func(shard int) {
		for i, s := range services {
			for key, facts := range groups(routed, i, shard) {
				if f.ctx.Err() != nil {
					return
				}
				parts[shard] = f.decide(policy, s, key, facts, parts[shard])
				if tell {
					f.tell(len(facts))
				}
			}
		}
	})
	return parts
}

// decide decides a key and appends what holds.
func (f *fold) decide(policy *rulebook.Policy, s flow.Service, key string, facts, out []*factv1.Fact) []*factv1.Fact {
	facts = firsts(facts)
	clock := flow.ClockOf(facts)
	asOf := f.clocks[clock]
	decision := s.Decide(policy, flow.Case{Key: key, Facts: facts, AsOf: asOf})
	if len(decision.Facts) == 0 {
		return out
	}
	received := flow.LatestReceived(facts)
	for _, fact := range decision.Facts {
		if !fact.Retracted {
			flow.Stamp(fact, 1, clock, asOf, received)
			out = append(out, fact)
		}
	}
	return out
}

// firsts sorts facts by id, and of those with the same id keeps the first of
// the log.
func firsts(facts []*factv1.Fact) []*factv1.Fact {
	if len(facts) == 1 {
		return facts
	}
	slices.SortStableFunc(facts, func(a, b *factv1.Fact) int { return strings.Compare(a.Id, b.Id) })
	return slices.CompactFunc(facts, func(a, b *factv1.Fact) bool { return a.Id == b.Id })
}

// references gives the facts that make the policy, by id.
func references(parts [][]*factv1.Fact) []*factv1.Fact {
	var found []*factv1.Fact
	for _, part := range parts {
		for _, fact := range part {
			if flow.References(flow.Kind(fact.Kind)) {
				found = append(found, fact)
			}
		}
	}
	slices.SortFunc(found, func(a, b *factv1.Fact) int { return strings.Compare(a.Id, b.Id) })
	return found
}

// tellEvery is how many events lie between two calls of progress.
const tellEvery = 10_000

func (f *fold) tell(events int) {
	if f.progress == nil {
		return
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	before := f.done
	f.done += events
	if f.done/tellEvery > before/tellEvery {
		f.progress(f.done)
	}
}

// parallel runs a function for each of some tasks, spread over the workers,
// and waits for all.
func (f *fold) parallel(tasks int, run func(task int)) {
	var wait sync.WaitGroup
	for worker := range f.workers {
		wait.Go(func() {
			for task := worker; task < tasks; task += f.workers {
				run(task)
			}
		})
	}
	wait.Wait()
}

// scored reports which kinds scoring judges by fact.
func scored() map[flow.Kind]bool {
	kinds := map[flow.Kind]bool{}
	for _, k := range scoring.New().Consumes() {
		kinds[k] = !flow.References(k) && k != flow.ObjectionRecorded && k != flow.ComplaintAlerted
	}
	return kinds
}
