package mongostore_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.uber.org/goleak"

	"kaohe.dev/services/internal/store/ferret"
	"kaohe.dev/services/internal/store/mongostore"
	"kaohe.dev/services/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fresh gives URLs of databases not used before on one FerretDB server.
func fresh(t *testing.T) (next func() (url string)) {
	t.Helper()
	server, n := ferret.Start(t), 0
	return func() string {
		n++
		return fmt.Sprintf("%sd%d", server, n)
	}
}

func TestConformanceFerretDB(t *testing.T) {
	next := fresh(t)
	watched(t, func(testing.TB) string { return next() }, storetest.BatchOf(60), storetest.WithoutAtomicUpdates())
}

// realServer gives URLs of new databases on the server of KAOHE_TEST_MONGODB_URI, dropped when the test ends.
func realServer(t *testing.T) (next func(testing.TB) (url string)) {
	t.Helper()
	uri := os.Getenv("KAOHE_TEST_MONGODB_URI")
	if uri == "" {
		t.Skip("KAOHE_TEST_MONGODB_URI names no MongoDB server")
	}
	address, query, _ := strings.Cut(uri, "?")
	scheme, hosts, _ := strings.Cut(address, "://")
	hosts, _, _ = strings.Cut(hosts, "/")
	run, n := time.Now().UnixNano(), 0
	return func(t testing.TB) string {
		n++
		name := fmt.Sprintf("kaohe_test_%d_%d", run, n)
		t.Cleanup(func() { drop(t, uri, name) })
		return fmt.Sprintf("%s://%s/%s?%s", scheme, hosts, name, query)
	}
}

func drop(t testing.TB, uri, name string) {
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Error(err)
		return
	}
	ctx := context.WithoutCancel(t.Context()) // in a clean-up it has ended
	if err := client.Database(name).Drop(ctx); err != nil {
		t.Error(err)
	}
	if err := client.Disconnect(ctx); err != nil {
		t.Error(err)
	}
}

func TestConformanceMongoDB(t *testing.T) {
	watched(t, realServer(t))
}

func TestReopenFerretDB(t *testing.T) { storetest.Reopen(t, fresh(t)()) }

func TestReopenMongoDB(t *testing.T) { storetest.Reopen(t, realServer(t)(t)) }

func TestCrashFerretDB(t *testing.T) {
	next := fresh(t)
	storetest.Crash(t, next, storetest.Prefix)
}

func TestCrashMongoDB(t *testing.T) {
	next := realServer(t)
	storetest.Crash(t, func() string { return next(t) }, storetest.Prefix)
}

// TestCrashWriter is the process the crash tests kill.
func TestCrashWriter(t *testing.T) { storetest.CrashWriter(t) }

func TestNoServer(t *testing.T) {
	_, err := mongostore.Open(t.Context(), "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50")
	if err == nil || !strings.Contains(err.Error(), "is it running and reachable") {
		t.Errorf("got %v", err)
	}
}
