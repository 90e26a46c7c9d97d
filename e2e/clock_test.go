package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kaohe.dev/e2e/port"
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

// live is a ticket of this instant, right by the source's clock.
func live(id string) string {
	return fmt.Sprintf(`{"id":%[1]q,"source":"96766","occurredAt":%[2]q,"ticketOpened":{"ticket":%[1]q,"kind":"TICKET_KIND_FAULT","unit":"chengqu","customer":"C1"}}`,
		id, time.Now().UTC().Format(time.RFC3339Nano))
}

// A clock that is set back a day, while kaohe runs and before it starts, makes no
// live event one from the future, and hours forward change no verdict.
func TestAClockThatIsSetWrongRefusesNobody(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	s := &server{data: t.TempDir(), http: port.Free(t), grpc: port.Free(t)}
	begin := func() {
		s.process = c.start("up", "--data", s.data, "--http", s.http, "--grpc", s.grpc)
		s.waitReady()
	}
	taken := func(when, id string) {
		t.Helper()
		var answer struct {
			Accepted string
			Verdicts []struct{ Error struct{ Code, Reason string } }
		}
		if code := s.call("POST", "/v1/events", live(id), &answer); code != http.StatusOK || answer.Accepted != "1" {
			t.Errorf("%s: status %d, %+v", when, code, answer)
		}
	}
	begin()
	s.pushes(aMonth)
	before := s.verify(demoMonth)
	taken("right", "L1")
	c.set(-aDay)
	taken("a day back while it runs", "L2")
	s.kill()
	begin()
	taken("a day back when it starts", "L3")
	c.set(ahead)
	taken("hours forward", "L4")
	s.pushes("[]")
	c.set(0)
	if after := s.verify(demoMonth); after != before {
		t.Errorf("hash %s, it was %s", after, before)
	}
}
