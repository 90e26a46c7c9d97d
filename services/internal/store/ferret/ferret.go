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
	"testing"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// Start runs a server until the test ends and returns its mongodb:// URL, without a database. The listener is open when
// Start returns: a client that connects is served.
func Start(t testing.TB) (url string) {
	t.Helper()
	f, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.DiscardHandler),
		Handler:   "sqlite",
		SQLiteURL: "file:" + t.TempDir() + "/",
	})
	if err != nil {
		t.Fatalf("start ferretdb: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("ferretdb: %v", err)
		}
	})
	return f.MongoDBURI()
}
