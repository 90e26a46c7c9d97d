package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/time/rate"

	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/internal/pause"
)

// Provider is an OpenID Connect provider. It is safe for concurrent use.
type Provider struct {
	opts   Options
	grants []grant
	secret string
	now    func() time.Time
	log    *slog.Logger
	// keys asks for what the provider is and which keys it signs with, signIn for
	// the tokens of who signs in: what strangers make kaohe ask of the one takes
	// nothing from the other.
	keys, signIn *http.Client

	mu      sync.Mutex
	found   *oidc.Provider
	missing error // why it was not found yet
	stop    context.CancelFunc
	running sync.WaitGroup
}

// ErrUnreachable says that nobody can be known by the provider now.
var ErrUnreachable = errors.New("the identity provider cannot be reached")

// ErrBusy says that the provider is asked too often now.
var ErrBusy = errors.New("the identity provider is asked too often now")

// New makes a provider; Start looks for it.
func New(opts Options, now func() time.Time, log *slog.Logger) (*Provider, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	grants, err := mapping(opts.Roles)
	if err != nil {
		return nil, err
	}
	p := &Provider{opts: opts, grants: grants, now: now, log: log, missing: ErrUnreachable,
		keys:   &http.Client{Timeout: askWithin, Transport: &sparing{http.DefaultTransport, rate.NewLimiter(keysPerSecond, keysAtOnce)}},
		signIn: &http.Client{Timeout: askWithin, Transport: &sparing{http.DefaultTransport, rate.NewLimiter(signInsPerSecond, signInsAtOnce)}},
	}
	if opts.ClientSecretFile != "" {
		raw, err := os.ReadFile(opts.ClientSecretFile)
		if err != nil {
			return nil, fmt.Errorf("--oidc-client-secret-file: %w", err)
		}
		p.secret = strings.TrimSpace(string(raw))
	}
	return p, nil
}

// How the provider is asked.
const (
	askWithin = 10 * time.Second
	// How often it is asked for its keys: a token signed with a key that is not
	// known makes kaohe ask, and anybody can make such tokens. One answer has all
	// keys, so more is never needed.
	keysPerSecond = 2
	keysAtOnce    = 20
	// How often it is asked for the token of who signs in.
	signInsPerSecond = 20
	signInsAtOnce    = 100
	// The pauses between two looks for a provider that is not there.
	firstPause = 200 * time.Millisecond
	maxPause   = 15 * time.Second
)

// sparing asks only so often.
type sparing struct {
	next    http.RoundTripper
	limiter *rate.Limiter
}

// RoundTrip asks, or says that it was asked too often.
func (s *sparing) RoundTrip(r *http.Request) (*http.Response, error) {
	if !s.limiter.Allow() {
		return nil, ErrBusy
	}
	return s.next.RoundTrip(r)
}

// Start looks for the provider until it is found, in the background.
func (p *Provider) Start(ctx context.Context) {
	ctx, p.stop = context.WithCancel(oidc.ClientContext(context.WithoutCancel(ctx), p.keys))
	p.running.Go(func() {
		wait := pause.Between(firstPause, maxPause)
		for !p.look(ctx) && pause.Sleep(ctx, wait.Next()) {
		}
	})
}

// look asks the provider what it is, once. The keys it signs with are asked for
// when they are needed, kept, and asked for again when a token names another.
func (p *Provider) look(ctx context.Context) bool {
	found, err := oidc.NewProvider(ctx, p.opts.Issuer)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.missing = fmt.Errorf("%w: %w", ErrUnreachable, err)
		p.log.Warn("waiting for the identity provider, tokens of kaohe itself are taken meanwhile", "issuer", p.opts.Issuer, "error", err)
		return false
	}
	p.found, p.missing = found, nil
	p.log.Info("the identity provider was found", "issuer", p.opts.Issuer)
	return true
}

// Stop ends looking. Twice, or before Start, is harmless.
func (p *Provider) Stop() {
	if p.stop != nil {
		p.stop()
	}
	p.running.Wait()
}

// Ready reports why nobody is known by the provider now.
func (p *Provider) Ready() error {
	_, err := p.get()
	return err
}

func (p *Provider) get() (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.found, p.missing
}

// Signed reports whether a token looks like one a provider signs.
func Signed(token string) bool { return strings.Count(token, ".") == 2 }

// Authenticate gives who sends a token, access.ErrUnknown when it is not good,
// ErrNoRole and ErrNoUnits when he may do nothing.
func (p *Provider) Authenticate(ctx context.Context, token string) (*access.Principal, error) {
	verified, err := p.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	return p.claims(verified)
}

func (p *Provider) claims(token *oidc.IDToken) (*access.Principal, error) {
	claims := map[string]any{}
	if err := token.Claims(&claims); err != nil {
		return nil, access.ErrUnknown
	}
	return p.principal(token.Subject, claims)
}

// verify checks issuer, audience, time and signature, and that the token was
// issued to kaohe: one that somebody gave to another program is not taken.
func (p *Provider) verify(ctx context.Context, token string) (*oidc.IDToken, error) {
	provider, err := p.get()
	if err != nil {
		return nil, err
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: p.opts.ClientID, Now: p.now}).Verify(ctx, token)
	if err != nil {
		p.log.Debug("a token of the identity provider was not taken", "error", err)
		return nil, fmt.Errorf("%w: %w", access.ErrUnknown, err)
	}
	var party struct {
		Azp string `json:"azp"`
	}
	if err := verified.Claims(&party); err != nil || party.Azp != p.opts.ClientID && (party.Azp != "" || len(verified.Audience) > 1) {
		p.log.Debug("a token of the identity provider was issued to another program", "azp", party.Azp, "audience", verified.Audience)
		return nil, fmt.Errorf("%w: it was issued to %q", access.ErrUnknown, party.Azp)
	}
	return verified, nil
}
