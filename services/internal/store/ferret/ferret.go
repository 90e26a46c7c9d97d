// Package ferret runs a MongoDB-compatible server inside a test: FerretDB v1 with its SQLite handler, one per call, gone
// when the test ends. For tests only; the kaohe binary never imports it.
//
// What it cannot do, so that nobody is surprised: it scans the collection for every filter but {_id: "text"} alone, so
// keep data small (200 documents: 40 ms for each write); it has no transactions, no atomic updates of one document by two
// writers, no TTL indexes and no decimal128; and an update command of 100 statements stands still for ever, because each
// holds one of its 100 database connections to the end (mongostore sends it 4 at a time).
package ferret

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// Start runs a server until the test ends and returns its mongodb:// URL, without a database. The listener is open when
// Start returns: a client that connects is served.
func Start(t testing.TB) (url string) {
	t.Helper()
	url, stop := run(t, t.TempDir(), ferretdb.ListenerConfig{TCP: "127.0.0.1:0"})
	t.Cleanup(stop)
	return url
}

// StartTLS runs a server with its data in a directory, until stop is called, that has a certificate and lets in only who
// shows one of a CA; the names are of PEM files, the address has a port or 0.
func StartTLS(t testing.TB, dir, address, cert, key, ca string) (url string, stop func()) {
	t.Helper()
	return run(t, dir, ferretdb.ListenerConfig{TLS: address, TLSCertFile: cert, TLSKeyFile: key, TLSCAFile: ca})
}

func run(t testing.TB, dir string, listener ferretdb.ListenerConfig) (url string, stop func()) {
	t.Helper()
	f, err := ferretdb.New(&ferretdb.Config{
		Listener: listener, Logger: slog.New(slog.DiscardHandler), Handler: "sqlite", SQLiteURL: "file:" + dir + "/",
	})
	if err != nil {
		t.Fatalf("start ferretdb: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return f.MongoDBURI(), sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ferretdb: %v", err)
		}
	})
}
