// Package embedded runs a NATS server inside the process, with JetStream on
// disk: what `kaohe up` needs and nothing has to be installed for.
//
// In flow a directory and a port, out flows a server that takes connections and
// mends itself after a full disk. Never here: streams, or who uses them.
package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Options of the embedded server.
type Options struct {
	// Dir is where the streams are kept.
	Dir string
	// SyncEvery is how often what was appended is synced to disk; 0: before every
	// acknowledgement. With an interval a power loss takes what was acknowledged
	// since the last sync; the end of the process, however sudden, takes nothing.
	SyncEvery time.Duration
	// Host and Port are where clients outside the process find it; without a
	// port there are none.
	Host string
	Port int
	// Logger may be nil.
	Logger *slog.Logger
}

// ErrSlowStart says the server did not come up in time.
var ErrSlowStart = errors.New("the embedded NATS server did not start within 30 s; " +
	"a large or damaged stream directory takes long to recover: look at the log and at the disk")

// The server's own limits are out of the way: it would take three quarters of
// what is free when it starts, and refuse more. Who guards the disk is kaohe.
const (
	maxStore  = 1 << 60
	maxMemory = 256 << 20
)

// Start starts a server and waits until it takes connections. An appended
// message is on disk before it is acknowledged, unless an interval is given.
func Start(opts Options) (*server.Server, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the stream directory: %w", err)
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "kaohe", StoreDir: opts.Dir, JetStream: true, SyncAlways: opts.SyncEvery == 0, SyncInterval: opts.SyncEvery,
		JetStreamMaxStore: maxStore, JetStreamMaxMemory: maxMemory,
		DontListen: opts.Port == 0, Host: opts.Host, Port: opts.Port,
		NoSigs: true, NoLog: true, MaxPayload: 4 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("configure the embedded NATS server: %w", err)
	}
	go s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		s.Shutdown()
		return nil, ErrSlowStart
	}
	if !s.JetStreamEnabled() {
		s.Shutdown()
		return nil, fmt.Errorf("JetStream did not start in %s: check that the directory is writable, "+
			"not in use by another kaohe, and that the disk has room", opts.Dir)
	}
	go mend(s, opts)
	return s, nil
}

// mendEvery is how often the streams are looked at.
const mendEvery = time.Second

// mend opens the streams anew when a write has failed and writing is possible
// again: the server never writes to a stream whose disk was full, until it is
// opened anew. What was not acknowledged is cut off by that, nothing else.
func mend(s *server.Server, opts Options) {
	closed := make(chan struct{})
	go func() { s.WaitForShutdown(); close(closed) }()
	look := time.NewTicker(mendEvery)
	defer look.Stop()
	for {
		select {
		case <-closed:
			return
		case <-look.C:
		}
		health := s.Healthz(&server.HealthzOptions{})
		if health.StatusCode == http.StatusOK || health.Error == "" || !writable(opts.Dir) {
			continue
		}
		opts.Logger.Warn("a stream cannot be written to; the streams are opened anew", "error", health.Error)
		err := s.ShutdownJetStream()
		if err == nil {
			err = s.EnableJetStream(&server.JetStreamConfig{
				StoreDir: opts.Dir, SyncAlways: opts.SyncEvery == 0, SyncInterval: opts.SyncEvery,
				MaxMemory: maxMemory, MaxStore: maxStore, Strict: true, CompressOK: true,
			})
		}
		if err != nil {
			opts.Logger.Error("opening the streams anew failed, trying again", "error", err)
		}
	}
}

// writable reports whether a file can be written and synced.
func writable(dir string) bool {
	name := filepath.Join(dir, "writable")
	defer func() { _ = os.Remove(name) }()
	file, err := os.Create(name)
	if err != nil {
		return false
	}
	_, err = file.Write(make([]byte, 1<<20))
	return errors.Join(err, file.Sync(), file.Close()) == nil
}

// Stop stops the server and waits until all is on disk.
func Stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}
