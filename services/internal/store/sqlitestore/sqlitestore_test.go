package sqlitestore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/sqlitestore"
	"kaohe.dev/services/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, dir string, options ...sqlitestore.Option) store.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t testing.TB) store.Store { return open(t, t.TempDir()) }, storetest.WithAtomicCommits())
}

func TestConformanceSynchronousFull(t *testing.T) {
	storetest.Run(t, func(t testing.TB) store.Store { return open(t, t.TempDir(), sqlitestore.WithSynchronousFull()) }, storetest.WithAtomicCommits())
}

func TestReopen(t *testing.T) { storetest.Reopen(t, "sqlite:"+t.TempDir()) }

func TestCrash(t *testing.T) {
	storetest.Crash(t, func() (string, func() any) {
		dir := t.TempDir()
		// A cache that holds less than a commit: its first pages are in the log before it is at its end.
		return "sqlite:" + dir + "?cache=64KiB", func() any { return logOf(t, filepath.Join(dir, "test.db-wal")) }
	}, storetest.AllOrNothing)
}

// logOf tells one state of a log from another.
func logOf(t *testing.T, path string) string {
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(info.Size(), info.ModTime())
}

// TestCrashWriter is the process TestCrash kills.
func TestCrashWriter(t *testing.T) { storetest.CrashWriter(t) }
