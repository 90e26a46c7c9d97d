package mongostore_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/certs/certstest"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/ferret"
	"kaohe.dev/services/internal/store/mongostore"
)

// joined writes the certificate and the key of a directory into a file.
func joined(t *testing.T, dir, name string) {
	t.Helper()
	var all []byte
	for _, part := range []string{"cert.pem", "key.pem"} {
		raw, err := os.ReadFile(filepath.Join(dir, part))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw...)
	}
	if err := os.WriteFile(name, all, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A certificate that is replaced is shown with the next connection; the driver
// would go on with the first.
func TestTLSTakesANewCertificateWhenItConnectsAgain(t *testing.T) {
	server, client, next, data := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	certstest.Write(t, server, 1)
	certstest.Write(t, client, 2)
	certstest.Write(t, next, 3)
	file := func(dir, name string) string { return filepath.Join(dir, name) }
	shown := file(t.TempDir(), "client.pem")
	joined(t, client, shown)

	serve := func(address, trusted string) (string, func()) {
		return ferret.StartTLS(t, data, address, file(server, "cert.pem"), file(server, "key.pem"), file(trusted, "cert.pem"))
	}
	uri, stop := serve("127.0.0.1:0", client)
	defer func() { stop() }()
	uri = strings.Replace(uri, "/?", "/kaohe?", 1) + "&serverSelectionTimeoutMS=3000&tlsCAFile=" + url.QueryEscape(file(server, "cert.pem"))
	if s, err := mongostore.Open(t.Context(), uri); err == nil {
		t.Errorf("a client without a certificate is let in: %v", s.Close())
	}
	s, err := mongostore.Open(t.Context(), uri+"&tlsCertificateKeyFile="+url.QueryEscape(shown))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Ensure(t.Context(), store.Collection{Name: "service/docs", New: func() proto.Message { return &wrapperspb.Int64Value{} }, Sharding: store.Spread("a test")}); err != nil {
		t.Fatal(err)
	}
	stop()
	_, stop = serve(hostOf(uri), next)
	joined(t, next, shown)
	if _, err := s.Load(t.Context(), "service/docs", []string{"key"}); err != nil {
		t.Errorf("after both have new certificates: %v", err)
	}
}
