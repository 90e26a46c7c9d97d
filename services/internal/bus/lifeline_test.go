package bus_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/embedded"
)

// Who waits for an answer when the connection is lost hears of it at once, and
// not after the timeout, which nobody would live to see here.
func TestAnAppendEndsWithItsConnection(t *testing.T) {
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bus.Connect(bus.Options{InProcess: server.Server, Name: t.Name(), Timeout: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	silent, err := nats.Connect("", nats.InProcessServer(server))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	asked := make(chan *nats.Msg, 1)
	if _, err := silent.ChanSubscribe("nowhere", asked); err != nil {
		t.Fatal(err)
	}
	if err := silent.Flush(); err != nil {
		t.Fatal(err)
	}
	go func() {
		<-asked
		server.Stop()
	}()
	_, err = b.Append(t.Context(), messages("nowhere", 1))
	if !errors.Is(err, nats.ErrDisconnected) {
		t.Errorf("it ended with %v", err)
	}
}
