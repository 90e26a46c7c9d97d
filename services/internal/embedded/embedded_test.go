package embedded_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"kaohe.dev/services/internal/embedded"
)

// Nobody has to show who he is to it, so nobody outside may reach it.
func TestWithoutAPortNobodyOutsideTheProcessReachesIt(t *testing.T) {
	s, err := embedded.Start(embedded.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	if address := s.Addr(); address != nil {
		t.Errorf("it listens at %s", address)
	}
}

// A server that stopped writing for want of room goes on by itself, and says
// so; one look alone changes nothing.
func TestWhatHasStoppedIsOpenedAnewAfterTwoLooks(t *testing.T) {
	said := make(chan string, 10)
	s, err := embedded.Start(embedded.Options{Dir: t.TempDir(), Logger: slog.New(telling{said})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	began := time.Now()
	if err := s.ShutdownJetStream(); err != nil { // as the server does on a full disk
		t.Fatal(err)
	}
	if first := <-said; first != embedded.Reopening {
		t.Errorf("it says %q", first)
	}
	if once := time.Since(began); once < embedded.LookEvery {
		t.Errorf("it acted after %s, on one look", once)
	}
	if second := <-said; !s.JetStreamEnabled() {
		t.Errorf("it said %q, and takes nothing", second)
	}
}

// A server that is stopped is not healed: nobody writes into its directory once
// Stop has returned.
func TestAStoppedServerIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	s, err := embedded.Start(embedded.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s.Stop()
	if left, err := filepath.Glob(filepath.Join(dir, "writable*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// telling hands what is logged to a test.
type telling struct{ said chan string }

func (h telling) Enabled(context.Context, slog.Level) bool { return true }
func (h telling) Handle(_ context.Context, r slog.Record) error {
	h.said <- r.Message
	return nil
}
func (h telling) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h telling) WithGroup(string) slog.Handler      { return h }
