package replay

import (
	"context"
	"sync"
	"time"

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
// what was approved or ruled since; see point.
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
	shards   int // of the keys
	points   []point
	progress func(int)
	done     int
	lock     sync.Mutex // of done, problems and the calls of progress
	problems []string   // what was left out because a service fails on it
}

// last is the point at the end of the log.
func (f *fold) last() int { return len(f.points) - 1 }

// ever is the points from one on.
func (f *fold) ever(from int) span { return span{from, len(f.points)} }

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
		for point, at := 0, from; at < to; at++ {
			if !usable(events[at]) {
				continue
			}
			for f.points[point].before <= at {
				point++
			}
			used[worker]++
			fact := flow.FromEvent(events[at])
			for _, key := range first.Keys(fact) {
				b.add(0, key, known{fact, f.ever(point)})
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
func (f *fold) spread(services []flow.Service, parts [][]known) []buckets {
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
			for _, k := range parts[at] {
				for _, i := range consumers[flow.Kind(k.fact.Kind)] {
					for _, key := range services[i].Keys(k.fact) {
						b.add(i, key, k)
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
