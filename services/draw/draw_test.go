package draw_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"kaohe.dev/services/draw"
)

// The order is what sha256sum and sort give in a shell.
func TestAShellDrawsTheSame(t *testing.T) {
	got := draw.Draw("seed-1", []string{"xinqu", "chengqu", "zhanqu", "yijun", "yaozhou"}, 3)
	if want := []string{"yijun", "xinqu", "chengqu"}; !slices.Equal(got, want) {
		t.Fatalf("drawn %v, want %v", got, want)
	}
}

func TestADraw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,8}`), 0, 30, rapid.ID).Draw(t, "ids")
		seed, n := rapid.String().Draw(t, "seed"), rapid.IntRange(-1, 40).Draw(t, "n")
		drawn := draw.Draw(seed, ids, n)
		if len(drawn) != max(0, min(n, len(ids))) {
			t.Fatalf("%d of %d drawn, asked for %d", len(drawn), len(ids), n)
		}
		seen := map[string]bool{}
		for _, id := range drawn {
			if seen[id] || !slices.Contains(ids, id) {
				t.Fatalf("%s was drawn twice or is not eligible", id)
			}
			seen[id] = true
		}
		mixed := rapid.Permutation(ids).Draw(t, "mixed")
		if !slices.Equal(draw.Draw(seed, mixed, n), drawn) {
			t.Fatalf("the order in which halls are given matters")
		}
		if more := draw.Draw(seed, ids, n+1); !slices.Equal(more[:len(drawn)], drawn) {
			t.Fatalf("drawing one more draws others: %v, then %v", drawn, more)
		}
	})
}

// Over many seeds every hall is drawn as often as the others: within five
// standard deviations.
func TestEveryHallHasTheSameChance(t *testing.T) {
	const halls, each, draws = 8, 3, 4000
	ids := make([]string, halls)
	for i := range ids {
		ids[i] = fmt.Sprintf("hall-%d", i)
	}
	count := map[string]int{}
	for seed := range draws {
		for _, id := range draw.Draw(fmt.Sprint(seed), ids, each) {
			count[id]++
		}
	}
	const p = float64(each) / halls
	for _, id := range ids {
		if off := math.Abs(float64(count[id]) - draws*p); off > 5*math.Sqrt(draws*p*(1-p)) {
			t.Errorf("%s was drawn %d times of %d, expected about %.0f", id, count[id], draws, draws*p)
		}
	}
}
