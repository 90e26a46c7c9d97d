package cli

import (
	"strings"
	"testing"
)

// What is to be read is estimated on the way, so a share never passes the whole.
func TestProgressFollowsTheEstimate(t *testing.T) {
	var told strings.Builder
	p := &progress{out: &told, label: "read", total: 80}
	for _, step := range [][2]int64{{40, 80}, {90, 120}, {100, 100}, {100, 0}} {
		p.told = p.told.AddDate(-1, 0, 0)
		p.of(step[0], step[1])
	}
	if want := "read 50%\nread 75%\nread 100%\nread 100%\n"; told.String() != want {
		t.Errorf("told %q, want %q", told.String(), want)
	}
}
