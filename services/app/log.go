package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/storeurl"
	"kaohe.dev/services/notify"
)

// ErrLayout says that documents are there which a configuration cannot use.
var ErrLayout = run.ErrLayout

// ErrFeedNotEmpty says that a log cannot be restored over another.
var ErrFeedNotEmpty = errors.New("there are events already; restore into a new data directory, or a new NATS account")

// Restore writes a log into an empty feed. Next gives its events piece by
// piece, none at the end. Nothing of the configuration may be running.
func Restore(ctx context.Context, config Config, next func() ([]*feedv1.Event, error)) error {
	return withBus(ctx, config, func(a *App, b *bus.Bus) error {
		last, err := b.Last(ctx, bus.Feed)
		if err != nil {
			return err
		}
		if last > 0 {
			return ErrFeedNotEmpty
		}
		for {
			events, err := next()
			if err != nil {
				return err
			}
			if len(events) == 0 {
				return a.record(ctx, b, "restore")
			}
			messages := make([]bus.Message, len(events))
			for i, e := range events {
				messages[i].Subject = bus.FeedBatches
				if messages[i].Data, err = proto.Marshal(e); err != nil {
					return fmt.Errorf("encode event %s of %s: %w", e.Id, e.Source, err)
				}
			}
			if _, err := b.Append(ctx, messages); err != nil {
				return err
			}
		}
	})
}

// Forget deletes all that can be built anew from the feed: documents, facts and
// ledger, in this order, so that an interruption leaves nothing that contradicts
// itself. What cannot stays, tokens and webhooks; what was told is not told again. Nothing of the configuration may be running.
func Forget(ctx context.Context, config Config) error {
	return withBus(ctx, config, func(a *App, b *bus.Bus) error {
		if err := a.record(ctx, b, "rebuild"); err != nil {
			return err
		}
		address := config.Store
		if address == "" {
			address = "sqlite:" + filepath.Join(config.Data, "state")
		}
		if err := hush(ctx, address); err != nil {
			return err
		}
		if err := storeurl.Drop(ctx, address, store.Originals(Collections(1))...); err != nil {
			return err
		}
		if err := b.Forget(ctx, bus.Ledger, bus.Facts); err != nil {
			return err
		}
		return forgetUnsynced(config.Data)
	})
}

// hush lets nobody be told again what the ledger says when it is built anew.
func hush(ctx context.Context, address string) (err error) {
	s, err := storeurl.Open(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return notify.Hush(ctx, s)
}

// withBus does something with the streams alone, as who may make and delete
// them.
func withBus(ctx context.Context, config Config, do func(*App, *bus.Bus) error) (err error) {
	a, err := New(config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Stop(context.WithoutCancel(ctx))) }()
	if err := a.openData(); err != nil {
		return err
	}
	if a.signer, err = loadSigner(a.config.Data); err != nil {
		return err
	}
	if err := a.openStreams(ctx, Admin); err != nil {
		return err
	}
	return do(a, a.bus(Admin))
}

// Progress tells how much of the log this process has decided, from 0 to 1: how
// far each service has come in the stream it reads, all counting alike.
func (a *App) Progress(ctx context.Context) (float64, error) {
	sum, services := 0.0, 0
	for _, r := range a.runners {
		whole, ok := r.(*run.Runner)
		if !ok {
			continue
		}
		share, err := whole.Progress(ctx)
		if err != nil {
			return 0, err
		}
		sum, services = sum+share, services+1
	}
	return sum / float64(max(1, services)), nil
}
