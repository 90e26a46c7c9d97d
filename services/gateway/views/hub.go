package views

import (
	"slices"
	"sync"
	"sync/atomic"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// Watch says what a subscriber wants to see; empty fields are no restriction.
type Watch struct {
	// Month is yyyy-mm.
	Month string
	// Unit is a business unit's id.
	Unit string
}

func (w Watch) wants(r *ledgerv1.Record) bool {
	month, unit := r.GetEntry().GetMonth(), r.GetEntry().GetUnit()
	if s := r.GetScorecard(); s != nil {
		month, unit = s.Month, s.Unit
	}
	return (w.Month == "" || w.Month == month) && (w.Unit == "" || w.Unit == unit)
}

// Subscription gives records as they happen. Records are shared: do not change
// them.
type Subscription struct {
	// After is the place behind which the channel goes on.
	After uint64
	hub   *hub
	watch Watch
	out   chan News
}

// Records gives entries and scorecards in the order of the ledger. The channel
// is closed when the reader was too slow or the views stop: come back behind
// the last place seen.
func (s *Subscription) Records() <-chan News { return s.out }

// Close ends the subscription.
func (s *Subscription) Close() { s.hub.drop(s) }

// hub tells subscribers what happens. The zero value is ready.
type hub struct {
	mu            sync.Mutex
	subscriptions []*Subscription
	closed        bool
	position      atomic.Uint64
}

func (h *hub) subscribe(w Watch) *Subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &Subscription{After: h.position.Load(), hub: h, watch: w, out: make(chan News, subscriptionSpace)}
	if h.closed {
		close(s.out)
		return s
	}
	h.subscriptions = append(h.subscriptions, s)
	return s
}

// publish tells of a batch up to a place. Who has no space left is dropped,
// so that nobody waits for him.
func (h *hub) publish(news []News, upTo uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subscriptions = slices.DeleteFunc(h.subscriptions, func(s *Subscription) bool {
		for _, n := range news {
			if !s.watch.wants(n.Record) {
				continue
			}
			select {
			case s.out <- n:
			default:
				close(s.out)
				return true
			}
		}
		return false
	})
	h.position.Store(upTo)
}

func (h *hub) drop(s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.Index(h.subscriptions, s); i >= 0 {
		h.subscriptions = slices.Delete(h.subscriptions, i, i+1)
		close(s.out)
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.subscriptions {
		close(s.out)
	}
	h.subscriptions, h.closed = nil, true
}

// Subscribe gives what happens from now on. Its After is exact: the documents
// hold everything up to there, the channel everything behind.
func (v *Views) Subscribe(w Watch) *Subscription { return v.hub.subscribe(w) }

// barriers knows who waits for which barrier. The zero value is ready.
type barriers struct {
	mu      sync.Mutex
	waiting map[string]*expected
}

// expected is a barrier somebody waits for.
type expected struct {
	out  chan Passed
	from map[string]bool // the parts of scoring it has come from
}

// Passed is a barrier and its place in the ledger.
type Passed struct {
	*ledgerv1.Barrier
	Sequence uint64
}

// Expect gives a channel on which the barrier of a name will come, once.
// Forget must be called in the end.
func (v *Views) Expect(name string) (passed <-chan Passed, forget func()) {
	b := &v.barriers
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == nil {
		b.waiting = map[string]*expected{}
	}
	out := make(chan Passed, 1)
	b.waiting[name] = &expected{out, map[string]bool{}}
	return out, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.waiting, name)
	}
}

// passed notes barriers; one has passed when it has come from all parts.
func (b *barriers) passed(all []Passed, parts int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, barrier := range all {
		waiting := b.waiting[barrier.Barrier.Barrier]
		if waiting == nil {
			continue
		}
		waiting.from[barrier.From] = true
		if len(waiting.from) >= parts {
			delete(b.waiting, barrier.Barrier.Barrier)
			waiting.out <- barrier
		}
	}
}
