package replay

import (
	"context"
	"sync"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// Fold decides everything that events show, by the rulebooks and units they
// publish. See Record for what is asked of services and events.
//
// Rules and rulebooks that cannot be applied are reported in Result.Problems,
// as the live system sets them aside and goes on.
//
// A month that was closed holds what the events before its closing came to, and
// what was approved or ruled since; the events are folded once more for that,
// from one such decision to the next.
func Fold(ctx context.Context, services []flow.Service, events []*feedv1.Event, asOf time.Time, progress func(n int)) (*Result, error) {
	recorded, err := Record(ctx, services, events, asOf, progress)
	if err != nil {
		return nil, err
	}
	return recorded.Under(ctx, nil, Window{})
}

// shardsPerWorker keeps the keys that are dealt with together few enough for
// the processor's cache.
const shardsPerWorker = 32

// fold is one run over all keys.
type fold struct {
	ctx      context.Context
	workers  int
	shards   int                  // of the keys
	clocks   map[string]time.Time // "" is the wall clock
	progress func(int)
	keep     bool // the facts of the months
	done     int
	lock     sync.Mutex // of done and the calls of progress
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

// route finds the keys of events in the service that reads them, a stretch of
// the log on each processor, and counts those that could be used.
func (f *fold) route(first flow.Service, events []*feedv1.Event) (routed []buckets, usedEvents int) {
	routed = make([]buckets, f.workers)
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
			for _, key := range first.Keys(fact) {
				b.add(0, key, fact)
			}
		}
		routed[worker] = b
	})
	for _, n := range used {
		usedEvents += n
	}
	return routed, usedEvents
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
