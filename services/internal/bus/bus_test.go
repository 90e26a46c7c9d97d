package bus_test

import (
	"context"
	"fmt"
	"path/filepath"
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
	t.Cleanup(func() { embedded.Stop(server) })
	b, err := bus.Connect(bus.Options{InProcess: server, Name: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func messages(from, n int) []bus.Message {
	out := make([]bus.Message, n)
	for i := range out {
		out[i] = bus.Message{Subject: bus.FeedEvents, Data: []byte(fmt.Sprintf("m%d", from+i))}
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
		all = append(all, r.Drain(first, n-len(all))...)
	}
	return all
}

func TestWhatIsAppendedIsReadInOrderFromAnyPlace(t *testing.T) {
	b := open(t, t.TempDir())
	const n = 2*bus.MaxBatch + 17
	last, err := b.Append(t.Context(), messages(0, n))
	if err != nil || last != n {
		t.Fatalf("last %d, error %v; want %d", last, err, n)
	}
	for _, after := range []uint64{0, 1, bus.MaxBatch, n - 1} {
		all := readAll(t, b, bus.Feed, []string{"feed.>"}, after, n-int(after))
		for i, d := range all {
			if want := fmt.Sprintf("m%d", int(after)+i); string(d.Data) != want || d.Sequence != after+uint64(i)+1 {
				t.Fatalf("after %d, place %d: %q at %d, want %q", after, i, d.Data, d.Sequence, want)
			}
		}
	}
}

func TestAppendedMessagesSurviveARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nats")
	t.Run("write", func(t *testing.T) {
		if _, err := open(t, dir).Append(t.Context(), messages(0, 5)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("read", func(t *testing.T) {
		if all := readAll(t, open(t, dir), bus.Feed, []string{"feed.>"}, 0, 5); string(all[4].Data) != "m4" {
			t.Fatalf("read %q", all[4].Data)
		}
	})
}

func TestAReaderAheadOfItsStreamSaysWhatToDo(t *testing.T) {
	b := open(t, t.TempDir())
	_, err := b.Read(context.Background(), bus.Feed, []string{"feed.>"}, 7)
	if err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Fatalf("error %v", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			connection := open(b, b.TempDir())
			payload := make([]byte, 250)
			batch := make([]bus.Message, size)
			for i := range batch {
				batch[i] = bus.Message{Subject: bus.FeedEvents, Data: payload}
			}
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
