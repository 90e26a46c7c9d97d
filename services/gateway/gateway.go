package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/identity"
	"kaohe.dev/services/gateway/lang"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/internal/budget"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/certs"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/secret"
	"kaohe.dev/services/internal/space"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/traces"
	"kaohe.dev/services/notify"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// Options of a gateway.
type Options struct {
	// Bus and Store are where events go and views are kept.
	Bus   *bus.Bus
	Store store.Store
	// KnownSigner tells whose signatures in the log are good; nil: everybody's.
	KnownSigner func(public string) bool
	// HTTP and GRPC are the addresses to listen on, host:port; port 0 takes any.
	HTTP, GRPC string
	// Token is what callers must send.
	Token string
	// Services are all services over dossiers, for VerifyMonth and quarantine.
	Services []flow.Service
	// Now tells the wall clock; nil: the real one.
	Now func() time.Time
	// Logger; nil: none.
	Logger *slog.Logger
	// Tracer follows single events; nil: none.
	Tracer *traces.Tracer
	// Registry is served at /metrics; nil: an own one.
	Registry *prometheus.Registry
	// FutureTolerance is how far ahead a live event may be; 0: five minutes.
	FutureTolerance time.Duration
	// CustomerKey keys the hash that replaces customer references.
	CustomerKey []byte
	// Program names the version that runs: what another one failed on is tried
	// again. Empty: one under development.
	Program string
	// SecretsKey seals the secrets that are kept in the store.
	SecretsKey string
	// Partitions is in how many parts each service is run; 0 is one.
	Partitions int
	// WebhookAllow says which receivers may be registered.
	WebhookAllow notify.Allow
	// Certificate is for TLS; nil: none.
	Certificate *certs.Pair
	// Space guards the disk; nil: there is always room.
	Space *space.Guard
	// Admitted is how many bytes of pushes may be on their way at once; 0: the
	// default.
	Admitted int64
	// Ready reports why other targets of the process are not ready; may be nil.
	Ready func() error
	// Identity is the provider that people are known by; none by default.
	Identity identity.Options
	// Limits of what callers may take; the zero value: the defaults.
	Limits Limits
	// Ops says that metrics are served to operations elsewhere.
	Ops bool
}

// Gateway serves. Start and Stop may be called once each, Stop again and again.
type Gateway struct {
	opts   Options
	tokens *access.Tokens
	hooks  *notify.Hooks
	access access.Table
	// identity is the provider people are known by; nil: none.
	identity *identity.Provider
	door     *door.Door
	views    *views.Views
	// admission is of pushes.
	admission *admission
	rates     rates
	attempts  attempts
	refusals  refusals
	streams   *budget.Slots
	// connections are counted over all listeners, and the calls whose message has
	// not come yet.
	connections *budget.Door
	arriving    *budget.Slots
	cards       cardCache
	// trying is held by the one who tries what if: it takes much memory; answers
	// by all who are not through with it.
	trying  chan struct{}
	answers *budget.Slots
	// registers is held by the one who changes the registry, or looks what a
	// file would change.
	registers chan struct{}
	// reports is held by those who have one made.
	reports chan struct{}

	mu        sync.Mutex
	http      *http.Server
	grpc      *grpc.Server
	listeners []net.Listener
	httpAddr  string
	grpcAddr  string
	serving   sync.WaitGroup
	// ending ends streams and whoever waits; other calls may finish.
	ending context.Context
	end    context.CancelFunc
}

// New makes a gateway; Start lets it serve.
func New(opts Options) (*Gateway, error) {
	if opts.Token == "" {
		return nil, errors.New("make the gateway: no token is set; without one nobody could be told from anybody")
	}
	if len(opts.CustomerKey) == 0 {
		return nil, errors.New("make the gateway: no customer key is set; customer references could not be hashed")
	}
	sealing, err := secret.New(opts.SecretsKey)
	if err != nil {
		return nil, fmt.Errorf("make the gateway: the key of the secrets in the store: %w", err)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Registry == nil {
		opts.Registry = prometheus.NewRegistry()
	}
	if opts.Limits == (Limits{}) {
		opts.Limits = DefaultLimits()
	}
	g := &Gateway{opts: opts, streams: budget.NewSlots(0, opts.Limits.Streams), connections: budget.NewDoor(opts.Limits.Connections, opts.Limits.ConnectionsOfOne),
		arriving: budget.NewSlots(maxArriving, maxArrivingOfOne), answers: budget.NewSlots(answersAtOnce, answersOfOne), rates: rates{limits: opts.Limits, now: opts.Now}, attempts: attempts{now: opts.Now}, refusals: refusals{now: opts.Now}, access: access.NewTable(),
		admission: newAdmission(opts.Admitted, opts.Registry), trying: make(chan struct{}, 1), registers: make(chan struct{}, 1), reports: make(chan struct{}, reportsAtOnce)}
	g.tokens = access.NewTokens(opts.Store, opts.Token, opts.Now, g.record)
	if opts.Identity.On() {
		if g.identity, err = identity.New(opts.Identity, opts.Now, opts.Logger); err != nil {
			return nil, fmt.Errorf("make the gateway: %w", err)
		}
	}
	g.hooks = notify.NewHooks(opts.Store, sealing, opts.WebhookAllow, opts.Now)
	g.ending, g.end = context.WithCancel(context.Background())
	g.views = views.New(views.Options{Bus: opts.Bus, Store: opts.Store, Room: opts.Space.ForRest, Partitions: opts.Partitions, Quarantines: g.quarantining()[1:], Logger: opts.Logger, Registry: opts.Registry, Tracer: opts.Tracer})
	g.door, err = door.New(door.Options{
		Bus: opts.Bus, Store: opts.Store, CustomerKey: opts.CustomerKey, Tolerance: opts.FutureTolerance, Now: opts.Now,
		Units: func() []string { return g.views.Policy().Units() }, Policy: func() *rulebook.Policy { return g.views.Policy() }, Closed: g.firstClosed,
		Keys: ingest.Service().Keys, Measure: g.measure,
		Room: opts.Space.ForMore, Logger: opts.Logger, Registry: opts.Registry, Tracer: opts.Tracer,
	})
	if err != nil {
		return nil, fmt.Errorf("make the gateway: %w", err)
	}
	return g, nil
}

// Kept are the collections of the documents the gateway keeps; of the webhooks
// together with the notifier.
func Kept() []store.Collection {
	kept := append(append(door.Collections(), views.Collections()...), access.Collection())
	return append(kept, notify.Collections()...)
}

// Collections are the documents the gateway keeps, and those of others that it
// reads.
func (g *Gateway) Collections() []store.Collection {
	collections := Kept()
	tickets := flow.NewMachine(ingest.Service())
	for _, name := range run.PartNames(tickets.Name(), g.opts.Partitions) {
		collections = append(collections, run.Docs(name, tickets.New), run.Segments(name))
	}
	for kind := range judging() {
		judges := judging()[kind]
		for _, name := range run.PartNames(judges.Name(), g.opts.Partitions) {
			collections = append(collections, run.Docs(name, judges.New), run.Segments(name))
		}
	}
	points := scoring.New()
	for _, name := range run.PartNames(points.Name(), g.opts.Partitions) {
		collections = append(collections, run.Docs(name, points.New))
	}
	for _, service := range g.quarantining()[1:] {
		collections = append(collections, run.Quarantine(service))
	}
	return collections
}

// quarantining names who sets input aside, the door first.
func (g *Gateway) quarantining() []string {
	names := []string{door.Service}
	for _, s := range g.opts.Services {
		names = append(names, run.PartNames(s.Name, g.opts.Partitions)...)
	}
	return append(names, run.PartNames(scoring.New().Name(), g.opts.Partitions)...)
}

// Start listens, brings door and views up to date, and returns when calls are
// served. After an error nothing is left running.
func (g *Gateway) Start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, g.Stop(context.WithoutCancel(ctx)))
		}
	}()
	onHTTP, err := g.listen(ctx, "HTTP", g.opts.HTTP)
	if err != nil {
		return err
	}
	onGRPC, err := g.listen(ctx, "gRPC", g.opts.GRPC)
	if err != nil {
		return err
	}
	if err := g.opts.Store.Ensure(ctx, g.Collections()...); err != nil {
		return fmt.Errorf("prepare the gateway's documents: %w", err)
	}
	if err := g.views.Start(ctx); err != nil {
		return err
	}
	if err := g.door.Start(ctx); err != nil {
		return err
	}
	for _, service := range run.PartNames(ingest.Service().Name, g.opts.Partitions) {
		if err := g.feedAgain(ctx, service, true); err != nil {
			g.opts.Logger.Warn("what was set aside cannot be tried again now", "service", service, "error", err)
		}
	}
	handler, err := g.handler(ctx, !g.opts.Ops && loopback(onHTTP))
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.httpAddr, g.grpcAddr = onHTTP.Addr().String(), onGRPC.Addr().String()
	g.http = &http.Server{
		Handler: handler, ReadHeaderTimeout: g.opts.Limits.HeaderWithin, IdleTimeout: g.opts.Limits.IdleFor, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(g.opts.Logger.Handler(), slog.LevelWarn),
	}
	g.grpc = g.grpcServer()
	if g.identity != nil {
		g.identity.Start(ctx)
	}
	if g.opts.Certificate != nil {
		onHTTP = tls.NewListener(onHTTP, g.opts.Certificate.Config("http/1.1"))
	} else if !loopback(onHTTP) || !loopback(onGRPC) {
		g.opts.Logger.Warn("tokens cross the network in the clear: give --tls-cert and --tls-key, or let only what is in front of kaohe reach it")
	}
	g.serve("HTTP", func() error { return g.http.Serve(onHTTP) })
	g.serve("gRPC", func() error { return g.grpc.Serve(onGRPC) })
	return nil
}

func (g *Gateway) listen(ctx context.Context, what, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen for %s on %s: the port is in use, perhaps by another kaohe; "+
			"stop that, or choose another address with --%s: %w", what, address, lower(what), err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for %s on %s: %w; choose another address with --%s", what, address, err, lower(what))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	l = g.connections.Listen(l)
	g.listeners = append(g.listeners, l)
	return l, nil
}

func loopback(l net.Listener) bool {
	address, ok := l.Addr().(*net.TCPAddr)
	return ok && address.IP.IsLoopback()
}

func lower(what string) string {
	if what == "gRPC" {
		return "grpc"
	}
	return "http"
}

func (g *Gateway) serve(what string, serve func() error) {
	g.serving.Go(func() {
		err := serve()
		if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) && g.ending.Err() == nil {
			g.opts.Logger.Error("serving ended", "what", what, "error", err)
		}
	})
}

// Stop ends streams, lets calls finish and closes door and views. Twice, or
// before Start, is harmless.
func (g *Gateway) Stop(ctx context.Context) error {
	g.end()
	g.mu.Lock()
	onHTTP, onGRPC, listeners := g.http, g.grpc, g.listeners
	g.listeners = nil
	g.mu.Unlock()
	var errs []error
	if onHTTP != nil {
		if err := onHTTP.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop serving HTTP: %w", err), onHTTP.Close())
		}
	}
	if onGRPC != nil {
		stopGRPC(ctx, onGRPC)
	}
	for _, l := range listeners {
		_ = l.Close() // the servers have closed theirs
	}
	g.serving.Wait()
	if g.identity != nil {
		g.identity.Stop()
	}
	return errors.Join(append(errs, g.door.Stop(ctx), g.views.Stop(ctx))...)
}

func stopGRPC(ctx context.Context, server *grpc.Server) {
	done := make(chan struct{})
	go func() { server.GracefulStop(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		server.Stop()
		<-done
	}
}

// HTTPAddr is where REST and the page are served; empty before Start.
func (g *Gateway) HTTPAddr() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.httpAddr
}

// GRPCAddr is where gRPC is served; empty before Start.
func (g *Gateway) GRPCAddr() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.grpcAddr
}

// Push takes events in by the door, as callers' are, for the process itself:
// its rulebooks. Reasons are in English.
func (g *Gateway) Push(ctx context.Context, events []*feedv1.Event) ([]*apiv1.EventVerdict, error) {
	items, err := itemsOf(events)
	if err != nil {
		return nil, err
	}
	return g.door.Push(ctx, lang.En, items)
}
