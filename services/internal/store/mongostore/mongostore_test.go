package mongostore_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
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
	storetest.Crash(t, func() (string, func() any) { return next(), nil }, storetest.Prefix)
}

func TestCrashMongoDB(t *testing.T) {
	next := realServer(t)
	storetest.Crash(t, func() (string, func() any) { return next(t), nil }, storetest.Prefix)
}

// at gives how the database of a URL is reached when its server is at an address.
func at(url, target string) func(address string) string {
	return func(address string) string {
		scheme, rest, _ := strings.Cut(url, "://")
		who, hosts, found := strings.Cut(rest, "@")
		if !found {
			who, hosts = "", rest
		} else {
			who += "@"
		}
		_, path, _ := strings.Cut(hosts, "/")
		if !strings.Contains(path, "?") {
			path += "?"
		}
		return fmt.Sprintf("%s://%s%s/%s&directConnection=true&heartbeatFrequencyMS=500&serverSelectionTimeoutMS=5000", scheme, who, address, path)
	}
}

func TestCutFerretDB(t *testing.T) {
	next := fresh(t)
	target := hostOf(next())
	storetest.Cut(t, target, func() func(string) string { return at(next(), target) })
}

func TestCutMongoDB(t *testing.T) {
	next := realServer(t)
	uri := os.Getenv("KAOHE_TEST_MONGODB_URI")
	if strings.HasPrefix(uri, "mongodb+srv") || strings.Contains(uri, "tls=true") {
		t.Skip("a wire that can be cut needs one address and no TLS")
	}
	target := primary(t, uri)
	storetest.Cut(t, target, func() func(string) string { return at(next(t), target) })
}

func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// primary gives the address of the server that takes writes.
func primary(t *testing.T, uri string) string {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(t.Context())) }()
	var hello struct{ Primary, Me string }
	if err := client.Database("admin").RunCommand(t.Context(), bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		t.Fatal(err)
	}
	if hello.Primary != "" {
		return hello.Primary
	}
	host := hostOf(uri)
	_, host, _ = strings.Cut("@"+host, "@")
	if _, behind, found := strings.Cut(host, "@"); found {
		host = behind
	}
	first, _, _ := strings.Cut(host, ",")
	return first
}

// TestCrashWriter is the process the crash tests kill.
func TestCrashWriter(t *testing.T) { storetest.CrashWriter(t) }

func TestNoServer(t *testing.T) {
	_, err := mongostore.Open(t.Context(), "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50")
	if err == nil || !strings.Contains(err.Error(), "is it running and reachable") {
		t.Errorf("got %v", err)
	}
}
