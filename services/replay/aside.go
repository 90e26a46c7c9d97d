package replay

import (
	"fmt"
	"slices"
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// What a service fails on is left out and told, as the shell sets it aside: the
// rest is judged without it.

// decide asks a service. Where it fails, it is asked again about the facts one
// by one in the order they came, and of those the ones it fails on are left out.
func (f *fold) decide(s flow.Service, policy *rulebook.Policy, c flow.Case, arrived func() []*factv1.Fact) flow.Decision {
	decision, err := attempt(func() flow.Decision { return s.Decide(policy, c) })
	if err == nil {
		return decision
	}
	known := map[*factv1.Fact]bool{}
	for _, fact := range c.Facts {
		known[fact] = true
	}
	kept := []*factv1.Fact{}
	for _, fact := range arrived() {
		if !known[fact] {
			continue
		}
		c.Facts = firsts(append(slices.Clone(kept), fact))
		next, err := attempt(func() flow.Decision { return s.Decide(policy, c) })
		if err != nil {
			f.leftOut(fmt.Sprintf("%s fails on %s of %s, which is left out: %v", s.Name, fact.Id, c.Key, err))
			continue
		}
		decision, kept = next, append(kept, fact)
	}
	return decision
}

// attempt runs code that knows the domain; that it panics is an error.
func attempt[T any](ask func() T) (answer T, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	return ask(), nil
}

// leftOut notes what was left out, once.
func (f *fold) leftOut(problem string) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if !slices.Contains(f.problems, problem) {
		f.problems = append(f.problems, problem)
	}
}

// judged is what the rules make of a fact; where they cannot be asked, nothing,
// in no month.
func judged(policy *rulebook.Policy, fact *factv1.Fact, rulings scoring.Rulings) (result scoring.Judged, err error) {
	_, failed := attempt(func() bool { result, err = scoring.Judge(policy, fact, rulings); return true })
	if failed != nil {
		return scoring.Judged{}, fmt.Errorf("scoring fails on %s, which is left out: %w", strings.ToValidUTF8(fact.Id, ""), failed)
	}
	return result, err
}
