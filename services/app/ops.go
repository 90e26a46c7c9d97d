package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	bounds "kaohe.dev/services/internal/budget"
	"kaohe.dev/services/internal/headers"
)

// errStarting is why an app is not ready before it says otherwise.
var errStarting = errors.New("starting")

// serveOps serves what operations ask of a process, whatever it runs: health,
// readiness, metrics and profiles. It has no token, so it listens where only
// operations come, and it comes first, so that waiting can be seen.
func (a *App) serveOps(ctx context.Context, registry *prometheus.Registry) error {
	if a.config.Ops == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.config.Ops)
	if err != nil {
		return fmt.Errorf("listen on --ops %s: %w; is another process using it?", a.config.Ops, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { tell(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { tell(w, a.Ready()) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	limits := a.config.Limits
	pace := bounds.Pace{Whole: limits.BodyWithin, Step: limits.StepWithin}
	server := &http.Server{Handler: headers.Careful(pace.HTTP(mux)), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: limits.IdleFor}
	counted := bounds.NewDoor(opsConnections, 0).Listen(listener)
	go func() { _ = server.Serve(counted) }() // it ends when it is closed
	a.later("operations", func(context.Context) error { return server.Close() })
	return nil
}

// opsConnections is how many connections of operations there may be.
const opsConnections = 256

func tell(w http.ResponseWriter, err error) {
	answer := map[string]string{"status": "ok"}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		answer = map[string]string{"status": "not_ready", "reason": err.Error()}
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer) // the caller may be gone
}

// note says why the app is not ready yet; nil: it has started.
func (a *App) note(err error) { a.starting.Store(&err) }

// Ready reports why this process does not do what it is there for; nil when it
// does.
func (a *App) Ready() error {
	if err := a.starting.Load(); err != nil && *err != nil {
		return *err
	}
	waiting := []error{a.ready()}
	for _, b := range a.buses {
		waiting = append(waiting, b.Ready())
	}
	return errors.Join(waiting...)
}
