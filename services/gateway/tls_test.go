package gateway_test

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/internal/certs"
	"kaohe.dev/services/internal/certs/certstest"
)

func TestTLSTakesANewCertificateWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	pool := certstest.Write(t, dir, 1)
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
	pool = certstest.Write(t, dir, 2)
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
