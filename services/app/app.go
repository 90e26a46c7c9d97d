package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"kaohe.dev/services/gateway"
	"kaohe.dev/services/internal/archive"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/certs"
	"kaohe.dev/services/internal/durable"
	"kaohe.dev/services/internal/inventory"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/space"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/sqlitestore"
	"kaohe.dev/services/internal/store/storeurl"
	"kaohe.dev/services/internal/traces"
	"kaohe.dev/services/notify"
)

// App is a running kaohe, or a part of one.
type App struct {
	config  Config
	targets []target
	token   string
	buses   map[string]*bus.Bus // by NATS user
	allow   notify.Allow
	store   store.Store
	gateway *gateway.Gateway
	tracer  *traces.Tracer
	archive *archive.Archive
	signer  signer // of who writes to the log
	// inventory is what the data directory had at the start; nil: it is not known.
	inventory *inventory.Inventory
	// suspect says that something was found that the next start has to look at.
	suspect atomic.Bool
	// mending is set while what nothing can replace is mended.
	mending *mending
	// asideDir is where this start puts aside what is damaged; empty: nothing is.
	asideDir string
	// anew says that everything but the feed is decided anew.
	anew bool
	// deciding is set until that is done.
	deciding atomic.Bool
	runners  []runner
	budget   budget
	// starting is why it is not ready yet.
	starting atomic.Pointer[error]
	// cleanups are run last in, first out.
	cleanups []cleanup
}

// runner is a runner, or a team that shares one out.
type runner = run.Worker

type cleanup struct {
	name string
	do   func(context.Context) error
}

// New checks the configuration. It starts nothing.
func New(config Config) (*App, error) {
	if len(config.Targets) == 0 {
		config.Targets = []string{All}
	}
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	chosen, err := resolve(config.Targets)
	if err != nil {
		return nil, err
	}
	config.Partitions = max(1, config.Partitions)
	allow, err := notify.ParseAllow(config.WebhookAllow)
	if err != nil {
		return nil, err
	}
	return &App{config: config, targets: chosen, allow: allow}, nil
}

// Start starts all targets, downstream first and the gateway last, and returns
// when they run. After an error nothing is left running. What the log can give
// back is given back.
func (a *App) Start(ctx context.Context) error {
	err := a.start(ctx)
	if errors.Is(err, errAnew) {
		a.config.Logger.Error("everything but the feed is decided anew", "why", err)
		err = a.start(ctx)
	}
	return err
}

func (a *App) start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
		}
	}()
	a.note(errStarting)
	b, release := limitMemory(a.config.Memory, a.config.Partitions*len(a.targets))
	a.budget = b
	a.later("the memory limit", func(context.Context) error { release(); return nil })
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := a.serveOps(ctx, registry); err != nil {
		return err
	}
	if a.tracer, err = traces.Start(ctx, a.config.traces()); err != nil {
		return err
	}
	a.later("traces", a.tracer.Stop)
	if err := a.openData(ctx); err != nil {
		return err
	}
	if err := a.connect(ctx); err != nil {
		return err
	}
	metrics := run.NewMetrics(registry)
	if err := a.startRunners(ctx, metrics); err != nil {
		return err
	}
	if err := a.startNotifier(ctx, registry, metrics); err != nil {
		return err
	}
	if err := a.startGateway(ctx, registry); err != nil {
		return err
	}
	if err := a.noteFixed(); err != nil {
		return err
	}
	a.startScrub(registry)
	a.note(nil)
	a.finishAnew()
	return nil
}

// Stop stops everything, upstream first. Twice, or before Start, is harmless.
func (a *App) Stop(ctx context.Context) error {
	var failures []error
	for len(a.cleanups) > 0 {
		last := a.cleanups[len(a.cleanups)-1]
		a.cleanups = a.cleanups[:len(a.cleanups)-1]
		if err := last.do(ctx); err != nil {
			failures = append(failures, fmt.Errorf("stop %s: %w", last.name, err))
		}
	}
	return errors.Join(failures...)
}

func (a *App) later(name string, do func(context.Context) error) {
	a.cleanups = append(a.cleanups, cleanup{name, do})
}

// openData takes the data directory.
func (a *App) openData(ctx context.Context) error {
	// Processes that share a data directory share its secrets only; the lock
	// belongs to the one that keeps streams or documents in it.
	if a.config.NATS == "" || a.config.Store == "" {
		file, err := lock(a.config.Data)
		if err != nil {
			return err
		}
		a.later("lock", func(context.Context) error { return file.Close() })
	} else if err := durable.Dir(a.config.Data); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if err := checkWhole(a.config.Data, a.config.Work); err != nil {
		return err
	}
	if !a.shared() {
		if err := a.examine(ctx); err != nil {
			return err
		}
	}
	return checkFormat(a.config.Data)
}

// connect opens the streams and the store.
func (a *App) connect(ctx context.Context) error {
	if err := checkSynced(a.config.Data); err != nil {
		return err
	}
	if a.serves() {
		var err error
		if a.signer, err = loadSigner(a.config.Data); err != nil {
			return err
		}
	}
	if err := a.openStreams(ctx, a.users()...); err != nil {
		return err
	}
	if err := a.startAnew(ctx); err != nil {
		return err
	}
	if err := a.openStore(ctx); err != nil {
		return err
	}
	if err := a.comparePositions(ctx); err != nil {
		return err
	}
	a.deciding.Store(a.decidesAnew())
	return nil
}

func (a *App) openStore(ctx context.Context) (err error) {
	var options []sqlitestore.Option
	if a.budget.cache > 0 {
		options = append(options, sqlitestore.WithCache(a.budget.cache))
	}
	a.store, err = storeurl.Open(ctx, a.address(), options...)
	if err != nil {
		return err
	}
	a.later("store", func(context.Context) error { return a.store.Close() })
	return run.CheckLayout(ctx, a.store, a.config.Partitions)
}

func (a *App) startRunners(ctx context.Context, metrics *run.Metrics) error {
	for i := len(a.targets) - 1; i >= 0; i-- {
		t := a.targets[i]
		if t.machine == nil {
			continue
		}
		running, err := a.runnersOf(t, metrics)
		if err != nil {
			return fmt.Errorf("make %s: %w", t.name, err)
		}
		for _, r := range running {
			if err := r.Start(ctx); err != nil {
				return fmt.Errorf("start %s: %w", t.name, err)
			}
			a.runners = append(a.runners, r)
			a.later(t.name, r.Stop)
		}
	}
	return nil
}

// runnersOf gives what runs a target: a runner for each part, or, where other
// processes may run it too, the team that shares the parts out. Who has the
// streams or the documents to himself is alone.
func (a *App) runnersOf(t target, metrics *run.Metrics) ([]runner, error) {
	parts := a.config.Partitions
	part := func(part int) (run.Worker, error) {
		return run.New(run.Options{
			Machine: t.machine(), Part: part, Parts: parts, Bus: a.bus(t.name), Store: a.store, Stream: t.stream,
			Upstream: allParts(t.upstream, parts), Downstream: allParts(t.downstream, parts),
			Now: a.config.Now, Logger: a.config.Logger, Metrics: metrics, Tracer: a.tracer, Room: a.space().ForRest,
			Documents: a.budget.documents, Program: program(),
		})
	}
	if a.shared() {
		return []runner{a.team(t.name, parts, part, metrics)}, nil
	}
	var all []runner
	for i := range parts {
		r, err := part(i)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// allParts names the parts of some services.
func allParts(services []string, parts int) []string {
	var names []string
	for _, service := range services {
		names = append(names, run.PartNames(service, parts)...)
	}
	return names
}

// shared reports whether other processes may run the same services.
func (a *App) shared() bool { return a.config.NATS != "" && a.config.Store != "" }

// team shares the parts of a service out among the processes that run it.
func (a *App) team(service string, parts int, part func(int) (run.Worker, error), metrics *run.Metrics) *run.Team {
	host, _ := os.Hostname() // for people only
	return run.NewTeam(run.TeamOptions{
		Service: service, Parts: parts, Store: a.store, Part: part, Fit: a.bus(service).Ready, Logger: a.config.Logger, Metrics: metrics,
		Where: fmt.Sprintf("%s, process %d", host, os.Getpid()),
	})
}

// serves reports whether the gateway is among the targets.
func (a *App) serves() bool { return a.targets[len(a.targets)-1].name == Gateway }

func (a *App) startGateway(ctx context.Context, registry *prometheus.Registry) error {
	if !a.serves() {
		return nil
	}
	// Only a door needs them: nobody else may know them.
	var err error
	if a.token, err = secretFile(a.config.Data, adminToken); err != nil {
		return err
	}
	key, err := a.customerKey(ctx)
	if err != nil {
		return err
	}
	sealing, err := a.secretsKey(ctx)
	if err != nil {
		return err
	}
	var pair *certs.Pair
	if a.config.TLSCert != "" {
		if pair, err = certs.Load(a.config.TLSCert, a.config.TLSKey, a.config.Logger); err != nil {
			return err
		}
	}
	a.gateway, err = gateway.New(gateway.Options{
		Certificate: pair, Program: program(),
		Bus: a.bus(Gateway), KnownSigner: a.signer.knows, Store: a.store, HTTP: a.config.HTTP, GRPC: a.config.GRPC, Token: a.token,
		Services: Services(), Now: a.config.Now, Logger: a.config.Logger, Registry: registry, Tracer: a.tracer,
		WebhookAllow: a.allow, FutureTolerance: a.config.FutureTolerance, CustomerKey: []byte(key), SecretsKey: sealing, Ready: a.ready, Space: a.space(), Partitions: a.config.Partitions,
		Admitted: a.budget.admitted,
		Identity: a.config.Identity, Limits: a.config.Limits, Ops: a.config.Ops != "",
	})
	if err != nil {
		return err
	}
	if err := a.gateway.Start(ctx); err != nil {
		return err
	}
	a.later(Gateway, a.gateway.Stop)
	return a.publishRulebooks(ctx)
}

// space guards the disk of the data directory.
func (a *App) space() *space.Guard {
	return &space.Guard{Dir: a.config.Data, Reserve: a.config.Reserve}
}

// ready reports what does not run.
func (a *App) ready() error {
	var waiting []error
	if a.deciding.Load() {
		waiting = append(waiting, errDeciding)
	}
	for _, r := range a.runners {
		waiting = append(waiting, r.Ready())
	}
	return errors.Join(waiting...)
}

// HTTPAddr is where the REST API and the page are; empty without the gateway.
func (a *App) HTTPAddr() string {
	if a.gateway == nil {
		return ""
	}
	return a.gateway.HTTPAddr()
}

// GRPCAddr is where the gRPC API is; empty without the gateway.
func (a *App) GRPCAddr() string {
	if a.gateway == nil {
		return ""
	}
	return a.gateway.GRPCAddr()
}

// Token is the administrator's token; empty without the gateway.
func (a *App) Token() string { return a.token }
