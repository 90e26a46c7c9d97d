package pause_test

import (
	"context"
	"testing"
	"time"

	"kaohe.dev/services/internal/pause"
)

// Each pause is about twice the one before, up to the longest, and no two who
// begin together wait the same.
func TestPausesGrowAndDiffer(t *testing.T) {
	const first, longest = 100 * time.Millisecond, time.Second
	seen := map[time.Duration]bool{}
	for range 50 {
		p, want := pause.Between(first, longest), first
		for range 6 {
			got := p.Next()
			if got < want/2 || got > want*3/2+1 {
				t.Fatalf("a pause of about %s is %s", want, got)
			}
			seen[got] = true
			want = min(2*want, longest)
		}
		p.Reset()
		if got := p.Next(); got > first*3/2+1 {
			t.Fatalf("after it got on: %s", got)
		}
	}
	if len(seen) < 100 {
		t.Errorf("of 300 pauses %d differ", len(seen))
	}
}

func TestASleepEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if pause.Sleep(ctx, time.Hour) {
		t.Error("it slept on")
	}
	if !pause.Sleep(t.Context(), time.Nanosecond) {
		t.Error("it did not wait")
	}
}
