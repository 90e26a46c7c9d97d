package views

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/traces"
	"kaohe.dev/services/rulebook"
)

// Options of the views.
type Options struct {
	Bus   *bus.Bus
	Store store.Store
	// Room reports why nothing more may be written.
	Room func() error
	// Partitions is in how many parts scoring is run; 0 is one.
	Partitions int
	// Quarantines names the services whose quarantines are noted on cards.
	Quarantines []string
	// Logger, Registry and Tracer may be nil.
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Tracer   *traces.Tracer
}

// Views are the documents the gateway serves, and what changes in them. They
// are safe for concurrent use.
type Views struct {
	bus   *bus.Bus
	store store.Store
	room  func() error
	parts int // of scoring
	log   *slog.Logger

	quarantines []string
	asides      asides

	metrics *run.Metrics
	tracer  *traces.Tracer

	hub      hub
	barriers barriers
	known    *policyReader
	policy   atomic.Pointer[rulebook.Policy]
	latest   sync.Map // score key to sequence of the newest scorecard
	gauge    prometheus.Gauge

	stop    context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	failing map[string]error // by reader

	position *statev1.Position // owned by the projector
	version  int64
}

// A reader that failed starts again, ever more slowly while it fails.
const (
	minRetry = 100 * time.Millisecond
	maxRetry = 5 * time.Second
)

// New makes views; Start fills them.
func New(opts Options) *Views {
	v := &Views{
		bus: opts.Bus, store: opts.Store, room: opts.Room, parts: max(1, opts.Partitions), log: opts.Logger, failing: map[string]error{},
		position: &statev1.Position{}, metrics: run.NewMetrics(opts.Registry), tracer: opts.Tracer,
		gauge: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kaohe_views_ledger_sequence", Help: "The last place of the ledger that is in the views.",
		}),
	}
	v.quarantines = opts.Quarantines
	v.asides.counts, v.asides.parts = map[string]int64{}, map[string]map[run.About]int{}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	if opts.Registry != nil {
		opts.Registry.MustRegister(v.gauge)
	}
	v.policy.Store(rulebook.NewPolicy(nil, nil))
	v.known = newPolicyReader(v)
	return v
}

// Start brings policy and documents up to the end of their streams as they are
// now, then follows them. The collections must have been ensured.
func (v *Views) Start(ctx context.Context) error {
	if err := v.loadPosition(ctx); err != nil {
		return fmt.Errorf("start the views: %w", err)
	}
	v.hub.position.Store(v.position.Sequence)
	var background context.Context
	background, v.stop = context.WithCancel(context.WithoutCancel(ctx))
	caughtUp := make(chan error, 2)
	if err := v.readAside(ctx); err != nil {
		v.log.Warn("the quarantines cannot be looked at now", "error", err)
	}
	v.running.Add(3)
	go v.watchAside(background)
	go v.follow(background, "units and rulebooks", v.known.read, caughtUp)
	go v.follow(background, "ledger", v.project, caughtUp)
	for range 2 {
		select {
		case err := <-caughtUp:
			if err != nil {
				v.stop()
				return fmt.Errorf("start the views: %w", err)
			}
		case <-ctx.Done():
			v.stop()
			return fmt.Errorf("start the views: %w", ctx.Err())
		}
	}
	return nil
}

// follow runs a reader for ever. The reader reports once that it has caught
// up; failing for good before that is told to Start, what may pass and whatever
// happens later is tried again.
func (v *Views) follow(ctx context.Context, name string, read func(context.Context, func()) error, caughtUp chan<- error) {
	defer v.running.Done()
	once := sync.Once{}
	report := func(err error) { once.Do(func() { caughtUp <- err }) }
	for wait := pause.Between(minRetry, maxRetry); ; {
		err := read(ctx, func() {
			report(nil)
			v.note(name, nil)
			wait.Reset()
		})
		if ctx.Err() != nil {
			report(ctx.Err())
			return
		}
		if !bus.Transient(err) {
			report(err)
		}
		v.note(name, err)
		next := wait.Next()
		v.log.Error("reading for the views failed, trying again", "reader", name, "error", err, "retry_in", next)
		if !pause.Sleep(ctx, next) {
			return
		}
	}
}

func (v *Views) note(reader string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.failing, reader)
	if err != nil {
		v.failing[reader] = err
	}
}

// Stop ends reading and all subscriptions. Stopping twice, or before Start, is
// harmless.
func (v *Views) Stop(ctx context.Context) error {
	if v.stop != nil {
		v.stop()
	}
	v.hub.close()
	done := make(chan struct{})
	go func() { v.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the views: %w", ctx.Err())
	}
}

// Ready reports why the views are not kept up to date; nil when they are.
func (v *Views) Ready() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var errs []error
	for name, err := range v.failing {
		errs = append(errs, fmt.Errorf("%s: %w", name, err))
	}
	return errors.Join(errs...)
}

// Lag gives how many messages of the ledger are not in the views yet.
func (v *Views) Lag(ctx context.Context) (uint64, error) {
	last, err := v.bus.Last(ctx, bus.Ledger)
	if err != nil {
		return 0, err
	}
	return bus.Messages(last - min(last, v.hub.position.Load())), nil
}

// Policy gives the units and rulebooks in force as they are known now.
func (v *Views) Policy() *rulebook.Policy { return v.policy.Load() }

// Position is the last place of the ledger that watchers were told of.
func (v *Views) Position() uint64 { return v.hub.position.Load() }

func (v *Views) loadPosition(ctx context.Context) error {
	docs, err := v.store.Load(ctx, run.Positions(group).Name, []string{positionKey})
	if err != nil || len(docs) == 0 {
		return err
	}
	v.position, v.version = docs[0].Body.(*statev1.Position), docs[0].Version
	return nil
}

// SequenceOf gives the place of a record.
func SequenceOf(r *ledgerv1.Record) uint64 {
	if e := r.GetEntry(); e != nil {
		return e.Sequence
	}
	return r.GetScorecard().GetSequence()
}
