package door

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"buf.build/go/protovalidate"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/gateway/lang"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/traces"
	"kaohe.dev/services/rulebook"
)

// Service is the name under which the door keeps its documents.
const Service = "door"

const (
	seenCollection = Service + "/seen"
	unitCollection = Service + "/units"
)

// DefaultTolerance is how far a source's clock may run ahead.
const DefaultTolerance = 5 * time.Minute

// Options of a door.
type Options struct {
	Bus   *bus.Bus
	Store store.Store
	// CustomerKey keys the hash that replaces customer references.
	CustomerKey []byte
	// Tolerance is how far ahead of Now a live event may be; 0: the default.
	Tolerance time.Duration
	// Now tells the wall clock.
	Now func() time.Time
	// Units lists the units known from facts.
	Units func() []string
	// Policy gives the rules that events must fit; nil: they need not.
	Policy func() *rulebook.Policy
	// Closed gives the first month from one on (yyyy-mm) that is closed for some
	// units, for any if none are named, and for which; empty: none is. Nil: nobody
	// knows.
	Closed func(from string, units []string) (month string, closed []string)
	// Keys gives what an event is judged with, and Measure how much is kept of
	// such a key; nil: nothing is limited by it.
	Keys    func(*factv1.Fact) []string
	Measure func(ctx context.Context, key string) (Load, error)
	// Room reports why nothing more may be taken in; nil: there is always room.
	Room func() error
	// Logger, Registry and Tracer may be nil.
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Tracer   *traces.Tracer
}

// ErrStopped says that the door takes nothing any more, or not yet.
var ErrStopped = errors.New("the door is closed: kaohe is starting or stopping; send again")

// UnavailableError says that nothing of a push was acknowledged.
type UnavailableError struct{ Cause error }

// Error tells the caller to send again.
func (e *UnavailableError) Error() string {
	return fmt.Sprintf("the events could not be stored now and none is acknowledged; send them again, "+
		"events that did come through are recognised: %v", e.Cause)
}

// Unwrap gives the cause.
func (e *UnavailableError) Unwrap() error { return e.Cause }

// Door takes events in. It is safe for concurrent use.
type Door struct {
	bus         *bus.Bus
	store       store.Store
	customerKey []byte
	tolerance   time.Duration
	now         func() time.Time
	facts       func() []string
	policy      func() *rulebook.Policy
	closed      func(string, []string) (string, []string)
	room        func() error
	log         *slog.Logger
	validator   protovalidate.Validator
	metrics     metrics
	tracer      *traces.Tracer

	jobs     chan *job
	memories chan memory
	stop     context.CancelFunc
	stopped  chan struct{} // closed by Stop
	joined   chan struct{} // closed when nothing is appended any more
	running  sync.WaitGroup

	passed  passed
	recent  *recent
	loads   *loads
	keys    func(*factv1.Fact) []string
	measure func(ctx context.Context, key string) (Load, error)

	mu      sync.Mutex
	units   map[string]bool // registered through this door
	failing error           // why remembering fails now

	position *statev1.Position // owned by remember
	version  int64
}

// New makes a door; Start opens it.
func New(opts Options) (*Door, error) {
	validator, err := protovalidate.New(protovalidate.WithMessages(&feedv1.Event{}))
	if err != nil {
		return nil, fmt.Errorf("compile the contract's field rules: %w", err)
	}
	d := &Door{
		bus: opts.Bus, store: opts.Store, customerKey: opts.CustomerKey, tolerance: opts.Tolerance,
		now: opts.Now, facts: opts.Units, policy: opts.Policy, closed: opts.Closed, room: opts.Room, log: opts.Logger, validator: validator, metrics: newMetrics(opts.Registry), tracer: opts.Tracer,
		jobs: make(chan *job, 64), memories: make(chan memory, 16), stopped: make(chan struct{}),
		joined: make(chan struct{}),
		loads:  newLoads(), keys: opts.Keys, measure: opts.Measure,
		recent: newRecent(), units: map[string]bool{}, position: &statev1.Position{},
	}
	if d.tolerance <= 0 {
		d.tolerance = DefaultTolerance
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.room == nil {
		d.room = func() error { return nil }
	}
	if d.facts == nil {
		d.facts = func() []string { return nil }
	}
	return d, nil
}

// Collections are the door's: what it has seen, the units that came through
// it, how far its memory goes, and what it refused as a conflict.
func Collections() []store.Collection {
	seen := func() proto.Message { return &statev1.Seen{} }
	return []store.Collection{
		{Name: seenCollection, New: seen, Sharding: store.Spread("one document per event, and every push asks for its own by key")},
		{Name: unitCollection, New: seen, Sharding: store.Whole("few, and read as a whole at start")},
		run.Positions(Service), run.Quarantine(Service),
	}
}

// Start brings the memory up to the end of the feed and opens the door. Its
// collections must have been ensured.
func (d *Door) Start(ctx context.Context) error {
	wait := pause.Between(firstRetry, maxRetry)
	for err := d.recall(ctx); err != nil; err = d.recall(ctx) {
		if !bus.Transient(err) || ctx.Err() != nil {
			return fmt.Errorf("open the door: %w", err)
		}
		d.log.Warn("the feed cannot be read now, trying again", "error", err)
		pause.Sleep(ctx, wait.Next())
	}
	if newest, err := d.bus.Newest(ctx, bus.Feed); err == nil { // without, the clock alone is believed
		d.passed.seen(newest)
	}
	ctx, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	d.running.Add(2)
	go d.join(ctx)
	go d.remember(ctx)
	return nil
}

// Stop takes nothing more, answers what was taken, and remembers it. Stopping
// twice, or before Start, is harmless.
func (d *Door) Stop(ctx context.Context) error {
	d.mu.Lock()
	select {
	case <-d.stopped:
	default:
		close(d.stopped)
	}
	d.mu.Unlock()
	done := make(chan struct{})
	go func() { d.running.Wait(); close(done) }()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = fmt.Errorf("close the door: %w", ctx.Err())
	}
	if d.stop != nil {
		d.stop()
	}
	return err
}

// Ready reports why the door cannot remember now; nil when it can.
func (d *Door) Ready() error {
	if err := d.room(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failing
}

// Push takes events in and gives a verdict for each, in their order. What is
// accepted is on disk. An error means that nothing was acknowledged. The
// events are changed: customers are hashed, received_at is set.
func (d *Door) Push(ctx context.Context, l lang.Lang, items []Item) (verdicts []*apiv1.EventVerdict, err error) {
	if err := d.room(); err != nil {
		return nil, &UnavailableError{err}
	}
	j := d.prepare(ctx, items)
	defer func() { j.leave(verdicts, err) }()
	if len(j.events) > 0 {
		if err := errors.Join(d.ask(ctx, j), d.weigh(ctx, j)); err != nil {
			return nil, &UnavailableError{err}
		}
		select {
		case d.jobs <- j:
		case <-d.stopped:
			return nil, &UnavailableError{ErrStopped}
		case <-ctx.Done():
			return nil, &UnavailableError{ctx.Err()}
		}
		select {
		case err := <-j.done:
			if err != nil {
				return nil, &UnavailableError{err}
			}
		case <-d.joined:
			return nil, &UnavailableError{ErrStopped}
		case <-ctx.Done():
			return nil, &UnavailableError{ctx.Err()}
		}
	}
	verdicts = make([]*apiv1.EventVerdict, len(items))
	for i := range j.outcomes {
		verdicts[i] = j.outcomes[i].verdict(l)
		d.metrics.count(verdicts[i].Status)
	}
	return verdicts, nil
}
