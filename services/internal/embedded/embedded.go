// Package embedded runs a NATS server inside the process, with JetStream on
// disk: what `kaohe up` needs and nothing has to be installed for.
//
// In flow a directory and a port, out flows a server that takes connections and
// mends itself after a full disk. Never here: streams, or who uses them.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"kaohe.dev/services/internal/durable"
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

// Server is a NATS server in the process.
type Server struct {
	*server.Server
	healing sync.WaitGroup
	calm    context.CancelFunc
}

// MaxPayload is how large a message may be, in bytes: what is appended together
// is one. The servers of deploy/nats have the same limit.
const MaxPayload = 4 << 20

// Start starts a server and waits until it takes connections. An appended
// message is on disk before it is acknowledged, unless an interval is given.
func Start(opts Options) (*Server, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if err := durable.Dir(opts.Dir); err != nil {
		return nil, fmt.Errorf("make the stream directory: %w", err)
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "kaohe", StoreDir: opts.Dir, JetStream: true, SyncAlways: opts.SyncEvery == 0, SyncInterval: opts.SyncEvery,
		JetStreamMaxStore: maxStore, JetStreamMaxMemory: maxMemory,
		DontListen: opts.Port == 0, Host: opts.Host, Port: opts.Port,
		NoSigs: true, NoLog: true, MaxPayload: MaxPayload,
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
	ctx, calm := context.WithCancel(context.Background())
	started, healer := &Server{Server: s, calm: calm}, &healer{s: s, opts: opts}
	started.healing.Go(func() { healer.run(ctx) })
	return started, nil
}

// Stop stops the server and waits until all is on disk and nobody here writes
// any more. Stopping twice is harmless.
func (s *Server) Stop() {
	s.calm() // a server that stops is not broken
	s.healing.Wait()
	s.Shutdown()
	s.WaitForShutdown()
}
