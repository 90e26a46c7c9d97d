package rulebook

import (
	"reflect"
	"strings"
)

// trial is a rulebook that is tried in some months in place of the published.
type trial struct {
	book     *Rulebook
	from, to string
	// alike are the published rulebooks that recognise the same as it does.
	alike map[*Rulebook]bool
	asked *bool // nil: nobody wants to know
}

// Trial gives a policy by which another rulebook is in force from one month to
// another (yyyy-mm, both included), whatever is published for them. Other
// months keep their versions, and units their zones: a month that is tried has
// the same days.
func (p *Policy) Trial(book *Rulebook, from, to string) *Policy {
	tried := *p
	tried.trial = &trial{book: book, from: from, to: to, alike: map[*Rulebook]bool{}}
	for _, other := range append([]*Rulebook{Default()}, p.books...) {
		tried.trial.alike[other] = book.recognises(other)
	}
	return &tried
}

// recognises reports whether services find the same by either rulebook: the
// same limits and promises, and no rule that reads by which version a fact was
// found.
func (r *Rulebook) recognises(other *Rulebook) bool {
	const version = "rulebook_version"
	for _, rule := range append(append([]Rule{}, r.Rules...), other.Rules...) {
		if r.Version != other.Version && (strings.Contains(rule.When, version) || strings.Contains(rule.Points, version)) {
			return false
		}
	}
	return reflect.DeepEqual(r.Limits, other.Limits) && reflect.DeepEqual(r.promises(), other.promises())
}

// promises are the commitment classes without what is only told of them.
func (r *Rulebook) promises() map[string]Commitment {
	all := make(map[string]Commitment, len(r.Commitments))
	for class, c := range r.Commitments {
		all[class] = Commitment{Class: c.Class, Within: c.Within, Clock: c.Clock}
	}
	return all
}

// Watched gives the same policy of a trial, and notes from then on in asked
// that somebody wanted to know what is in force in a month where the trial may
// make a difference to a service. Whoever decides without asking decides the
// same without the trial. Rules and points are another matter: they always may.
func (p *Policy) Watched(asked *bool) *Policy {
	watched, trial := *p, *p.trial
	trial.asked = asked
	watched.trial = &trial
	return &watched
}

// has reports whether a month is tried.
func (t *trial) has(month string) bool { return t != nil && t.from <= month && month <= t.to }

// instead gives the rulebook tried instead of a published one.
func (t *trial) instead(published *Rulebook) *Rulebook {
	if t.asked != nil && !t.alike[published] {
		*t.asked = true
	}
	return t.book
}
