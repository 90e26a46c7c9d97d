package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/internal/secret"
	"kaohe.dev/services/internal/store"
)

// Options of a notifier.
type Options struct {
	Bus   *bus.Bus
	Store store.Store
	// Scorecard gives a unit's month as it is now; nil: nothing is scored.
	Scorecard func(ctx context.Context, month, unit string) (*ledgerv1.Scorecard, error)
	// Key opens the secrets of the webhooks.
	Key   *secret.Key
	Allow Allow
	Retry Retry
	// Timeout of one attempt; 0 is 15 s.
	Timeout time.Duration
	// MostPending bounds the queue of one webhook; 0 is 100,000.
	MostPending int64
	// Room reports why nothing more may be written; nil: there is always room.
	Room func() error
	// Now is the wall clock; nil is the system's.
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics *Metrics
	// Fault, when set, is asked at every boundary; an error stops there, as a
	// crash would. For tests.
	Fault func(boundary string) error
}

// The boundaries at which a crash must do no harm.
const (
	BoundaryRead = "read" // a batch was read, its deliveries are not kept
	BoundarySent = "sent" // a receiver has answered, it is not noted
)

// Notifier reads the ledger and sends. Of several at work on one store each
// notification is sent by one.
type Notifier struct {
	opts   Options
	client *http.Client
	hooks  *Hooks

	cancel  context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	failing map[string]error // by task
	// queued tells that there is something new to send.
	queued chan struct{}
}

// New makes a notifier; it does not start it.
func New(opts Options) (*Notifier, error) {
	if opts.Bus == nil || opts.Store == nil || opts.Metrics == nil || opts.Scorecard == nil || opts.Key == nil {
		return nil, errors.New("a notifier needs bus, store, scorecards, metrics and the key of the secrets")
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Timeout == 0 {
		opts.Timeout = 15 * time.Second
	}
	if opts.MostPending == 0 {
		opts.MostPending = 100_000
	}
	n := &Notifier{
		opts: opts, hooks: NewHooks(opts.Store, opts.Key, opts.Allow, opts.Now), failing: map[string]error{},
		queued: make(chan struct{}, 1),
	}
	n.client = &http.Client{
		Timeout: opts.Timeout,
		// No proxy of the environment: what may be reached is checked here.
		Transport: &http.Transport{
			DialContext: opts.Allow.dial, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
			ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return n, nil
}

// Start notifies until Stop. Faults that may pass are retried for ever.
func (n *Notifier) Start(ctx context.Context) error {
	if err := n.opts.Store.Ensure(ctx, Collections()...); err != nil {
		return fmt.Errorf("prepare the webhooks: %w", err)
	}
	if err := n.hooks.sealAll(ctx); err != nil {
		return err
	}
	ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for name, task := range map[string]func(context.Context) error{"read": n.read, "send": n.dispatch, "clean": n.clean} {
		n.running.Go(func() { n.again(ctx, name, task) })
	}
	return nil
}

// Stop ends reading and sending. Twice, or before Start, is harmless.
func (n *Notifier) Stop(ctx context.Context) error {
	if n.cancel == nil {
		return nil
	}
	n.cancel()
	done := make(chan struct{})
	go func() { n.running.Wait(); close(done) }()
	select {
	case <-done:
		n.client.CloseIdleConnections()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop notifying: %w", ctx.Err())
	}
}

// Ready reports why nothing is notified; nil when it is. A receiver that does
// not answer is not one of the reasons.
func (n *Notifier) Ready() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var errs []error
	for task, err := range n.failing {
		errs = append(errs, fmt.Errorf("notify: %s: %w", task, err))
	}
	return errors.Join(errs...)
}

func (n *Notifier) note(task string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.failing, task)
	if err != nil {
		n.failing[task] = err
	}
}

// A task that failed starts again, ever more slowly while it fails.
const (
	minPause = 50 * time.Millisecond
	maxPause = 5 * time.Second
)

// again runs a task until the context ends.
func (n *Notifier) again(ctx context.Context, name string, task func(context.Context) error) {
	for wait := pause.Between(minPause, maxPause); ; {
		started := time.Now()
		err := task(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > maxPause {
			wait.Reset() // it got on, so the fault may be over
		}
		n.note(name, err)
		next := wait.Next()
		n.opts.Logger.Error("notifying failed and goes on from where it was", "task", name, "error", err, "retry_in", next)
		if !pause.Sleep(ctx, next) {
			return
		}
	}
}

func (n *Notifier) boundary(name string) error {
	if n.opts.Fault == nil {
		return nil
	}
	return n.opts.Fault(name)
}

func (n *Notifier) room() error {
	if n.opts.Room == nil {
		return nil
	}
	return n.opts.Room()
}

func chance() float64 { return rand.Float64() } // only spreads attempts
