package bus_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/certs/certstest"
)

// serveTLS starts a server with the TLS lines of deploy/nats/node.conf, and a
// certificate that its clients must show as well.
func serveTLS(t *testing.T, certificates, streams string, port int) *server.Server {
	t.Helper()
	config := filepath.Join(t.TempDir(), "nats.conf")
	file := func(name string) string { return filepath.Join(certificates, name) }
	text := fmt.Sprintf("listen: \"127.0.0.1:%d\"\njetstream { store_dir: %q }\ntls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }\n",
		port, streams, file("cert.pem"), file("key.pem"), file("cert.pem"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(config)
	if err != nil {
		t.Fatal(err)
	}
	options.NoSigs, options.NoLog = true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server does not start")
	}
	return s
}

func TestTLSTakesANewCAWhenItConnectsAgain(t *testing.T) {
	certificates, streams := t.TempDir(), t.TempDir()
	certstest.Write(t, certificates, 1)
	s := serveTLS(t, certificates, streams, server.RANDOM_PORT)
	port := s.Addr().(*net.TCPAddr).Port
	options := bus.Options{
		URL: fmt.Sprintf("tls://127.0.0.1:%d", port), CA: filepath.Join(certificates, "cert.pem"), Timeout: time.Second,
		Cert: filepath.Join(certificates, "cert.pem"), Key: filepath.Join(certificates, "key.pem"),
	}
	b, err := bus.Connect(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Who shows no certificate is not let in.
	without := options
	without.Cert, without.Key = "", ""
	bare, err := bus.Connect(without)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bare.Close)
	if bare.Ready() == nil {
		t.Error("a client without a certificate is let in")
	}

	s.Shutdown()
	s.WaitForShutdown()
	certstest.Write(t, certificates, 2) // another CA, too: it signs itself
	serveTLS(t, certificates, streams, port)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(20 * time.Second); b.Ready() != nil; <-look.C {
		if time.Now().After(deadline) {
			t.Fatal(b.Ready())
		}
	}
	if _, err := b.Append(t.Context(), messages(bus.FeedEvents, 1)); err != nil {
		t.Fatal(err)
	}
}
