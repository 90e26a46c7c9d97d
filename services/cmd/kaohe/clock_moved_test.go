//go:build movedclock

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The wall jumps, and what is measured does not.
func TestAMovedClockJumpsAndMeasuresRight(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clock")
	t.Setenv("KAOHE_CLOCK", file)
	before := now()
	for _, moved := range []time.Duration{3 * time.Hour, -24 * time.Hour, 0} {
		if err := os.WriteFile(file, fmt.Append(nil, int64(moved/time.Second)), 0o600); err != nil {
			t.Fatal(err)
		}
		after := now()
		if wall := after.Round(0).Sub(time.Now().Round(0)); (wall - moved).Abs() > time.Minute {
			t.Errorf("moved by %s, the wall differs by %s", moved, wall)
		}
		if measured := after.Sub(before); measured < 0 || measured > time.Minute {
			t.Errorf("moved by %s, measured %s", moved, measured)
		}
	}
}
