package flow

import (
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/rulebook"
)

// Case is all that is known of one key when a service decides about it.
type Case struct {
	Key string
	// Facts hold: retracted ones are left out. They are sorted by id, so the
	// order of arrival cannot matter.
	Facts []*factv1.Fact
	// AsOf is the instant to judge as of. It is zero on a named clock that has
	// not moved yet: then only what the facts themselves show is judged, and
	// nothing is violated for want of an event.
	AsOf time.Time
	// Terse: nobody asks why something does not hold, because nothing was said
	// before. What is made with Not may be left out.
	Terse bool
}

// Decision is what a service finds.
type Decision struct {
	// Facts that hold, and, made with Not, facts that do not, with the reason.
	// Each carries id, reason, proof, occurred_at, route and body; the kernel
	// adds the rest. No id may occur twice.
	Facts []*factv1.Fact
	// Wake is the next instant at which the decision would change for want of
	// an event; zero: never.
	Wake time.Time
	// Moved is why facts leave the route they had; nil: because they belong
	// elsewhere now.
	Moved *factv1.Reason
}

// Service is a service of kaohe: a declaration and a pure function.
type Service struct {
	// Name is the target's name.
	Name string
	// Consumes and Produces are the kinds of facts it reads and says.
	Consumes, Produces []Kind
	// Keys gives the keys whose cases a fact belongs to. It may look at kind,
	// id and route only, because a retracted fact has no body; an event, which
	// is never retracted, may be read whole.
	Keys func(*factv1.Fact) []string
	// Decide derives what holds. It must not keep or change what it is given.
	Decide func(*rulebook.Policy, Case) Decision
}

// References reports whether a kind is known to every service whole, as policy,
// and not kept by key.
func References(k Kind) bool { return k == UnitKnown || k == RulebookInForce }
