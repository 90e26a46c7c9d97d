// Package access says who may do what: tokens with a role, and one table of
// what each role may call and send, read from the contract.
//
// In flow the header of a call and the name of what is called; out flows who
// calls, or that he may not. Never here: what a call does.
package access

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
)

// Principal is who calls.
type Principal struct {
	// ID of who calls: his token's, "admin" for the administrator's of the data
	// directory, or "oidc:" and a subject.
	ID string
	// Token is the id of the token he sent; empty when kaohe does not keep it.
	Token string
	Name  string
	Role  contractv1.Role
	// Units a unit manager sees.
	Units []string
	// SpeaksForPersons says that he may name other persons as those who propose
	// and decide: the service account of a system that people sign in to.
	SpeaksForPersons bool
}

// Admin is the administrator of the data directory.
const Admin = "admin"

// Sees reports whether somebody may see what concerns a unit. An empty unit is
// all of them.
func (p *Principal) Sees(unit string) bool {
	return p.Role != contractv1.Role_ROLE_UNIT_MANAGER || slices.Contains(p.Units, unit)
}

// Person is how who calls is called in what he decides.
func (p *Principal) Person() string { return cmp.Or(p.Name, p.ID) }

type key struct{}

// grant is a call that somebody may make.
type grant struct {
	principal *Principal
	looked    atomic.Bool
}

// With puts who calls into a context, when it is certain that he may.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, key{}, &grant{principal: p})
}

// Of gives who calls; nobody, who may do nothing, when a context has none.
func Of(ctx context.Context) *Principal {
	if g, ok := ctx.Value(key{}).(*grant); ok {
		return g.principal
	}
	return &Principal{Role: contractv1.Role_ROLE_UNIT_MANAGER}
}

// Sees reports whether who calls may see what concerns a unit, and notes that
// the call has looked.
func Sees(ctx context.Context, unit string) bool {
	if g, ok := ctx.Value(key{}).(*grant); ok {
		g.looked.Store(true)
		return g.principal.Sees(unit)
	}
	return false
}

// Looked reports whether a call has looked which units are its caller's.
func Looked(ctx context.Context) bool {
	g, ok := ctx.Value(key{}).(*grant)
	return ok && g.looked.Load()
}
