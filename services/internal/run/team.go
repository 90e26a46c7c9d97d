package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nuid"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/store"
)

// TeamOptions of a team.
type TeamOptions struct {
	// Service is whose parts are shared out, and Parts how many there are.
	Service string
	Parts   int
	Store   store.Store
	// Part makes what runs a part.
	Part func(part int) (Worker, error)
	// Fit reports why this process could not run a part now, such as that it
	// reaches the store and not the streams.
	Fit func() error
	// Where tells people where this process runs.
	Where   string
	Logger  *slog.Logger
	Metrics *Metrics
}

// Worker is what runs a part of a service.
type Worker interface {
	Start(context.Context) error
	// Stop returns when it does nothing more.
	Stop(context.Context) error
	// Ready reports why it does not run; nil when it does.
	Ready() error
}

// Team shares out the parts of a service among the processes that run it. Each
// process says now and then that it lives, sees who else does, and runs the
// parts that fall to it: part i to the i-th process, round and round, in the
// order of their ids.
//
// A process that is not fit says nothing, so the others take over; what runs
// goes on trying, and goes on when it is fit again before they have.
//
// Two processes that see the others differently for a while may run the same
// part. That does no harm: the version of every document is checked when it is
// committed, so one of the two steps back, and what both said is the same.
type Team struct {
	opts    TeamOptions
	id      string
	cancel  context.CancelFunc
	done    chan struct{}
	mu      sync.Mutex
	running map[int]Worker
	failing error

	version int64               // of our own document
	beats   uint64              // ours
	others  map[string]sighting // owned by loop
}

// sighting is the last sign of life of a process, by our clock: clocks of
// different machines are never compared.
type sighting struct {
	version int64
	at      time.Time
}

const (
	// beatEvery is how often a process says that it lives.
	beatEvery = time.Second
	// deadAfter is how long it may say nothing.
	deadAfter = 5 * time.Second
	// forgottenAfter is when its document is taken away.
	forgottenAfter = time.Minute
)

// NewTeam makes a team; Start joins it.
func NewTeam(opts TeamOptions) *Team {
	return &Team{opts: opts, id: nuid.Next(), running: map[int]Worker{}, others: map[string]sighting{}}
}

// Start joins the team and runs what falls to this process, until Stop.
func (t *Team) Start(ctx context.Context) error {
	if err := t.opts.Store.Ensure(ctx, Members(t.opts.Service)); err != nil {
		return fmt.Errorf("prepare the members of %s: %w", t.opts.Service, err)
	}
	for _, name := range PartNames(t.opts.Service, t.opts.Parts) {
		t.opts.Metrics.own(name, false)
	}
	ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	t.done = make(chan struct{})
	t.note(errors.New("joining the other replicas"))
	go t.loop(ctx)
	return nil
}

// Stop ends what runs here and tells the others, who go on at once.
func (t *Team) Stop(ctx context.Context) error {
	if t.cancel == nil {
		return nil
	}
	t.cancel()
	select {
	case <-t.done:
	case <-ctx.Done():
		return fmt.Errorf("stop %s: %w", t.opts.Service, ctx.Err())
	}
	errs := []error{t.keep(ctx, nil)}
	err := t.opts.Store.Commit(ctx, []store.Write{{
		Collection: Members(t.opts.Service).Name, Doc: store.Doc{Key: t.id, Version: t.version}, Delete: true,
	}})
	if err != nil && !errors.Is(err, store.ErrConflict) {
		errs = append(errs, fmt.Errorf("leave the members of %s: %w", t.opts.Service, err))
	}
	return errors.Join(errs...)
}

// Ready reports why what falls to this process does not run; nil when it does,
// also when nothing falls to it.
func (t *Team) Ready() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	errs := []error{t.failing}
	for _, r := range t.running {
		errs = append(errs, r.Ready())
	}
	return errors.Join(errs...)
}

func (t *Team) note(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failing = err
}

func (t *Team) loop(ctx context.Context) {
	defer close(t.done)
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		err := t.share(ctx)
		if ctx.Err() != nil {
			return
		}
		t.note(err)
		if err != nil {
			t.opts.Logger.Warn("the parts of a service cannot be shared out now; what runs goes on", "service", t.opts.Service, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
	}
}

// share says that we live, looks who else does, and runs what is ours.
func (t *Team) share(ctx context.Context) error {
	if err := t.opts.Fit(); err != nil {
		clear(t.others) // who was unfit with us gets the time to say so
		return err
	}
	if err := t.beat(ctx); err != nil {
		return err
	}
	members, err := t.alive(ctx)
	if err != nil {
		return err
	}
	mine := map[int]bool{}
	for part := range t.opts.Parts {
		if members[part%len(members)] == t.id {
			mine[part] = true
		}
	}
	return t.keep(ctx, mine)
}

func (t *Team) beat(ctx context.Context) error {
	t.beats++
	err := t.opts.Store.Commit(ctx, []store.Write{{
		Collection: Members(t.opts.Service).Name,
		Doc:        store.Doc{Key: t.id, Version: t.version, Body: &statev1.Member{Beats: t.beats, Where: t.opts.Where}},
	}})
	if errors.Is(err, store.ErrConflict) { // taken for dead and forgotten, or an earlier beat came through after all
		docs, err := t.opts.Store.Load(ctx, Members(t.opts.Service).Name, []string{t.id})
		if t.version = 0; len(docs) > 0 {
			t.version = docs[0].Version
		}
		return err
	}
	if err != nil {
		return fmt.Errorf("tell the other replicas of %s: %w", t.opts.Service, err)
	}
	t.version++
	return nil
}

// alive gives the ids of the living, ours always among them, in order.
func (t *Team) alive(ctx context.Context) ([]string, error) {
	docs, _, err := t.opts.Store.Query(ctx, store.Query{Collection: Members(t.opts.Service).Name})
	if err != nil {
		return nil, fmt.Errorf("look for the other replicas of %s: %w", t.opts.Service, err)
	}
	now, living := time.Now(), []string{t.id}
	for _, doc := range docs {
		if doc.Key == t.id {
			continue
		}
		seen, known := t.others[doc.Key]
		if !known || seen.version != doc.Version {
			seen = sighting{doc.Version, now}
			t.others[doc.Key] = seen
		}
		switch silent := now.Sub(seen.at); {
		case silent < deadAfter:
			living = append(living, doc.Key)
		case silent > forgottenAfter:
			delete(t.others, doc.Key)
			err := t.opts.Store.Commit(ctx, []store.Write{{
				Collection: Members(t.opts.Service).Name, Doc: store.Doc{Key: doc.Key, Version: doc.Version}, Delete: true,
			}})
			if err != nil && !errors.Is(err, store.ErrConflict) {
				return nil, fmt.Errorf("forget a dead replica of %s: %w", t.opts.Service, err)
			}
		}
	}
	slices.Sort(living)
	return living, nil
}

// keep stops the parts that are not ours and starts those that are.
func (t *Team) keep(ctx context.Context, mine map[int]bool) error {
	var errs []error
	t.mu.Lock()
	defer t.mu.Unlock()
	for part, r := range t.running {
		if mine[part] {
			continue
		}
		if err := r.Stop(ctx); err != nil {
			errs = append(errs, err)
			continue
		}
		delete(t.running, part)
		t.tell(part, false)
	}
	for part := range mine {
		if t.running[part] != nil {
			continue
		}
		r, err := t.opts.Part(part)
		if err == nil {
			err = r.Start(ctx)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		t.running[part] = r
		t.tell(part, true)
	}
	return errors.Join(errs...)
}

func (t *Team) tell(part int, owned bool) {
	name := PartName(t.opts.Service, part, t.opts.Parts)
	t.opts.Logger.Info("the part of a service changes hands", "part", name, "here", owned)
}

// Format is of the documents. It changes when an older kaohe could not read
// them any more; they can always be built anew from the log. Documents from
// oldestFormat on are read, and are of this one from then on.
const (
	Format       = 3 // 2: large dossiers have segments, large facts are told in pieces; 3: reasons are codes with arguments
	oldestFormat = 3
)

// ErrLayout says that documents are there which this configuration cannot use.
var ErrLayout = errors.New("the documents cannot be used; build them anew from the log with kaohe rebuild, which takes the settings given")

// ErrOlder says that the documents are an earlier kaohe's: everything but the
// log has to be built anew.
var ErrOlder = fmt.Errorf("an earlier kaohe wrote them: %w", ErrLayout)

// CheckLayout makes sure that documents are of this kaohe's format, and are kept
// in as many parts as they were written in; the first process decides.
func CheckLayout(ctx context.Context, s store.Store, parts int) error {
	layout := Layout()
	if err := s.Ensure(ctx, layout); err != nil {
		return fmt.Errorf("prepare the layout: %w", err)
	}
	for {
		docs, err := s.Load(ctx, layout.Name, []string{positionKey})
		if err != nil {
			return fmt.Errorf("read the layout: %w", err)
		}
		if len(docs) > 0 {
			layout := docs[0].Body.(*statev1.Layout)
			if layout.Format < oldestFormat {
				return fmt.Errorf("the documents have format %d, this kaohe has %d; the kaohe that wrote them reads them, or: %w",
					layout.Format, Format, ErrOlder)
			}
			if layout.Format > Format {
				return fmt.Errorf("the documents have format %d, this kaohe has %d; the kaohe that wrote them reads them, or: %w",
					layout.Format, Format, ErrLayout)
			}
			if was := int(layout.Partitions); was != parts {
				return fmt.Errorf("the documents are kept in %d partitions, not %d; give --partitions %d, or: %w", was, parts, was, ErrLayout)
			}
			if layout.Format == Format {
				return nil
			}
			layout.Format = Format
			err := s.Commit(ctx, []store.Write{{Collection: Layout().Name, Doc: docs[0]}})
			if err != nil && !errors.Is(err, store.ErrConflict) {
				return fmt.Errorf("note the layout: %w", err)
			}
			continue
		}
		err = s.Commit(ctx, []store.Write{{Collection: layout.Name,
			Doc: store.Doc{Key: positionKey, Body: &statev1.Layout{Partitions: int32(parts), Format: Format}}}})
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("note the layout: %w", err)
		}
	}
}
