package bus_test

import (
	"bytes"
	"fmt"
	"testing"

	"kaohe.dev/services/internal/bus"
)

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// Only what is followed carries a trace, whatever shares its message.
func TestATraceStaysWithItsRecord(t *testing.T) {
	for subject, n := range map[string]int{bus.FeedEvents: 9, bus.FeedBatches: 9000} {
		b := open(t, t.TempDir())
		followed := map[int]bool{0: true, 3: true, n - 2: true}
		all := messages(subject, n)
		for i := range followed {
			all[i].Trace = fmt.Sprintf("%s/%d", traceparent, i)
		}
		if _, err := b.Append(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		for i, d := range readAll(t, b, bus.Feed, []string{"feed.>"}, 0, n) {
			want := ""
			if followed[i] {
				want = all[i].Trace
			}
			if d.Trace != want || !bytes.Equal(d.Data, all[i].Data) {
				t.Fatalf("%s, place %d: %q with trace %q, want %q", subject, i, d.Data, d.Trace, want)
			}
		}
	}
}

// However many are followed, and however large they are, all is stored.
func TestTracesNeverMakeAMessageTooLarge(t *testing.T) {
	for name, size := range map[string]int{"many small ones": 1, "as many bytes as fit": 110, "one that is large alone": 1<<20 - 8} {
		b := open(t, t.TempDir())
		all := messages(bus.FeedBatches, max(1, min(20_000, 2_000_000/size)))
		for i := range all {
			all[i].Data, all[i].Trace = bytes.Repeat([]byte("x"), size), traceparent
		}
		if _, err := b.Append(t.Context(), all); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
