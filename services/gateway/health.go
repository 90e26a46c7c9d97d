package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// maxLag is how far the views may be behind the ledger and still be ready.
const maxLag = 10_000

func (g *Gateway) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Content-Type"] = contentJSON
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n")) // the caller may be gone
}

// readyz tells whether calls can be served now, and if not, why.
func (g *Gateway) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	reasons := map[string]string{}
	note := func(name string, err error) {
		if err != nil {
			reasons[name] = err.Error()
		}
	}
	note("bus", g.opts.Bus.Ready())
	note("door", g.door.Ready())
	note("views", g.views.Ready())
	if g.opts.Ready != nil {
		note("targets", g.opts.Ready())
	}
	if lag, err := g.views.Lag(ctx); err != nil {
		note("ledger", err)
	} else if lag > maxLag {
		reasons["ledger"] = "the views are too far behind the ledger"
	}
	if g.ending.Err() != nil {
		reasons["gateway"] = "it is stopping"
	}
	answer := map[string]any{"status": "ready"}
	if g.identity != nil {
		// Tokens of kaohe itself are served all the same: it is ready.
		if err := g.identity.Ready(); err != nil {
			answer["identity_provider"] = err.Error()
		}
	}
	w.Header()["Content-Type"] = contentJSON
	if len(reasons) > 0 {
		answer = map[string]any{"status": "not_ready", "reasons": reasons}
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer) // the caller may be gone
}
