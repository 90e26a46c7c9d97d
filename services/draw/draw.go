// Package draw draws halls to inspect so that nobody chooses and anybody can
// draw again.
//
// In flow a seed and the ids that may be drawn; out flow those that were. Never
// here: chance, which is in the seed, or who is eligible.
//
// Each id is put behind the seed, with a space between, and hashed with SHA-256;
// the ids whose hashes come first are drawn, in their order. So a shell is enough
// to draw again:
//
//	for id in chengqu xinqu; do echo "$(printf '%s %s' SEED $id | sha256sum) $id"; done | sort
package draw

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"
)

// Draw gives n of the eligible ids, all when there are fewer. The order and the
// number in which an id is given do not matter.
func Draw(seed string, eligible []string, n int) []string {
	type lot struct {
		id   string
		hash [sha256.Size]byte
	}
	ids := slices.Compact(slices.Sorted(slices.Values(eligible)))
	lots := make([]lot, len(ids))
	for i, id := range ids {
		lots[i] = lot{id, sha256.Sum256([]byte(seed + " " + id))}
	}
	slices.SortFunc(lots, func(a, b lot) int {
		return cmp.Or(bytes.Compare(a.hash[:], b.hash[:]), cmp.Compare(a.id, b.id))
	})
	drawn := make([]string, max(0, min(n, len(lots))))
	for i := range drawn {
		drawn[i] = lots[i].id
	}
	return drawn
}
