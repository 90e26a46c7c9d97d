package whatif

import (
	"cmp"
	"slices"
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// Change is an entry that differs.
type Change struct {
	// Old and New are the entry by each; one is nil when it vanishes or appears.
	Old, New *ledgerv1.Entry
	// Why tells the reader the reason.
	Why *factv1.Text
}

// identity is what makes two entries of a unit's month the same entry.
type identity struct{ fact, rule string }

func identityOf(e *ledgerv1.Entry) identity { return identity{e.Fact, e.Rule} }

// changes pairs the entries of a unit's month and explains what differs.
func (c *Comparison) changes(before, after []*ledgerv1.Entry) []Change {
	unmatched := make(map[identity]*ledgerv1.Entry, len(before))
	for _, e := range before {
		unmatched[identityOf(e)] = e
	}
	var all []Change
	for _, e := range after {
		was := unmatched[identityOf(e)]
		delete(unmatched, identityOf(e))
		if was == nil || !alike(was, e) {
			all = append(all, Change{Old: was, New: e})
		}
	}
	for _, e := range unmatched {
		all = append(all, Change{Old: e})
	}
	slices.SortFunc(all, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.order(), b.order()), strings.Compare(a.any().Fact, b.any().Fact), strings.Compare(a.any().Rule, b.any().Rule))
	})
	for i := range all {
		all[i].Why = c.why(all[i])
	}
	return all
}

// alike reports whether an entry costs the same in the same place; its words
// and the version it names may differ.
func alike(a, b *ledgerv1.Entry) bool {
	return a.Points == b.Points && a.Effect == b.Effect && a.Part == b.Part && a.Item == b.Item
}

// order puts what vanishes first and what appears last.
func (c Change) order() int {
	switch {
	case c.New == nil:
		return 0
	case c.Old != nil:
		return 1
	}
	return 2
}

// any is a side of the change that is there.
func (c Change) any() *ledgerv1.Entry {
	if c.Old != nil {
		return c.Old
	}
	return c.New
}

// Counts tells how many entries of a month vanish, appear and change.
func (m *Month) Counts() (vanish, appear, change int64) {
	for _, c := range m.Changes {
		switch {
		case c.New == nil:
			vanish++
		case c.Old == nil:
			appear++
		default:
			change++
		}
	}
	return vanish, appear, change
}
