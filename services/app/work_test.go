package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kaohe.dev/services/app"
)

// TestWhatIsNotWholeIsRefused: by who uses the data directory, and, where NATS is
// elsewhere, by every process, until the work is finished.
func TestWhatIsNotWholeIsRefused(t *testing.T) {
	c := config(t)
	c.NATS, c.NATSKeys = guarded(t)
	c.Store = "sqlite:" + t.TempDir()
	rebuilding := c
	rebuilding.Work = app.WorkRebuild
	if err := app.Forget(t.Context(), rebuilding, nil); err != nil {
		t.Fatal(err)
	}
	a, err := app.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); !errors.Is(err, app.ErrUnfinished) || !strings.Contains(err.Error(), "run kaohe rebuild") {
		t.Errorf("in its data directory: %v", err)
	}
	other := config(t) // on another machine
	other.NATS, other.NATSKeys, other.Store = c.NATS, c.NATSKeys, c.Store
	if err := os.WriteFile(filepath.Join(other.Data, app.CustomerKey), []byte("the same for all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	restoring := other
	restoring.Work = app.WorkRestore
	if err := app.Restore(t.Context(), restoring, app.Backup{}); !errors.Is(err, app.ErrUnfinished) {
		t.Errorf("restored meanwhile: %v", err)
	}
	b, err := app.New(other)
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1)
	go func() { started <- b.Start(t.Context()) }()
	t.Cleanup(func() { _ = b.Stop(context.Background()) })
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(20 * time.Second); !errors.Is(b.Ready(), app.ErrUnfinished); <-look.C {
		if time.Now().After(deadline) {
			t.Fatalf("it says %v", b.Ready())
		}
	}
	if err := app.Finish(t.Context(), rebuilding); err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	mainJob(t, b)
}

// TestAMarkThatIsNotKnownIsRefused: of a later kaohe, or damaged.
func TestAMarkThatIsNotKnownIsRefused(t *testing.T) {
	for _, text := range []string{"", "{", `{"work":"something new"}`, "null"} {
		c := config(t)
		if err := os.WriteFile(filepath.Join(c.Data, app.UnfinishedName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := app.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Start(t.Context()); err == nil {
			t.Errorf("it started with the mark %q", text)
			_ = a.Stop(t.Context())
		}
	}
}

// TestTheAdminOfNATSArchives: reads the log, and takes away what was archived.
func TestTheAdminOfNATSArchives(t *testing.T) {
	c := config(t)
	c.NATS, c.NATSKeys = guarded(t)
	c.Store = "sqlite:" + t.TempDir()
	a := start(t, c)
	mainJob(t, a)
	if err := a.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	c.Work, c.Archive = app.WorkArchive, filepath.Join(t.TempDir(), "archive")
	done, err := app.Archive(t.Context(), c, "2999-01", time.Now().Add(time.Hour), true)
	if err != nil || done.Events == 0 || done.First != done.Last+1 {
		t.Errorf("archived %+v, %v", done, err)
	}
	if err := app.Finish(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}
