package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/internal/store"
)

// dispatch keeps one sender for each webhook, for ever.
func (n *Notifier) dispatch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	senders := map[string]*sender{}
	var working sync.WaitGroup
	defer working.Wait()
	defer cancel()
	look := time.NewTicker(idle)
	defer look.Stop()
	for {
		all, err := n.hooks.all(ctx)
		if err != nil {
			return err
		}
		n.note("send", nil)
		there := map[string]bool{}
		for _, h := range all {
			there[h.id] = true
			if senders[h.id] == nil {
				s := n.sender(ctx, h.id)
				senders[h.id] = s
				working.Go(s.run)
			}
			senders[h.id].look()
		}
		for id, s := range senders {
			if !there[id] {
				s.cancel()
				delete(senders, id)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-n.queued:
		case <-look.C:
		}
	}
}

// sender sends to one webhook, one notification after the other.
type sender struct {
	n      *Notifier
	id     string
	ctx    context.Context //nolint:containedctx // the life of one goroutine
	cancel context.CancelFunc
	wake   chan struct{}
	// failures in a row, of the receiver as a whole.
	failures int32
}

func (n *Notifier) sender(ctx context.Context, id string) *sender {
	s := &sender{n: n, id: id, wake: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// look lets the sender look what is due.
func (s *sender) look() {
	select {
	case s.wake <- struct{}{}:
	default: // it will anyway
	}
}

func (s *sender) run() {
	for {
		pause, peace := s.round()
		wake := s.wake
		if peace {
			wake = nil
		}
		select {
		case <-s.ctx.Done():
			return
		case <-wake:
		case <-time.After(pause):
		}
	}
}

// round sends what is due, and gives when to look again; with peace, not before,
// whatever comes.
func (s *sender) round() (pause time.Duration, peace bool) {
	for s.ctx.Err() == nil {
		now, rest := s.n.opts.Now(), idle
		docs, _, err := s.n.opts.Store.Query(s.ctx, store.Query{
			Collection: deliveries, Where: map[string]any{fieldWebhook: s.id, fieldState: Pending}, OrderBy: fieldDue, Limit: 100,
		})
		if err != nil {
			return s.trouble(err), true
		}
		waits := 0
		for _, doc := range docs {
			if wait := left(doc.Body.(*statev1.Delivery), now); wait > 0 {
				waits++
				rest = min(rest, wait)
				continue
			}
			pause, err := s.deliver(doc)
			if err != nil {
				return s.trouble(err), true
			}
			if pause > 0 {
				return pause, true
			}
		}
		if waits == len(docs) {
			return rest, false
		}
	}
	return 0, false
}

// left is how long a delivery still waits. What was queued, or tried, later than
// now was so by a clock that went ahead, or this one goes behind: it is sent, for
// hours or a day would pass until it is due.
func left(d *statev1.Delivery, now time.Time) time.Duration {
	touched := flow.Time(d.QueuedAt)
	if d.TriedAt != nil {
		touched = flow.Time(d.TriedAt)
	}
	if touched.After(now.Add(clocksDiffer)) {
		return 0
	}
	return flow.Time(d.NextAt).Sub(now)
}

// clocksDiffer is how far the clocks of two machines are apart that go right.
const clocksDiffer = time.Minute

// trouble is of our own: the store.
func (s *sender) trouble(err error) time.Duration {
	if s.ctx.Err() == nil {
		s.n.opts.Logger.Warn("sending to a webhook failed and is tried again", "webhook", s.id, "error", err)
	}
	return idle
}

// deliver makes one attempt, and gives how long to leave the receiver in peace
// when it is in trouble altogether.
func (s *sender) deliver(doc store.Doc) (peace time.Duration, err error) {
	found, err := s.n.hooks.load(s.ctx, s.id)
	switch {
	case errors.Is(err, ErrUnknown):
		return idle, nil // it ends
	case err != nil:
		return 0, err
	case found.body.DisabledAt != nil:
		return idle, s.n.hooks.bury(s.ctx, s.id)
	}
	ctx, done := outlast(s.ctx, lastWords)
	defer done()
	d := doc.Body.(*statev1.Delivery)
	begin(d, s.n.opts.Retry, s.n.opts.Now(), chance())
	if err := s.commit(ctx, &doc, d); err != nil {
		return 0, ignoreConflict(err)
	}
	got := s.n.post(ctx, found.body, d)
	if ctx.Err() != nil {
		return 0, nil // not heard to the end; it is made again when its pause is over
	}
	if err := s.n.boundary(BoundarySent); err != nil {
		return 0, err
	}
	end(d, got, s.n.opts.Retry)
	s.n.opts.Metrics.attempt(got, d)
	if err := s.commit(ctx, &doc, d); err != nil {
		return 0, ignoreConflict(err)
	}
	if got.gone() {
		return idle, s.n.hooks.disable(ctx, s.id)
	}
	return s.peace(got), nil
}

// lastWords is how long an attempt that has begun is still heard and noted when
// the sender ends: given up at once, what the receiver has just taken would be
// sent to it again by the next process.
const lastWords = 2 * time.Second

// outlast gives a context that ends a while after its parent.
func outlast(parent context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	unhook := context.AfterFunc(parent, func() {
		pause.Sleep(ctx, by)
		cancel()
	})
	return ctx, func() { unhook(); cancel() }
}

func (s *sender) commit(ctx context.Context, doc *store.Doc, d *statev1.Delivery) error {
	*doc = deliveryDoc(doc.Version, d)
	err := s.n.opts.Store.Commit(ctx, []store.Write{{Collection: deliveries, Doc: *doc}})
	doc.Version++
	return err
}

// ignoreConflict: somebody else replays, deletes or sends it, and has the say.
func ignoreConflict(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	return err
}

// longestPeace is the longest time a receiver in trouble is left in peace before
// the next notification tries whether it is back.
const longestPeace = time.Minute

func (s *sender) peace(a answer) time.Duration {
	if !a.troubled() {
		s.failures = 0
		return 0
	}
	s.failures++
	return min(max(s.n.opts.Retry.pause(s.failures, chance()), a.after), longestPeace)
}

// post makes the request of an attempt.
func (n *Notifier) post(ctx context.Context, w *statev1.Webhook, d *statev1.Delivery) answer {
	if err := n.opts.Allow.URL(w.Url); err != nil {
		return answer{err: err}
	}
	now := n.opts.Now()
	payload, err := n.body(ctx, d, now)
	if err != nil {
		return answer{err: err}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Url, bytes.NewReader(payload))
	if err != nil {
		return answer{err: err}
	}
	request.Header.Set("Content-Type", ContentType)
	request.Header.Set("User-Agent", "kaohe")
	key, err := n.hooks.opened(d.Webhook, w)
	if err != nil {
		return answer{err: err}
	}
	if err := sign(request.Header, key, d.Id, now, payload); err != nil {
		return answer{err: err}
	}
	response, err := n.client.Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 300)) // what is cut off is for people
	return answer{
		status: response.StatusCode, after: retryAfter(response.Header.Get("Retry-After"), now),
		body: strings.ToValidUTF8(strings.ReplaceAll(strings.TrimSpace(string(said)), "\x00", ""), "?"),
	}
}

// body makes what is posted, with the numbers of now.
func (n *Notifier) body(ctx context.Context, d *statev1.Delivery, now time.Time) ([]byte, error) {
	m, tells := matterOf(d.Record)
	if !tells {
		return body(d, nil, now)
	}
	card, err := n.opts.Scorecard(ctx, m.month, m.unit)
	if err != nil {
		return nil, fmt.Errorf("read the score of %s in %s: %w", m.unit, m.month, err)
	}
	return body(d, card, now)
}

// retryAfter reads how long a receiver wants to be left in peace: seconds or a
// date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
