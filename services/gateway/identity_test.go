package gateway_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

func TestWhoseTokensTheProviderSigns(t *testing.T) {
	p, other := provide(t, "127.0.0.1:0"), provide(t, "127.0.0.1:0")
	h := known(t, p.Issuer()).open().found()
	forged := *other.Keypair
	kid, err := p.Keypair.KeyID()
	must(t, err)
	forged.Kid = kid
	with := func(name string, value any) jwt.MapClaims {
		c := claims(p, "score-board")
		c[name] = value
		return c
	}
	without := func(name string) jwt.MapClaims {
		c := claims(p, "score-board")
		delete(c, name)
		return c
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims(p, "score-board")).SignedString(jwt.UnsafeAllowNoneSignatureType)
	must(t, err)
	symmetric, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(p, "score-board")).SignedString([]byte("a secret of the client"))
	must(t, err)
	sameKey, err := forged.SignJWT(claims(p, "score-board"))
	must(t, err)
	good := signed(t, p, claims(p, "score-board"))
	for name, c := range map[string]struct {
		token string
		want  int
	}{
		"valid":                            {good, http.StatusOK},
		"for kaohe alone":                  {signed(t, p, with("aud", "kaohe")), http.StatusOK},
		"expired":                          {signed(t, p, with("exp", time.Now().Add(-time.Second).Unix())), http.StatusUnauthorized},
		"not yet valid":                    {signed(t, p, with("nbf", time.Now().Add(time.Hour).Unix())), http.StatusUnauthorized},
		"issued to another program":        {signed(t, p, with("azp", "oa")), http.StatusUnauthorized},
		"for two programs, issued to none": {signed(t, p, without("azp")), http.StatusUnauthorized},
		"for another program":              {signed(t, p, with("aud", "billing")), http.StatusUnauthorized},
		"of another issuer":                {signed(t, p, with("iss", other.Issuer())), http.StatusUnauthorized},
		"signed by another":                {signed(t, other, claims(p, "score-board")), http.StatusUnauthorized},
		"signed under the key's name":      {sameKey, http.StatusUnauthorized},
		"unsigned":                         {unsigned, http.StatusUnauthorized},
		"signed with the secret":           {symmetric, http.StatusUnauthorized},
		"changed":                          {good[:len(good)-8] + "AAAAAAAA", http.StatusUnauthorized},
		"of nobody":                        {signed(t, p, with("sub", "")), http.StatusUnauthorized},
		"no token at all":                  {"a.b.c", http.StatusUnauthorized},
		"a role that is not mapped":        {signed(t, p, claims(p, "administrator", "committee")), http.StatusForbidden},
		"no role":                          {signed(t, p, claims(p)), http.StatusForbidden},
		"a manager of nothing":             {signed(t, p, claims(p, "score-unit")), http.StatusForbidden},
	} {
		if a := h.call("GET", "/v1/me", "", "Authorization", "Bearer "+c.token); a.code != c.want {
			t.Errorf("%s: %d %s, want %d", name, a.code, a.body, c.want)
		}
		ctx, connection := h.dial(c.token)
		_, err := apiv1.NewTokenServiceClient(connection).WhoAmI(ctx, &apiv1.WhoAmIRequest{})
		want := map[int]codes.Code{200: codes.OK, 401: codes.Unauthenticated, 403: codes.PermissionDenied}[c.want]
		if status.Code(err) != want {
			t.Errorf("%s over gRPC: %v, want %s", name, err, want)
		}
	}
	if a := h.call("GET", "/v1/me", "", "Authorization", "Bearer "+good); !strings.Contains(a.body, `"oidc:u-1"`) || !strings.Contains(a.body, "冯涛") || !strings.Contains(a.body, "ROLE_COMMITTEE") {
		t.Errorf("who he is: %s", a.body)
	}
	if a := h.call("GET", "/v1/me", ""); a.code != http.StatusOK {
		t.Errorf("a token of kaohe's beside: %d %s", a.code, a.body)
	}
}

func TestWhatTheProvidersClaimsLetOneDo(t *testing.T) {
	p := provide(t, "127.0.0.1:0")
	h := known(t, p.Issuer()).open().found()
	h.verdicts("[" + unit + "," + strings.NewReplacer("chengqu", "xinqu", `"id":"u"`, `"id":"u2"`).Replace(unit) + "]")
	manager := claims(p, "score-unit", "unknown")
	manager["units"] = []string{"chengqu"}
	both := claims(p, "score-board", "score-desk") // the first of the mapping counts
	for _, c := range []struct {
		claims jwt.MapClaims
		path   string
		want   int
	}{
		{manager, "/v1/months/2026-03/entries?unit=chengqu", 200},
		{manager, "/v1/months/2026-03/entries?unit=xinqu", 403},
		{manager, "/v1/months/2026-03/entries", 403},
		{manager, "/v1/quarantine", 403},
		{claims(p, "score-board"), "/v1/months/2026-03/entries?unit=xinqu", 200},
		{claims(p, "score-board"), "/v1/quarantine", 403},
		{both, "/v1/quarantine", 200},
		{both, "/v1/tokens", 403},
	} {
		if a := h.call("GET", c.path, "", "Authorization", "Bearer "+signed(t, p, c.claims)); a.code != c.want {
			t.Errorf("%v at %s: %d %s, want %d", c.claims["realm_access"], c.path, a.code, a.body, c.want)
		}
	}
	desk := "Bearer " + signed(t, p, claims(p, "score-desk"))
	if got := h.verdicts(opened("1"), "Authorization", desk); got != "A" {
		t.Errorf("an event of operations: %s", got)
	}
	if trail, _ := h.trail(map[string][]string{"who": {"oidc:u-1"}}); len(trail) != 1 {
		t.Errorf("his trail: %s", shorts(trail))
	}
}

func TestTheProvidersKeysAreChanged(t *testing.T) {
	p := provide(t, "127.0.0.1:0")
	h := known(t, p.Issuer()).open().found()
	me := func(token string) int { return h.call("GET", "/v1/me", "", "Authorization", "Bearer "+token).code }
	before := signed(t, p, claims(p, "score-board"))
	if got := me(before); got != 200 {
		t.Fatalf("with the first key: %d", got)
	}
	address := p.Server.Addr
	must(t, p.Shutdown())
	if got := me(before); got != 200 {
		t.Errorf("the provider is away, its keys are kept: %d", got)
	}
	p = provide(t, address)
	if got := me(signed(t, p, claims(p, "score-board"))); got != 200 {
		t.Errorf("with the next key: %d", got)
	}
	if got := me(before); got != 401 {
		t.Errorf("with the key that was withdrawn: %d", got)
	}
}

func TestAProviderThatIsNotThereStopsNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	h := known(t, "http://"+address+"/oidc").open()
	if a := h.call("GET", "/readyz", ""); a.code != http.StatusOK || !strings.Contains(a.body, "identity_provider") {
		t.Errorf("readiness: %d %s", a.code, a.body)
	}
	if a := h.call("GET", "/v1/me", ""); a.code != http.StatusOK {
		t.Errorf("a token of kaohe's: %d %s", a.code, a.body)
	}
	if a := h.call("GET", "/v1/me", "", "Authorization", "Bearer a.b.c"); a.code != http.StatusServiceUnavailable {
		t.Errorf("a token of the provider's: %d %s", a.code, a.body)
	}
	if b := h.browser(); b.visit("/auth/login").Request.URL.Fragment != "login=unreachable" {
		t.Errorf("signing in leads to %s", b.last)
	}
	p := provide(t, address)
	h.found()
	if a := h.call("GET", "/v1/me", "", "Authorization", "Bearer "+signed(t, p, claims(p, "score-board"))); a.code != http.StatusOK {
		t.Errorf("when it is there: %d %s", a.code, a.body)
	}
}

// TestBogusTokensKeepNobodyOut: tokens signed with keys that nobody knows make
// kaohe ask the provider for keys; people sign in meanwhile.
func TestBogusTokensKeepNobodyOut(t *testing.T) {
	p, other := provide(t, "127.0.0.1:0"), provide(t, "127.0.0.1:0")
	h := known(t, p.Issuer()).open().found()
	good := signed(t, p, claims(p, "score-board"))
	for i := range 200 {
		forged := *other.Keypair
		forged.Kid = strings.Repeat("x", i+1)
		bogus, err := forged.SignJWT(claims(p, "score-board"))
		must(t, err)
		if a := h.call("GET", "/v1/me", "", "Authorization", "Bearer "+bogus); a.code != http.StatusUnauthorized {
			t.Fatalf("a bogus token: %d %s", a.code, a.body)
		}
	}
	if a := h.call("GET", "/v1/me", "", "Authorization", "Bearer "+good); a.code != http.StatusOK {
		t.Errorf("a token that the provider signed: %d %s", a.code, a.body)
	}
	p.QueueUser(someone("li", nil, "score-board"))
	b := h.browser()
	if b.visit("/auth/login"); b.last.Path != "/" || b.last.Fragment != "" || b.set["kaohe"] == nil {
		t.Errorf("signing in meanwhile leads to %s", b.last)
	}
}

// TestOneAddressThatOnlyTriesIsSlowedDown: answers that belong to no sign-in are
// cheap for kaohe and cost the provider nothing; whoever sends them by the
// hundred is told to wait.
func TestOneAddressThatOnlyTriesIsSlowedDown(t *testing.T) {
	p := provide(t, "127.0.0.1:0")
	h := known(t, p.Issuer()).open().found()
	b := h.browser()
	b.stopAt = "/"
	busy := 0
	for range 100 {
		if b.visit("/auth/callback?state=a&code=b"); b.last.Fragment == "login=busy" {
			busy++
		}
	}
	if busy == 0 {
		t.Error("a hundred attempts in a row were all taken")
	}
}
