package notify

import (
	"testing"
	"time"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
)

// What another process queued or tried by a clock hours ahead is not left for
// hours; what waits by right clocks waits.
func TestAClockAheadLeavesNothingWaiting(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration) time.Time { return now.Add(d) }
	for name, c := range map[string]struct {
		queued, tried, next time.Time
		waits               bool
	}{
		"due":                                   {in(-time.Hour), time.Time{}, in(-time.Second), false},
		"tried, waits":                          {in(-time.Hour), in(-time.Minute), in(time.Hour), true},
		"queued three hours ahead":              {in(3 * time.Hour), time.Time{}, in(3 * time.Hour), false},
		"tried three hours ahead":               {in(-time.Hour), in(3 * time.Hour), in(9 * time.Hour), false},
		"queued by a clock that is a bit ahead": {in(time.Second), time.Time{}, in(time.Second), true},
	} {
		d := &statev1.Delivery{QueuedAt: flow.At(c.queued), NextAt: flow.At(c.next)}
		if !c.tried.IsZero() {
			d.TriedAt = flow.At(c.tried)
		}
		if got := left(d, now) > 0; got != c.waits {
			t.Errorf("%s: it waits: %v", name, got)
		}
	}
}
