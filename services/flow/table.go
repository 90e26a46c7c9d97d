package flow

import (
	"slices"
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/rulebook"
)

// Rule recognises one kind of fact in one kind of dossier. D is what a service
// reads the facts of a dossier into.
type Rule[D any] struct {
	// Dossier is the kind of key: what stands before its first slash.
	Dossier string
	Kind    Kind
	// Judge gives what holds and, made with Not, what does not.
	Judge func(*rulebook.Policy, D) []*factv1.Fact
}

// ByTable makes what a service produces and decides of a table of rules and of how to
// read a case. None
// of them waits for a deadline, so the service never asks to be woken.
func ByTable[D any](rules []Rule[D], read func(Case) D) (produces []Kind, decide func(*rulebook.Policy, Case) Decision) {
	for _, r := range rules {
		if !slices.Contains(produces, r.Kind) {
			produces = append(produces, r.Kind)
		}
	}
	return produces, func(policy *rulebook.Policy, c Case) Decision {
		dossier, _, _ := strings.Cut(c.Key, "/")
		known := read(c)
		var decision Decision
		for _, r := range rules {
			if r.Dossier == dossier {
				decision.Facts = append(decision.Facts, r.Judge(policy, known)...)
			}
		}
		return decision
	}
}
