package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// credentials are how we show who we are, and know who the server is. The files
// of certificates are read anew with every connection.
func (o Options) credentials() ([]nats.Option, error) {
	// Who was not known may be by the next attempt: keys are replaced on either
	// side at a time.
	options := []nats.Option{nats.IgnoreAuthErrorAbort()}
	if o.CA != "" {
		options = append(options, nats.RootCAs(o.CA))
	}
	if o.Cert != "" {
		options = append(options, nats.ClientCert(o.Cert, o.Key))
	}
	if o.Seed == "" {
		return options, nil
	}
	nkey, err := nats.NkeyOptionFromSeed(o.Seed)
	if err != nil {
		return nil, fmt.Errorf("read the key of NATS user %s from %s: %w; kaohe nats keys makes one", o.User, o.Seed, err)
	}
	return append(options, nkey, nats.CustomInboxPrefix(inbox(o.User))), nil
}

// inbox is where a user gets answers; nobody else may listen there.
func inbox(user string) string { return "_INBOX." + user }

// denial is a refusal for want of permission. NATS tells it beside the call,
// which then waits in vain.
type denial struct {
	err error
	at  time.Time
}

func (b *Bus) noteDenial(err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		b.denied.Store(&denial{err, time.Now()})
	}
}

// deniedLately is how long a refusal may explain what failed.
const deniedLately = 15 * time.Second

// ErrDenied says that the user of a connection may not do what was asked.
var ErrDenied = errors.New("NATS does not let this user do it; let the server have what kaohe nats accounts prints, with the --partitions of this process")

// why adds to an error what is known of its cause.
func (b *Bus) why(err error) error {
	if last := b.denied.Load(); last != nil && time.Since(last.at) < deniedLately {
		return fmt.Errorf("%w: %w: %w", err, last.err, ErrDenied)
	}
	return err
}

// ErrNoStream says that a stream is not there and that this user may not make
// it.
var ErrNoStream = errors.New("it is not there yet; kaohe nats setup makes it, and so does any process that has admin.nk")

// Find makes sure that streams are there. It makes none.
func (b *Bus) Find(ctx context.Context, streams ...string) error {
	for _, stream := range streams {
		found, err := b.js.Stream(ctx, stream)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			err = ErrNoStream
		case err == nil:
			_, err = b.markOf(found.CachedInfo().Config)
		}
		if err != nil {
			return fmt.Errorf("look for stream %s: %w", stream, b.why(err))
		}
	}
	return nil
}
