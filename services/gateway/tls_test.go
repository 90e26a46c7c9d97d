package gateway_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/internal/certs"
)

// certify writes a certificate of its own signing for 127.0.0.1.
func certify(t *testing.T, dir string, serial int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "kaohe"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	must(t, os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "cert.pem"), certificate, 0o600))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	return pool
}

func TestTLSTakesANewCertificateWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	pool := certify(t, dir, 1)
	h := build(t)
	var err error
	h.certificate, err = certs.Load(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), slog.New(slog.DiscardHandler))
	must(t, err)
	h.open()
	serial := func() (int64, error) {
		c, err := tls.Dial("tcp", h.g.HTTPAddr(), &tls.Config{RootCAs: pool})
		if err != nil {
			return 0, err
		}
		defer func() { _ = c.Close() }()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
	}
	if got, err := serial(); err != nil || got != 1 {
		t.Fatalf("certificate %d (%v)", got, err)
	}
	c, err := grpc.NewClient(h.g.GRPCAddr(), grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(pool, "")))
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
	if _, err := apiv1.NewScoreServiceClient(c).ListUnits(ctx, &apiv1.ListUnitsRequest{}); err != nil {
		t.Errorf("gRPC: %v", err)
	}
	if response, err := http.Get("http://" + h.g.HTTPAddr() + "/healthz"); err == nil && response.StatusCode == http.StatusOK {
		t.Error("plain HTTP is still served")
	}
	pool = certify(t, dir, 2)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(10 * time.Second); ; <-look.C {
		if got, err := serial(); err == nil && got == 2 {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("the new certificate is not taken: %d (%v)", got, err)
		}
	}
}
