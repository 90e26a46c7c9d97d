package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

func eventTypes() map[string]bool {
	names := map[string]bool{}
	for name := range flow.EventTypes() {
		names[name] = true
	}
	return names
}

func TestADemoDeletesOnlyWhatADemoMade(t *testing.T) {
	s := newSession([]string{"--lang", "en"}, quiet(nil))
	dir := filepath.Join(t.TempDir(), "demo")
	if err := s.freshDirectory(dir); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "old")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.freshDirectory(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("the earlier demo's data is still there")
	}
	mine := t.TempDir()
	precious := filepath.Join(mine, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.freshDirectory(mine); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("a directory with other data: %v", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error("other data was deleted")
	}
}

func TestTheScriptIsInOrderAndItsClockReachesTheEnd(t *testing.T) {
	events, err := script(1, "2026-03", clockStep)
	if err != nil {
		t.Fatal(err)
	}
	steps, last := 0, time.Time{}
	for _, e := range events {
		at := e.OccurredAt.AsTime()
		if at.Before(last) {
			t.Fatalf("%s at %s comes after %s", e.Id, at, last)
		}
		if e.GetClockAdvanced() != nil {
			steps++
		}
		last = at
	}
	if steps != 31*48+1 {
		t.Errorf("%d steps of the clock, want one each half hour", steps)
	}
	if end := events[len(events)-1]; end.GetClockAdvanced() == nil || !end.OccurredAt.AsTime().Equal(time.Date(2026, 3, 31, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("it ends with %v", end)
	}
}

func TestThePlayerTakesWhatIsDue(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var events []*feedv1.Event
	for hour := range 24 {
		events = append(events, clockAt(start.Add(time.Duration(hour)*time.Hour)))
	}
	p := &player{events: events, speed: 3600}
	if got := len(p.due(2*time.Second, 100)); got != 3 { // 0, 1 and 2 o'clock
		t.Errorf("%d due after two simulated hours, want 3", got)
	}
	if got := len(p.due(2*time.Second, 100)); got != 0 {
		t.Errorf("%d due again", got)
	}
	if got := len(p.due(time.Hour, 5)); got != 5 {
		t.Errorf("%d taken, want the limit of 5", got)
	}
	p.speed = 0
	if got := len(p.due(0, 100)); got != 16 || !p.over() {
		t.Errorf("%d taken at full speed, want the 16 left", got)
	}
}
