package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/identity"
)

// People sign in with a browser at the identity provider; what the browser then
// has is a token of kaohe's in a cookie that no script reads: it expires, is
// listed and can be revoked like any other.

const (
	signInPath   = "/auth/login"
	callbackPath = "/auth/callback"
	// attemptWithin is how long a sign-in may take.
	attemptWithin = 10 * time.Minute
)

// signIn are the paths of signing in, which are there in any case: the page
// asks whether there is a provider.
func (g *Gateway) signIn() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /auth":           g.tellSignIn,
		"GET " + signInPath:   g.beginSignIn,
		"GET " + callbackPath: g.finishSignIn,
		"POST /auth/logout":   g.signOut,
	}
}

// tellSignIn tells the page whether people can sign in.
func (g *Gateway) tellSignIn(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Content-Type"] = contentJSON
	_ = json.NewEncoder(w).Encode(map[string]bool{"login": g.identity != nil}) // the caller may be gone
}

func (g *Gateway) beginSignIn(w http.ResponseWriter, r *http.Request) {
	if g.identity == nil {
		nowhere(r.URL.Path).write(w, r)
		return
	}
	attempt, to, err := g.identity.Begin(g.publicURL() + callbackPath)
	if err != nil {
		g.backToPage(w, r, err)
		return
	}
	// Lax: the provider sends the browser back from another site.
	http.SetCookie(w, g.cookie(g.attemptCookie(), strings.Join([]string{attempt.State, attempt.Nonce, attempt.Verifier}, "."), attemptWithin, http.SameSiteLaxMode))
	http.Redirect(w, r, to, http.StatusFound)
}

// finishSignIn takes the provider's answer and begins a session.
func (g *Gateway) finishSignIn(w http.ResponseWriter, r *http.Request) {
	if g.identity == nil {
		nowhere(r.URL.Path).write(w, r)
		return
	}
	if !g.attempts.take(r) {
		g.backToPage(w, r, identity.ErrBusy)
		return
	}
	attempt := identity.Attempt{}
	if c, err := r.Cookie(g.attemptCookie()); err == nil {
		if parts := strings.Split(c.Value, "."); len(parts) == 3 {
			attempt = identity.Attempt{State: parts[0], Nonce: parts[1], Verifier: parts[2]}
		}
	}
	http.SetCookie(w, g.cookie(g.attemptCookie(), "", -time.Second, http.SameSiteLaxMode)) // an attempt is good once
	secret, err := g.session(r.Context(), attempt, r.URL.Query().Get("state"), r.URL.Query().Get("code"))
	if err != nil {
		g.backToPage(w, r, err)
		return
	}
	http.SetCookie(w, g.cookie(g.sessionCookie(), secret, g.identity.Session(), http.SameSiteStrictMode))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (g *Gateway) session(ctx context.Context, attempt identity.Attempt, state, code string) (string, error) {
	who, err := g.identity.Finish(ctx, attempt, g.publicURL()+callbackPath, state, code)
	if who != nil && err != nil {
		g.refusedAttempt(who, "SignIn", err.Error())
	}
	if err != nil {
		return "", err
	}
	return g.tokens.SignIn(access.With(ctx, who), g.identity.Session())
}

// backToPage tells the page why nobody was signed in; the page has the words.
func (g *Gateway) backToPage(w http.ResponseWriter, r *http.Request, err error) {
	why := "failed"
	switch {
	case errors.Is(err, identity.ErrNoRole), errors.Is(err, identity.ErrNoUnits):
		why = "denied"
	case errors.Is(err, identity.ErrAttempt):
		why = "expired"
	case errors.Is(err, identity.ErrUnreachable):
		why = "unreachable"
	case errors.Is(err, identity.ErrBusy):
		why = "busy"
	}
	g.opts.Logger.Warn("nobody was signed in", "why", why, "error", err)
	http.Redirect(w, r, "/#login="+why, http.StatusSeeOther)
}

// signOut ends the session on every gateway, and takes the cookie away.
func (g *Gateway) signOut(w http.ResponseWriter, r *http.Request) {
	header, err := g.credential(r)
	if err != nil {
		problemOf(err).write(w, r)
		return
	}
	p, err := g.tokens.Authenticate(r.Context(), header)
	if err == nil && strings.HasPrefix(p.ID, identity.Prefix) {
		if _, err := g.tokens.Revoke(access.With(r.Context(), p), p.Token); err != nil {
			problemOf(err).write(w, r)
			return
		}
	}
	http.SetCookie(w, g.cookie(g.sessionCookie(), "", -time.Second, http.SameSiteStrictMode))
	w.WriteHeader(http.StatusNoContent)
}

// credential gives what a caller shows: his header, or else the cookie of his
// session. A cookie comes with whatever site made the browser ask, so only what
// our own page asks for may change anything with it.
func (g *Gateway) credential(r *http.Request) (string, error) {
	if header := r.Header.Get("Authorization"); header != "" || g.identity == nil {
		return header, nil
	}
	c, err := r.Cookie(g.sessionCookie())
	if err != nil {
		return "", nil
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return "", trouble(codes.PermissionDenied, "other_site", "来自其他网站的请求未受理：%v", "what another site asks for is not done: %v", err)
	}
	return "Bearer " + c.Value, nil
}

// publicURL is where browsers reach the page.
func (g *Gateway) publicURL() string {
	if u := g.identity.PublicURL(); u != "" {
		return strings.TrimSuffix(u, "/")
	}
	if g.opts.Certificate != nil {
		return "https://" + g.HTTPAddr()
	}
	return "http://" + g.HTTPAddr()
}

func (g *Gateway) secure() bool { return strings.HasPrefix(g.publicURL(), "https:") }

// The names of the cookies. With TLS browsers take __Host- from this host only.
func (g *Gateway) sessionCookie() string { return g.cookieName("kaohe") }
func (g *Gateway) attemptCookie() string { return g.cookieName("kaohe-login") }

func (g *Gateway) cookieName(name string) string {
	if g.secure() {
		return "__Host-" + name
	}
	return name
}

// cookie makes a cookie that no script reads; a negative time takes it away.
func (g *Gateway) cookie(name, value string, within time.Duration, site http.SameSite) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(within / time.Second), HttpOnly: true, Secure: g.secure(), SameSite: site,
	}
}
