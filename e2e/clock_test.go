package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// movable is the program with a clock that a test can move (see
// services/cmd/kaohe/clock_moved.go), built once, where it is needed.
var movable = sync.OnceValues(func() (string, error) {
	name := filepath.Join(filepath.Dir(program), "kaohe-moved")
	build := exec.Command("go", "build", "-tags", "movedclock", "-o", name, "./cmd/kaohe")
	build.Dir = "../services"
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program with a movable clock: %w\n%s", err, out)
	}
	return name, nil
})

// clock is the clock of one process on the wall: it can be set wrong, and right.
type clock struct {
	t    testing.TB
	file string
}

func newClock(t testing.TB) *clock {
	t.Helper()
	return &clock{t, filepath.Join(t.TempDir(), "clock")}
}

// start starts the program with this clock.
func (c *clock) start(args ...string) *process {
	c.t.Helper()
	name, err := movable()
	if err != nil {
		c.t.Fatal(err)
	}
	return startIn(c.t, []string{"KAOHE_CLOCK=" + c.file}, name, args...)
}

// move sets the clock wrong; what it gives sets it right.
func (c *clock) move(by time.Duration) (right func()) {
	c.set(by)
	return func() { c.set(0) }
}

func (c *clock) set(by time.Duration) {
	part := c.file + ".part"
	if err := os.WriteFile(part, fmt.Append(nil, int64(by/time.Second)), 0o600); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Rename(part, c.file); err != nil {
		c.t.Fatal(err)
	}
}
