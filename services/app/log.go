package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/proto"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/durable"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/storeurl"
	"kaohe.dev/services/notify"
)

// ErrLayout says that documents are there which a configuration cannot use.
var ErrLayout = run.ErrLayout

// ErrOlder says that an earlier kaohe wrote the documents, and that everything
// but the log has to be built anew.
var ErrOlder = run.ErrOlder

// ErrFeedNotEmpty says that a log cannot be restored over another.
var ErrFeedNotEmpty = errors.New("there are events already; restore into a new data directory, or a new NATS account")

// Backup is a log to restore.
type Backup struct {
	// Source is where it lies, and ID names what is in it.
	Source, ID string
	// CustomerKey is the text of its key file; empty: it has none.
	CustomerKey []byte
	// Next gives its events piece by piece, none at the end.
	Next func() ([]*feedv1.Event, error)
}

// Restore writes a log into an empty feed. What an interruption left is deleted
// first; where nothing but deciding was left, nothing is written. The result is
// refused until Finish. Nothing of the configuration may be running.
func Restore(ctx context.Context, config Config, backup Backup) error {
	work := Work{Name: WorkRestore, Source: backup.Source, ID: backup.ID, Phase: Clearing}
	return withBus(ctx, config, func(a *App, b *bus.Bus) error {
		before, err := Unfinished(config.Data)
		if err != nil {
			return err
		}
		if before.decides(work.ID) {
			return nil
		}
		if err := a.empty(ctx, b, before != nil); err != nil {
			return err
		}
		if err := a.checkCustomerKey(backup); err != nil {
			return err
		}
		if err := a.begin(ctx, b, work); err != nil {
			return err
		}
		if len(backup.CustomerKey) > 0 {
			if err := durable.Create(filepath.Join(config.Data, CustomerKey), backup.CustomerKey); err != nil {
				return err
			}
		}
		if err := a.refill(ctx, b, backup.Next); err != nil {
			return err
		}
		work.Phase = Deciding
		return a.begin(ctx, b, work)
	})
}

// empty makes sure that there are no events; those that a restore has left it
// deletes.
func (a *App) empty(ctx context.Context, b *bus.Bus, begun bool) error {
	mine, err := b.Marked(ctx)
	if err != nil {
		return err
	}
	if begun || mine {
		if err := b.Forget(ctx, bus.Ledger, bus.Facts, bus.Feed); err != nil {
			return err
		}
		if err := a.drop(ctx); err != nil {
			return err
		}
		return b.Ensure(ctx)
	}
	last, err := b.Last(ctx, bus.Feed)
	if err == nil && last > 0 {
		err = ErrFeedNotEmpty
	}
	return err
}

// checkCustomerKey makes sure that there is a key, and one only. Without it the
// customers of new events would not be known as those of before.
func (a *App) checkCustomerKey(backup Backup) error {
	path := filepath.Join(a.config.Data, CustomerKey)
	there, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(backup.CustomerKey) == 0:
		return keyError(path, "is missing, and the backup has none")
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("read %s: %w", path, err)
	case len(backup.CustomerKey) > 0 && !bytes.Equal(bytes.TrimSpace(there), bytes.TrimSpace(backup.CustomerKey)):
		return fmt.Errorf("%s is another key than that of the backup; restore into a new data directory, or remove it: %w", path, ErrKey)
	}
	return nil
}

// refill appends what a backup has.
func (a *App) refill(ctx context.Context, b *bus.Bus, next func() ([]*feedv1.Event, error)) error {
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
}

// Forget deletes all that can be built anew from the feed: documents, facts and
// ledger. What cannot stays, tokens and webhooks; what was told is not told
// again. Where nothing but deciding was left, nothing is deleted. Seal is kept
// for who compares, also after an interruption. The result is refused until
// Finish. Nothing of the configuration may be running.
func Forget(ctx context.Context, config Config, seal []byte) error {
	work := Work{Name: WorkRebuild, ID: fmt.Sprintf("%d partitions", config.Partitions), Phase: Clearing, Seal: seal}
	return withBus(ctx, config, func(a *App, b *bus.Bus) error {
		before, err := Unfinished(config.Data)
		if err != nil {
			return err
		}
		if before.decides(work.ID) {
			return nil
		}
		if err := a.begin(ctx, b, work); err != nil {
			return err
		}
		if err := a.record(ctx, b, "rebuild", a.accepted()...); err != nil {
			return err
		}
		if err := a.drop(ctx); err != nil {
			return err
		}
		if err := b.Forget(ctx, bus.Ledger, bus.Facts); err != nil {
			return err
		}
		if err := forgetUnsynced(config.Data); err != nil {
			return err
		}
		work.Phase = Deciding
		return a.begin(ctx, b, work)
	})
}

// drop deletes the documents that can be built anew.
func (a *App) drop(ctx context.Context) error {
	if err := hush(ctx, a.address()); err != nil {
		return err
	}
	return storeurl.Drop(ctx, a.address(), store.Originals(Collections(1))...)
}

// original reports whether the log cannot give back the documents of a group.
func original(group string) bool { return slices.Contains(store.Originals(Collections(1)), group) }

// address is where documents are kept.
func (a *App) address() string {
	if a.config.Store != "" {
		return a.config.Store
	}
	return "sqlite:" + filepath.Join(a.config.Data, stateName)
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
	if errors.Is(checkSynced(config.Data), ErrUnsynced) {
		a.mending = &mending{} // what was not on the disk may be missing anywhere
	}
	if err := a.openData(ctx); err != nil {
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
