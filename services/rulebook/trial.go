package rulebook

import (
	"bytes"
	"slices"
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
		if other.EffectiveMonth <= to {
			tried.trial.alike[other] = book.recognises(other)
		}
	}
	return &tried
}

// recognises reports whether services find the same by either rulebook: they
// differ only in what scoring alone reads, and no rule reads by which version a
// fact was found. What is not known here to be scoring's is taken for theirs.
func (r *Rulebook) recognises(other *Rulebook) bool {
	for _, book := range []*Rulebook{r, other} {
		if r.Version != other.Version && bytes.Contains(book.Source, []byte("rulebook_version")) {
			return false
		}
	}
	found, err := Diff(r, other)
	return err == nil && !slices.ContainsFunc(found, func(d Difference) bool { return !scoringsOwn(d.Path) })
}

// scoringsOwn reports whether scoring alone reads a place of a rulebook.
func scoringsOwn(path string) bool {
	names := strings.Split(path, "/")
	switch names[0] {
	case "version", "effective_month", "title", "rules":
		return true
	case "parts":
		return !slices.Contains(names, "checks") && slices.ContainsFunc(names[1:], func(name string) bool {
			return slices.Contains([]string{"max", "weight", "cap", "overflow", "quota", "method"}, name)
		})
	}
	return false
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
