// Package embedded runs a NATS server inside the process, with JetStream on
// disk: what `kaohe up` needs and nothing has to be installed for.
package embedded

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Options of the embedded server.
type Options struct {
	// Dir is where the streams are kept.
	Dir string
	// NoSync leaves out the sync to disk before an acknowledgement. Only for
	// measuring what the sync costs.
	NoSync bool
	// Listen is an address "host:port" for clients outside the process; empty:
	// in process only.
	Host string
	Port int
}

// ErrSlowStart says the server did not come up in time.
var ErrSlowStart = errors.New("the embedded NATS server did not start within 30 s; " +
	"a large or damaged stream directory takes long to recover: look at the log and at the disk")

// Start starts a server and waits until it takes connections. An appended
// message is on disk before it is acknowledged.
func Start(opts Options) (*server.Server, error) {
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the stream directory: %w", err)
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "kaohe", StoreDir: opts.Dir, JetStream: true, SyncAlways: !opts.NoSync,
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
	return s, nil
}

// Stop stops the server and waits until all is on disk.
func Stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}
