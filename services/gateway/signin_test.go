package gateway_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// browser keeps cookies and follows redirects, up to a place where it stops.
type browser struct {
	h      *house
	client http.Client
	stopAt string // a path
	last   *url.URL
	set    map[string]*http.Cookie // the latest of each name
}

func (h *house) browser() *browser {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	must(h.t, err)
	b := &browser{h: h, set: map[string]*http.Cookie{}}
	b.client = http.Client{Jar: jar, Transport: b, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if b.last = r.URL; b.stopAt != "" && r.URL.Path == b.stopAt {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

// RoundTrip notes the cookies that are set.
func (b *browser) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		for _, c := range response.Cookies() {
			b.set[c.Name] = c
		}
	}
	return response, err
}

// ask asks for a path as the page does.
func (b *browser) ask(method, path string, headers ...string) *http.Response {
	b.h.t.Helper()
	r := b.h.request(method, strings.TrimPrefix(path, "http://"+b.h.g.HTTPAddr()), "", headers...)
	r.Header.Del("Authorization")
	b.last = r.URL
	response, err := b.client.Do(r)
	must(b.h.t, err)
	_ = response.Body.Close()
	response.Request.URL = b.last
	return response
}

func (b *browser) visit(path string) *http.Response { b.h.t.Helper(); return b.ask("GET", path) }

func TestSigningInWithABrowser(t *testing.T) {
	p := provide(t, "127.0.0.1:0")
	h := known(t, p.Issuer()).open().found()
	h.verdicts(unit)
	b := h.browser()
	if a := h.call("GET", "/auth", ""); !strings.Contains(a.body, `"login":true`) {
		t.Errorf("the page is told %s", a.body)
	}
	p.QueueUser(someone("li", []string{"chengqu"}, "score-unit"))
	if r := b.visit("/auth/login"); r.StatusCode != http.StatusOK || b.last.Path != "/" || b.last.Fragment != "" {
		t.Fatalf("signing in leads to %s: %s", b.last, r.Status)
	}
	for name, c := range b.set {
		if !c.HttpOnly || c.Path != "/" || c.SameSite == http.SameSiteNoneMode || c.SameSite == http.SameSiteDefaultMode {
			t.Errorf("the cookie %s is open to scripts or other sites: %s", name, c)
		}
	}
	if c := b.set["kaohe"]; c == nil || c.SameSite != http.SameSiteStrictMode || c.MaxAge != int((8*time.Hour).Seconds()) {
		t.Errorf("the session: %v", b.set)
	}
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/v1/me", nil, 200},
		{"GET", "/v1/months/2026-03/entries?unit=chengqu", nil, 200},
		{"GET", "/v1/months/2026-03/entries?unit=xinqu", nil, 403},
		{"GET", "/v1/tokens", nil, 403},
		{"POST", "/v1/events", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "/auth/logout", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "/auth/logout", []string{"Origin", "https://elsewhere.example"}, 403},
		{"GET", "/v1/me", []string{"Sec-Fetch-Site", "cross-site"}, 200},
	} {
		if r := b.ask(c.method, c.path, c.headers...); r.StatusCode != c.want {
			t.Errorf("%s %s %v: %s, want %d", c.method, c.path, c.headers, r.Status, c.want)
		}
	}
	ctx, c := h.dial(token)
	list, err := apiv1.NewTokenServiceClient(c).ListTokens(ctx, &apiv1.ListTokensRequest{})
	must(t, err)
	if len(list.Tokens) != 1 || list.Tokens[0].CreatedBy != "oidc:li" || list.Tokens[0].ExpiresAt == nil {
		t.Errorf("the session among the tokens: %v", list.Tokens)
	}
	session := b.set["kaohe"].Value
	if r := b.ask("POST", "/auth/logout", "Sec-Fetch-Site", "same-origin"); r.StatusCode != http.StatusNoContent {
		t.Errorf("signing out: %s", r.Status)
	}
	if r := b.visit("/v1/me"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("signed out: %s", r.Status)
	}
	if a := h.call("GET", "/v1/me", "", "Authorization", "Bearer "+session); a.code != http.StatusUnauthorized {
		t.Errorf("the session, kept elsewhere: %d %s", a.code, a.body)
	}
	trail, _ := h.trail(url.Values{"who": {"oidc:li"}})
	if shorts(trail) != "oidc:li SignIn\noidc:li RevokeToken" {
		t.Errorf("the trail: %s", shorts(trail))
	}
}

func TestWhoMayNotSignIn(t *testing.T) {
	p := provide(t, "127.0.0.1:0")
	h := known(t, p.Issuer()).open().found()
	out := func(b *browser, what, want string) {
		t.Helper()
		if b.last.Path != "/" || b.last.Fragment != want || b.set["kaohe"] != nil {
			t.Errorf("%s: led to %s with %v", what, b.last, b.set)
		}
	}
	b := h.browser()
	p.QueueUser(someone("wang", nil, "nothing"))
	b.visit("/auth/login")
	out(b, "somebody without a role", "login=denied")

	// What was begun by one browser is not finished by another, nor twice.
	attacker, victim := h.browser(), h.browser()
	attacker.stopAt, victim.stopAt = "/auth/callback", "/auth/callback"
	p.QueueUser(someone("attacker", nil, "score-board"))
	attacker.visit("/auth/login")
	answer := attacker.last.String()
	victim.visit("/auth/login")
	attacker.stopAt, victim.stopAt = "", ""
	victim.visit(answer)
	out(victim, "another's answer", "login=expired")
	stranger := h.browser()
	stranger.visit(answer)
	out(stranger, "an answer nobody waits for", "login=expired")
	attacker.visit(answer)
	if attacker.set["kaohe"] == nil {
		t.Errorf("his own answer: %s", attacker.last)
	}
	attacker.set = map[string]*http.Cookie{}
	attacker.visit(answer)
	out(attacker, "the same answer again", "login=expired")

	b = h.browser()
	b.stopAt = "/auth/callback"
	b.visit("/auth/login")
	q := b.last.Query()
	q.Set("code", "forged")
	b.stopAt = ""
	b.visit("/auth/callback?" + q.Encode())
	out(b, "a code that the provider did not give", "login=failed")
}

func TestWithoutAProviderACookieIsNothing(t *testing.T) {
	h := build(t).open()
	if a := h.call("GET", "/v1/me", "", "Authorization", "", "Cookie", "kaohe="+token); a.code != http.StatusUnauthorized {
		t.Errorf("%d %s", a.code, a.body)
	}
	if a := h.call("GET", "/auth", ""); !strings.Contains(a.body, `"login":false`) {
		t.Errorf("the page is told %s", a.body)
	}
}
