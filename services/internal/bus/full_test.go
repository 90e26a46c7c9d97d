package bus_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"kaohe.dev/services/internal/bus"
)

// limited starts a server that stores no more than so many bytes.
func limited(t *testing.T, dir string, bytes int64) *bus.Bus {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		StoreDir: dir, JetStream: true, JetStreamMaxStore: bytes, JetStreamMaxMemory: 1 << 20, DontListen: true, NoSigs: true, NoLog: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server does not start")
	}
	b, err := bus.Connect(bus.Options{InProcess: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestALimitOfTheServerRefusesAndKeepsWhatItAcknowledged(t *testing.T) {
	dir, acknowledged := t.TempDir(), 0
	message := []bus.Message{{Subject: bus.FeedEvents, Data: make([]byte, 10_000)}}
	t.Run("full", func(t *testing.T) {
		b := limited(t, dir, 100_000)
		var err error
		for ; err == nil && acknowledged < 20; acknowledged++ {
			_, err = b.Append(t.Context(), message)
		}
		acknowledged--
		if !errors.Is(err, bus.ErrFull) || !bus.Transient(err) || acknowledged == 0 {
			t.Fatalf("after %d messages: %v", acknowledged, err)
		}
	})
	t.Run("with more room", func(t *testing.T) {
		b := limited(t, dir, 1_000_000)
		if _, err := b.Append(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		readAll(t, b, bus.Feed, []string{"feed.>"}, 0, acknowledged+1)
		if n, err := b.Last(t.Context(), bus.Feed); err != nil || bus.Messages(n) != uint64(acknowledged)+1 {
			t.Errorf("the feed ends at %d after %d messages (%v)", n, acknowledged+1, err)
		}
	})
}
