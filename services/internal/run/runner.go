package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/traces"
)

// Options of a runner.
type Options struct {
	Machine flow.Machine
	Bus     *bus.Bus
	Store   store.Store
	// Stream is what the machine reads, and Upstream the services whose markers
	// must all have come before one passes on; empty reads the feed, where a
	// marker is an event.
	Stream   string
	Upstream []string
	// Downstream are the runners, by name, on which decisions take effect; who
	// reads the feed waits for them.
	Downstream []string
	// Documents is how many documents are kept decoded; 0: the default.
	Documents int
	// Part and Parts say which part of the service it is; no Parts: all of it.
	Part, Parts int
	// Now is the wall clock.
	Now    func() time.Time
	Logger *slog.Logger
	// Metrics may be shared by the runners of a process.
	Metrics *Metrics
	// Tracer follows single inputs; nil: none.
	Tracer *traces.Tracer
	// Program names the version that runs: what another one failed on is tried
	// again. Empty: one under development.
	Program string
	// Room reports why nothing more may be written; nil: there is always room.
	Room func() error
	// Fault, when set, is asked at every boundary of the shell; an error stops
	// the runner there, as a crash would. For tests.
	Fault func(boundary string) error
}

// Validate reports what is missing.
func (o Options) Validate() error {
	if o.Machine == nil || o.Bus == nil || o.Store == nil || o.Now == nil || o.Logger == nil || o.Metrics == nil {
		return errors.New("a runner needs machine, bus, store, clock, logger and metrics")
	}
	if o.Part < 0 || o.Part >= max(1, o.Parts) {
		return fmt.Errorf("there is no part %d of %d", o.Part, o.Parts)
	}
	return nil
}

// The boundaries of the shell at which a crash must do no harm.
const (
	BoundaryRead      = "read"      // a batch was read
	BoundaryStepped   = "stepped"   // the machine has stepped, nothing is said
	BoundarySaid      = "said"      // facts are in the stream, documents are not committed
	BoundaryCommitted = "committed" // documents and position are committed
)

// Boundaries lists them in order.
func Boundaries() []string {
	return []string{BoundaryRead, BoundaryStepped, BoundarySaid, BoundaryCommitted}
}

// Runner runs one machine.
type Runner struct {
	opts   Options
	name   string
	failed atomic.Pointer[error] // why it does not run now
	// position is the last input committed.
	position atomic.Uint64
	// commits counts the batches committed.
	commits atomic.Int64
	cancel  context.CancelFunc
	done    chan struct{}
	// Of the loop alone: what is set aside when it comes, how many inputs are
	// dealt with at a time, and up to where it stays so; see isolate.
	aside map[culprit]error
	few   int
	until uint64
}

// New makes a runner; it does not start it.
func New(opts Options) (*Runner, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	r := &Runner{opts: opts, name: PartName(opts.Machine.Name(), opts.Part, opts.Parts)}
	r.aside, r.few = map[culprit]error{}, maxInputs
	r.opts.Program = cmp.Or(r.opts.Program, "devel")
	r.opts.Metrics.own(r.name, false)
	return r, nil
}

// Name is the service's name, or its part's.
func (r *Runner) Name() string { return r.name }

// Start runs the machine until Stop. Faults that may pass are retried for ever,
// from the last committed position.
func (r *Runner) Start(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel, r.done = cancel, make(chan struct{})
	r.fail(errors.New("starting"))
	r.opts.Metrics.own(r.name, true)
	go func() {
		defer close(r.done)
		defer r.opts.Metrics.own(r.name, false)
		r.loop(ctx)
	}()
	return nil
}

// Stop ends the run between two batches. Twice, or before Start, is harmless.
func (r *Runner) Stop(ctx context.Context) error {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop %s: %w", r.name, ctx.Err())
	}
}

// Ready reports why the machine does not run; nil when it does.
func (r *Runner) Ready() error {
	if err := r.failed.Load(); err != nil && *err != nil {
		return fmt.Errorf("%s: %w", r.name, *err)
	}
	return nil
}

// Progress tells how far the machine is in its stream as it is now, from 0 to 1.
func (r *Runner) Progress(ctx context.Context) (float64, error) {
	last, err := r.opts.Bus.Last(ctx, r.opts.Stream)
	if err != nil || last == 0 {
		return 0, err
	}
	return min(1, float64(r.position.Load())/float64(last)), nil
}

func (r *Runner) fail(err error) { r.failed.Store(&err) }

// A fault that stays is tried again ever more slowly.
const (
	minBackoff = 20 * time.Millisecond
	maxBackoff = 5 * time.Second
)

func (r *Runner) loop(ctx context.Context) {
	wait := pause.Between(minBackoff, maxBackoff)
	for ctx.Err() == nil {
		before := r.commits.Load()
		err := r.RunOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if r.isolate(err) {
			r.opts.Logger.Warn("an input cannot be dealt with; it is looked for and set aside", "service", r.name, "error", err)
			continue
		}
		r.fail(err)
		r.opts.Metrics.restarts.WithLabelValues(r.name).Inc()
		if r.commits.Load() > before {
			wait.Reset() // it got on, so the fault may be over
		}
		next := wait.Next()
		r.opts.Logger.Error("service stopped and will go on from its last position",
			"service", r.name, "error", err, "retry_in", next)
		pause.Sleep(ctx, next)
	}
}

// RunOnce runs the machine from its committed position until the context ends
// or something fails.
func (r *Runner) RunOnce(ctx context.Context) error {
	s, err := r.open(ctx)
	if err != nil {
		return err
	}
	subjects := r.subjects()
	reader, err := r.opts.Bus.Read(ctx, r.opts.Stream, subjects, s.position.Sequence)
	if err != nil {
		return err
	}
	defer reader.Close()
	r.fail(nil)
	if err := s.again(ctx, true); err != nil {
		return err
	}
	timer, retry := time.NewTimer(0), time.NewTicker(retryEvery)
	defer timer.Stop()
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case first, open := <-reader.Deliveries():
			if !open {
				return reader.Err()
			}
			if err := r.room(); err != nil {
				return err
			}
			for some := range slices.Chunk(reader.Drain(first, r.few), r.few) {
				if err := s.take(ctx, some); err != nil {
					return err
				}
			}
		case <-timer.C:
		case <-retry.C:
			if err := s.again(ctx, false); err != nil {
				return err
			}
		}
		next, err := s.wakes.fire(ctx, s)
		if err != nil {
			return err
		}
		timer.Reset(next)
	}
}

// maxInputs bounds a batch, so that a flood of deadlines or a long backlog
// never starves the other.
const maxInputs = 1000

func (r *Runner) subjects() []string {
	if r.opts.Stream == bus.Feed {
		return []string{"feed.>"}
	}
	subjects := []string{bus.WakePrefix + r.name}
	for _, kind := range r.opts.Machine.Consumes() {
		subjects = append(subjects, bus.FactPrefix+string(kind))
	}
	for _, service := range r.opts.Upstream {
		subjects = append(subjects, bus.MarkerPrefix+service)
	}
	return subjects
}

// Says gives the subjects that the runners of a machine append to which reads a
// stream in so many parts, or whole.
func Says(m flow.Machine, stream string, parts int) (subjects []string) {
	for _, kind := range m.Produces() {
		subjects = append(subjects, bus.FactPrefix+string(kind))
	}
	names := []string{m.Name()}
	if parts > 1 {
		names = append(names, PartNames(m.Name(), parts)...)
	}
	for _, name := range names {
		if len(m.Produces()) > 0 {
			subjects = append(subjects, bus.MarkerPrefix+name)
		}
		if stream != bus.Feed {
			subjects = append(subjects, bus.WakePrefix+name)
		}
	}
	if len(m.Produces()) == 0 {
		subjects = append(subjects, bus.LedgerRecords)
	}
	return subjects
}

func (r *Runner) room() error {
	if r.opts.Room == nil {
		return nil
	}
	return r.opts.Room()
}

func (r *Runner) boundary(name string) error {
	if r.opts.Fault == nil {
		return nil
	}
	return r.opts.Fault(name)
}
