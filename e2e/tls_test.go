package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a certificate of its own signing for 127.0.0.1, and its
// key, and gives the files.
func certificate(t testing.TB) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kaohe"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err2 := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	secret, err3 := x509.MarshalPKCS8PrivateKey(private)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	block := func(kind string, raw []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}))
	}
	return write(t, "tls.crt", block("CERTIFICATE", der)), write(t, "tls.key", block("PRIVATE KEY", secret))
}

// TestTheShippedTLSLinesOfNATSWork: with the # taken from deploy/nats/node.conf,
// nodes and kaohe talk over TLS only, and who shows no certificate is not let in.
func TestTheShippedTLSLinesOfNATSWork(t *testing.T) {
	cert, key := certificate(t)
	c := startCluster(t, [3]string{t.TempDir(), t.TempDir(), t.TempDir()},
		"#tls", "tls", "/certs/tls.crt", cert, "/certs/tls.key", key, "/certs/ca.crt", cert)
	url := strings.ReplaceAll(c.url(), "nats://", "tls://")
	s := c.serve(t, "--nats", url, "--nats-ca", cert, "--nats-cert", cert, "--nats-key", key)
	s.register()
	if code := s.call("POST", "/v1/events", overdue(0, 100), nil); code != http.StatusOK {
		t.Fatalf("push: status %d", code)
	}
	s.holds(100)

	stranger := start(t, program, "serve", "--target", "survey", "--data", t.TempDir(), "--nats", url, "--nats-ca", cert,
		"--nats-nkeys", c.key("survey"), "--store", "sqlite:"+filepath.Join(t.TempDir(), "state"))
	await(t, "turned away", func() error {
		if !strings.Contains(stranger.log.String(), "certificate") {
			return errors.New("its log does not speak of a certificate:\n" + stranger.log.String())
		}
		return nil
	})
}
