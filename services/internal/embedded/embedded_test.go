package embedded_test

import (
	"testing"

	"kaohe.dev/services/internal/embedded"
)

// Nobody has to show who he is to it, so nobody outside may reach it.
func TestWithoutAPortNobodyOutsideTheProcessReachesIt(t *testing.T) {
	s, err := embedded.Start(embedded.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { embedded.Stop(s) })
	if address := s.Addr(); address != nil {
		t.Errorf("it listens at %s", address)
	}
}
