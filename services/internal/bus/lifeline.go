package bus

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"
)

// lifeline ends what waits for an answer on a connection that is lost: the answer
// never comes, and waiting for it would cost the whole timeout.
type lifeline struct {
	mu sync.Mutex
	// connected ends with the connection; nil: nobody waits on this one yet.
	connected context.Context //nolint:containedctx // the life of a connection
	lost      context.CancelFunc
}

// hold gives a context that ends, with nats.ErrDisconnected as the cause, when
// the connection is lost, and what is to be called when the answer is there.
func (l *lifeline) hold(ctx context.Context) (held context.Context, release func()) {
	held, cancel := context.WithCancelCause(ctx)
	forget := context.AfterFunc(l.current(), func() { cancel(nats.ErrDisconnected) })
	return held, func() { forget(); cancel(nil) }
}

func (l *lifeline) current() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.connected == nil {
		l.connected, l.lost = context.WithCancel(context.Background())
	}
	return l.connected
}

// cut says that the connection is lost. Who waits from now on waits for the next.
func (l *lifeline) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.connected != nil {
		l.lost()
	}
	l.connected = nil
}
