package identity

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	"kaohe.dev/services/gateway/access"
)

// Prefix begins the id of who is known by the provider; his subject follows.
const Prefix = "oidc:"

// Why somebody the provider knows may do nothing.
var (
	ErrNoRole  = errors.New("none of the roles the provider gives is mapped by --oidc-roles")
	ErrNoUnits = errors.New("a unit manager without units: the units claim is empty")
)

// principal gives who a token's claims are about, and what they let him do.
func (p *Provider) principal(subject string, claims map[string]any) (*access.Principal, error) {
	who := &access.Principal{ID: Prefix + subject, Name: cmp.Or(text(claims["preferred_username"]), text(claims["name"]), text(claims["email"]), subject)}
	if subject == "" || len(subject) > maxSubject {
		return nil, access.ErrUnknown
	}
	has := list(claimed(claims, p.opts.RolesClaim))
	at := slices.IndexFunc(p.grants, func(g grant) bool { return slices.Contains(has, g.value) })
	if at < 0 {
		return who, ErrNoRole
	}
	who.Role = p.grants[at].role
	if who.Role == contractv1.Role_ROLE_UNIT_MANAGER {
		if who.Units = list(claimed(claims, p.opts.UnitsClaim)); len(who.Units) == 0 {
			return who, ErrNoUnits
		}
	}
	return who, nil
}

// maxSubject is what the standard allows.
const maxSubject = 255

// claimed gives a claim by its name, or by a way through objects.
func claimed(claims map[string]any, name string) any {
	if value, there := claims[name]; there {
		return value
	}
	first, rest, deeper := strings.Cut(name, ".")
	object, ok := claims[first].(map[string]any)
	if !deeper || !ok {
		return nil
	}
	return claimed(object, rest)
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// list takes one text, or several.
func list(value any) []string {
	switch v := value.(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case []any:
		var all []string
		for _, one := range v {
			if s := text(one); s != "" {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}
