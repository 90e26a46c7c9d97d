package sqlitestore_test

import (
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
	storetest.Run(t, func(t testing.TB) store.Store { return open(t, t.TempDir()) })
}

func TestConformanceSynchronousFull(t *testing.T) {
	storetest.Run(t, func(t testing.TB) store.Store { return open(t, t.TempDir(), sqlitestore.WithSynchronousFull()) })
}

func TestReopen(t *testing.T) { storetest.Reopen(t, "sqlite:"+t.TempDir()) }

func TestCrash(t *testing.T) {
	storetest.Crash(t, func() string { return "sqlite:" + t.TempDir() }, storetest.AllOrNothing)
}

// TestCrashWriter is the process TestCrash kills.
func TestCrashWriter(t *testing.T) { storetest.CrashWriter(t) }
