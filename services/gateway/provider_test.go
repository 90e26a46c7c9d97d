package gateway_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"kaohe.dev/services/gateway"
	"kaohe.dev/services/gateway/identity"
)

// provide starts an identity provider with a new key; address "127.0.0.1:0" is
// anywhere.
func provide(t *testing.T, address string) *mockoidc.MockOIDC {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	p, err := mockoidc.NewServer(key)
	must(t, err)
	p.ClientID, p.ClientSecret = "kaohe", "a secret of the client"
	l, err := net.Listen("tcp", address)
	must(t, err)
	must(t, p.Start(l, nil))
	t.Cleanup(func() { _ = p.Shutdown() })
	return p
}

// known makes a house whose people are known by a provider.
func known(t *testing.T, issuer string) *house {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("a secret of the client\n"), 0o600))
	h := build(t)
	h.change = func(o *gateway.Options) {
		o.Identity = identity.Defaults()
		o.Identity.Issuer, o.Identity.ClientID, o.Identity.ClientSecretFile = issuer, "kaohe", secret
		o.Identity.RolesClaim = "realm_access.roles"
		o.Identity.Roles = []string{"score-desk=operations", "score-board=committee", "score-unit=unit-manager"}
	}
	return h
}

// found waits until the gateway has found the provider.
func (h *house) found() *house {
	h.t.Helper()
	h.eventually("the provider is found", func() bool {
		var answer map[string]any
		h.call("GET", "/readyz", "").into(h.t, &answer)
		return answer["identity_provider"] == nil
	})
	return h
}

// claims are of somebody with roles, valid for an hour.
func claims(p *mockoidc.MockOIDC, roles ...string) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": p.Issuer(), "aud": []string{"account", "kaohe"}, "azp": "kaohe", "sub": "u-1", "preferred_username": "冯涛",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"realm_access": map[string]any{"roles": roles},
	}
}

func signed(t *testing.T, p *mockoidc.MockOIDC, c jwt.Claims) string {
	t.Helper()
	token, err := p.Keypair.SignJWT(c)
	must(t, err)
	return token
}

// person is a user of the provider, with what he may do.
type person struct {
	*mockoidc.MockUser
	roles, units []string
}

// Claims are what his tokens say.
func (p person) Claims(_ []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	return struct {
		*mockoidc.IDTokenClaims
		Name  string              `json:"preferred_username"`
		Realm map[string][]string `json:"realm_access"`
		Units []string            `json:"units"`
	}{base, p.PreferredUsername, map[string][]string{"roles": p.roles}, p.units}, nil
}

func someone(subject string, units []string, roles ...string) person {
	return person{&mockoidc.MockUser{Subject: subject, PreferredUsername: subject}, roles, units}
}
