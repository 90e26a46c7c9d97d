package bus_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/embedded"
)

func open(t testing.TB, dir string) *bus.Bus {
	t.Helper()
	server, err := embedded.Start(embedded.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	b, err := bus.Connect(bus.Options{InProcess: server.Server, Name: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func messages(subject string, n int) []bus.Message {
	out := make([]bus.Message, n)
	for i := range out {
		out[i] = bus.Message{Subject: subject, Data: []byte(fmt.Sprint(i))}
	}
	return out
}

func readAll(t testing.TB, b *bus.Bus, stream string, subjects []string, after uint64, n int) []bus.Delivery {
	t.Helper()
	r, err := b.Read(t.Context(), stream, subjects, after)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []bus.Delivery
	for len(all) < n {
		first, open := <-r.Deliveries()
		if !open {
			t.Fatalf("reading ended after %d of %d: %v", len(all), n, r.Err())
		}
		all = append(all, r.Drain(first, n)...)
	}
	return all
}

func TestWhatIsAppendedIsReadInOrderFromAnyPlace(t *testing.T) {
	for subject, n := range map[string]int{bus.FeedEvents: 50, bus.FeedBatches: 9000} {
		b := open(t, t.TempDir())
		last, err := b.Append(t.Context(), messages(subject, n))
		if err != nil {
			t.Fatal(err)
		}
		all := readAll(t, b, bus.Feed, []string{"feed.>"}, 0, n)
		for i, d := range all {
			if string(d.Data) != fmt.Sprint(i) || i > 0 && d.Sequence <= all[i-1].Sequence {
				t.Fatalf("%s, place %d: %q at %d", subject, i, d.Data, d.Sequence)
			}
		}
		if end, err := b.End(t.Context(), bus.Feed); err != nil || all[n-1].Sequence != last || end < last {
			t.Fatalf("%s: the last is at %d, Append said %d, the stream ends at %d: %v", subject, all[n-1].Sequence, last, end, err)
		}
		for _, at := range []int{0, 1, 48, 4094, 4095, 4096, 8998} {
			if at >= n {
				continue
			}
			if rest := readAll(t, b, bus.Feed, []string{"feed.>"}, all[at].Sequence, n-at-1); string(rest[0].Data) != fmt.Sprint(at+1) {
				t.Fatalf("%s: behind %d comes %q", subject, at, rest[0].Data)
			}
		}
	}
}

func TestAppendedMessagesSurviveARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nats")
	t.Run("write", func(t *testing.T) {
		if _, err := open(t, dir).Append(t.Context(), messages(bus.FeedBatches, 5)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("read", func(t *testing.T) {
		if all := readAll(t, open(t, dir), bus.Feed, []string{"feed.>"}, 0, 5); string(all[4].Data) != "4" {
			t.Fatalf("read %q", all[4].Data)
		}
	})
}

func TestAReaderAheadOfItsStreamSaysWhatToDo(t *testing.T) {
	b := open(t, t.TempDir())
	_, err := b.Read(context.Background(), bus.Feed, []string{"feed.>"}, 1<<20)
	if err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Fatalf("error %v", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			connection := open(b, b.TempDir())
			payload := make([]byte, 250)
			batch := slices.Repeat([]bus.Message{{Subject: bus.FeedBatches, Data: payload}}, size)
			b.ResetTimer()
			for range b.N {
				if _, err := connection.Append(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// A stream bears a thousand readers. Who is restarted again and again leaves
// none behind.
func TestAReaderThatIsClosedLeavesNothingBehind(t *testing.T) {
	b := open(t, t.TempDir())
	if _, err := b.Append(t.Context(), messages(bus.FeedBatches, 10)); err != nil {
		t.Fatal(err)
	}
	for i := range 1200 {
		r, err := b.Read(t.Context(), bus.Feed, []string{"feed.>"}, 0)
		if err != nil {
			t.Fatalf("reader %d: %v", i, err)
		}
		<-r.Deliveries()
		r.Close()
	}
}
