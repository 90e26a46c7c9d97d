// Package identity knows people by an OpenID Connect provider: it verifies the
// tokens the provider signs, finds out what their claims let somebody do, and
// signs people in with a browser.
//
// In flow tokens and codes of the provider; out flow principals, or why there is
// none. Never here: what a principal may call, and how a session is kept.
//
// A provider that cannot be reached stops nothing: it is looked for again and
// again, and until it is found nobody is known by it.
package identity

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
)

// Options of a provider. Without an issuer there is none.
type Options struct {
	// Issuer is the provider's URL, as its tokens name it.
	Issuer string
	// ClientID is how the provider knows kaohe; a token must be meant for it.
	ClientID string
	// ClientSecretFile holds the secret of a confidential client; empty: a
	// public client, which proves itself by PKCE alone.
	ClientSecretFile string
	// Roles map what the roles claim says to a role, "value=role". The first of
	// them that somebody has is his role; who has none may do nothing.
	Roles []string
	// RolesClaim and UnitsClaim name claims; a dot leads into an object.
	RolesClaim, UnitsClaim string
	// PublicURL is where browsers reach kaohe; empty: where it listens.
	PublicURL string
	// Session is how long somebody stays signed in with a browser.
	Session time.Duration
}

// Defaults are for a provider that is not named yet.
func Defaults() Options {
	return Options{RolesClaim: "roles", UnitsClaim: "units", Session: 8 * time.Hour}
}

// On reports whether there is a provider.
func (o Options) On() bool { return o.Issuer != "" }

// Validate reports what cannot work.
func (o Options) Validate() error {
	if !o.On() {
		if o.ClientID != "" || len(o.Roles) > 0 {
			return errors.New("--oidc-client-id and --oidc-roles need --oidc-issuer")
		}
		return nil
	}
	var problems []error
	for flag, address := range map[string]string{"--oidc-issuer": o.Issuer, "--public-url": o.PublicURL} {
		if u, err := url.Parse(address); address != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
			problems = append(problems, fmt.Errorf("%s %q is not an http or https URL", flag, address))
		}
	}
	if o.ClientID == "" {
		problems = append(problems, errors.New("--oidc-client-id is missing: the name the provider knows kaohe by, which its tokens must be meant for"))
	}
	if len(o.Roles) == 0 {
		problems = append(problems, errors.New("--oidc-roles is missing: without it nobody the provider knows may do anything; write for example kaohe-admin=administrator"))
	}
	if o.RolesClaim == "" || o.UnitsClaim == "" {
		problems = append(problems, errors.New("--oidc-roles-claim and --oidc-units-claim must name claims"))
	}
	if o.Session <= 0 {
		problems = append(problems, fmt.Errorf("--oidc-session %s is not positive", o.Session))
	}
	_, err := mapping(o.Roles)
	return errors.Join(append(problems, err)...)
}

// grant gives a role to who has a value.
type grant struct {
	value string
	role  contractv1.Role
}

// mapping reads "value=role".
func mapping(roles []string) ([]grant, error) {
	var grants []grant
	for _, entry := range roles {
		at := strings.LastIndex(entry, "=")
		if at < 1 {
			return nil, fmt.Errorf("--oidc-roles %q: write value=role", entry)
		}
		name := strings.ToUpper(strings.ReplaceAll(entry[at+1:], "-", "_"))
		number := contractv1.Role_value["ROLE_"+name]
		if number == 0 {
			return nil, fmt.Errorf("--oidc-roles %q: there is no such role; choose from %s", entry, strings.Join(roleNames(), ", "))
		}
		grants = append(grants, grant{entry[:at], contractv1.Role(number)})
	}
	return grants, nil
}

func roleNames() []string {
	var names []string
	for number, name := range contractv1.Role_name {
		if number > 0 {
			names = append(names, strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "ROLE_")), "_", "-"))
		}
	}
	slices.Sort(names)
	return names
}
