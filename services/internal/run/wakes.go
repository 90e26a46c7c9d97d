package run

import (
	"container/heap"
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/traces"
)

const (
	// horizon is how far ahead deadlines are kept in memory; those beyond wait
	// in the index.
	horizon = 2 * time.Minute
	// maxNear bounds them; what has no room waits in the index as well.
	maxNear = 200_000
	// lostAfter is how long after its instant a deadline found in the index was
	// lost by the memory: it is fired and counted.
	lostAfter = time.Minute
)

// wakes holds the near deadlines of the wall clock.
type wakes struct {
	r       *Runner
	near    deadlines
	until   time.Time // the index was read up to here
	reload  time.Time // when to read it again
	started bool
}

func newWakes(r *Runner) *wakes { return &wakes{r: r} }

// note arms what documents want; a stale one is found out when it fires.
func (w *wakes) note(dirty map[string]*flow.Document) {
	for _, doc := range dirty {
		if doc.Clock == "" && !doc.Due.IsZero() && !doc.Due.After(w.until) {
			heap.Push(&w.near, deadline{doc.Due, doc.Key})
		}
	}
	w.r.opts.Metrics.armed.WithLabelValues(w.r.name).Set(float64(len(w.near)))
}

// fire appends a wake for what is due now, at most a batch, and tells how long
// to wait for the next one.
func (w *wakes) fire(ctx context.Context, s *session) (time.Duration, error) {
	if w.r.opts.Stream == bus.Feed {
		return time.Hour, nil
	}
	now := w.r.opts.Now()
	if !now.Before(w.reload) {
		if err := w.readIndex(ctx, s, now); err != nil {
			return 0, err
		}
	}
	out, followed, err := w.due(s, now)
	if err == nil && len(out) > 0 {
		err = w.r.room()
	}
	if err == nil {
		err = s.say(ctx, out)
	}
	for _, span := range followed {
		span.End(err)
	}
	if err != nil {
		return 0, err
	}
	w.r.opts.Metrics.armed.WithLabelValues(w.r.name).Set(float64(len(w.near)))
	next := w.reload
	if len(w.near) > 0 && w.near[0].due.Before(next) {
		next = w.near[0].due
	}
	return max(0, next.Sub(w.r.opts.Now())), nil
}

// due takes what is due out of the memory, at most a batch of it: a wake for
// each, and the spans of those that are followed.
func (w *wakes) due(s *session, now time.Time) (out []bus.Message, followed []traces.Span, err error) {
	for len(w.near) > 0 && !w.near[0].due.After(now) && len(out) < maxInputs {
		d := heap.Pop(&w.near).(deadline)
		if doc := s.cache.peek(d.key); doc != nil && !doc.Due.Equal(d.due) {
			continue // it moved, or was dealt with
		}
		data, err := proto.Marshal(&factv1.Fact{Id: d.key, OccurredAt: flow.At(d.due)})
		if err != nil {
			return nil, followed, fmt.Errorf("encode a wake: %w", err)
		}
		span := w.r.followDeadline(d, now)
		if span.On() {
			followed = append(followed, span)
		}
		out = append(out, bus.Message{Subject: bus.WakePrefix + w.r.name, Data: data, Trace: span.Carry()})
	}
	return out, followed, nil
}

// readIndex fills the memory from the index: what is near, and what was lost.
func (w *wakes) readIndex(ctx context.Context, s *session, now time.Time) error {
	w.near = w.near[:0]
	until := now.Add(horizon)
	query := store.Query{
		Collection: Docs(s.name, nil).Name, Where: map[string]any{"clock": ""},
		OrderBy: "due", Max: until.UnixMicro(), Limit: 10_000,
	}
	lost := 0
	for {
		docs, next, err := s.opts.Store.Query(ctx, query)
		if err != nil {
			return fmt.Errorf("read the near deadlines of %s: %w", s.name, err)
		}
		for _, d := range docs {
			doc := fromStore(d)
			if w.started && doc.Due.Before(now.Add(-lostAfter)) {
				lost++
			}
			w.near = append(w.near, deadline{doc.Due, doc.Key})
		}
		if next == nil {
			break
		}
		if len(w.near) >= maxNear {
			until = w.near[len(w.near)-1].due
			break
		}
		query.After = next
	}
	heap.Init(&w.near)
	if lost > 0 {
		s.opts.Metrics.lost.WithLabelValues(s.name).Add(float64(lost))
		s.opts.Logger.Warn("deadlines were long due but not judged; they are judged now", "service", s.name, "count", lost)
	}
	w.until, w.reload, w.started = until, now.Add(until.Sub(now)/2), true
	return nil
}

// deadline is an instant and the key that wants to be looked at then.
type deadline struct {
	due time.Time
	key string
}

// deadlines is a heap, earliest first.
type deadlines []deadline

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].due.Before(d[j].due) }
func (d deadlines) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *deadlines) Push(x any)        { *d = append(*d, x.(deadline)) }
func (d *deadlines) Pop() any {
	old := *d
	last := old[len(old)-1]
	*d = old[:len(old)-1]
	return last
}
