package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/internal/archive"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/chain"
	"kaohe.dev/services/internal/run"
)

// Archived says what was archived.
type Archived struct {
	// Events were added, and All are in the archive.
	Events, All int64
	// Last is the number of the last message that is archived, and First that of
	// the first the log has after it.
	Last, First uint64
}

// errNoMore ends reading where the archive shall end.
var errNoMore = errors.New("no more is archived")

// Archive adds to the archive of the configuration the beginning of the log: all
// before the first message that holds an event received at or after an instant,
// which is when the month Before begins, and before what was read last. With purge the log does not have it any
// more once it can be read back. What is purged is refused
// until Finish. Nothing of the configuration may be running, and all of it must
// have been decided.
func Archive(ctx context.Context, config Config, before string, until time.Time, purge bool) (done Archived, err error) {
	err = withBus(ctx, config, func(a *App, b *bus.Bus) error {
		behind, err := a.readBy(ctx)
		if err != nil {
			return err
		}
		done, err = a.extend(ctx, b, before, until, behind)
		if err != nil || !purge || done.Last < done.First {
			return err
		}
		if err := a.begin(ctx, b, Work{Name: WorkArchive, Source: a.archive.Dir(), Phase: Clearing}); err != nil {
			return err
		}
		if err := a.record(ctx, b, "archive", chain.Range{From: 1, To: done.Last}); err != nil {
			return err
		}
		done.First = done.Last + 1
		return a.purge(ctx, b, done.First)
	})
	return done, err
}

// purge removes what comes before a message. Meanwhile it is not known where the
// log begins.
func (a *App) purge(ctx context.Context, b *bus.Bus, before uint64) error {
	if a.config.NATS != "" {
		return b.Purge(ctx, before)
	}
	if err := a.noteBegan(0); err != nil {
		return err
	}
	if err := b.Purge(ctx, before); err != nil {
		return err
	}
	return a.noteBegan(before)
}

func (a *App) extend(ctx context.Context, b *bus.Bus, before string, until time.Time, readBy uint64) (done Archived, err error) {
	first, log, err := b.Began(ctx)
	if err != nil {
		return done, err
	}
	into := a.archive
	if into.Last()+1 < first {
		return done, fmt.Errorf("the log begins at message %d; give the archive that ends at %d, this one ends at %d", first, first-1, into.Last())
	}
	had := into.Events()
	w, err := into.Extend(log)
	if err != nil {
		return done, err
	}
	if err := a.addTo(ctx, b, w, into.Last(), readBy, until); err != nil && !errors.Is(err, errNoMore) {
		return done, errors.Join(err, w.Close())
	}
	if err := w.Seal(before); err != nil {
		return done, err
	}
	return Archived{Events: into.Events() - had, All: into.Events(), Last: into.Last(), First: first}, nil
}

// readBy gives the message up to which everybody has read the feed: what comes
// before it nobody asks for again, unless to build everything anew.
func (a *App) readBy(ctx context.Context) (message uint64, err error) {
	if err := a.openStore(ctx); err != nil {
		return 0, err
	}
	readers := []string{door.Service}
	for _, t := range targets() {
		if t.stream == bus.Feed {
			readers = append(readers, run.PartNames(t.name, a.config.Partitions)...)
		}
	}
	for i, name := range readers {
		position, err := run.PositionOf(ctx, a.store, name)
		if err != nil {
			return 0, err
		}
		if at := bus.MessageOf(position); i == 0 || at < message {
			message = at
		}
	}
	return message, nil
}

// addTo adds what lies between two messages, and was received before an instant.
func (a *App) addTo(ctx context.Context, b *bus.Bus, w *archive.Writer, behind, end uint64, until time.Time) error {
	if end <= behind+1 {
		return nil
	}
	after := uint64(0)
	if behind > 0 {
		after = bus.Behind(behind)
	}
	reader, err := b.Read(ctx, bus.Feed, []string{"feed.>"}, after)
	if err != nil {
		return err
	}
	defer reader.Close()
	for behind+1 < end {
		select {
		case deliveries, open := <-reader.Deliveries():
			if !open {
				return reader.Err()
			}
			message := bus.MessageOf(deliveries[0].Sequence)
			for behind++; behind < message; behind++ { // one that was deleted
				if err := w.Add(nil, 0); err != nil {
					return err
				}
			}
			if err := addMessage(w, deliveries, until); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// addMessage adds a message, if all in it was received before an instant.
func addMessage(w *archive.Writer, deliveries []bus.Delivery, until time.Time) error {
	if deliveries[0].Empty {
		return w.Add(nil, 0)
	}
	parts := make([][]byte, len(deliveries))
	for i, d := range deliveries {
		part, received, err := asReceived(d)
		if err != nil {
			return err
		}
		if !received.Before(until) {
			return errNoMore
		}
		parts[i] = part
	}
	return w.Add(bus.Batch(parts), len(parts))
}

// asReceived gives an event with when it was received, which for one that came
// past the door only the stream knows. What cannot be read stays as it is.
func asReceived(d bus.Delivery) ([]byte, time.Time, error) {
	event := &feedv1.Event{}
	if proto.Unmarshal(d.Data, event) != nil {
		return d.Data, d.Stored, nil
	}
	if event.ReceivedAt != nil {
		return d.Data, event.ReceivedAt.AsTime(), nil
	}
	event.ReceivedAt = timestamppb.New(d.Stored)
	data, err := proto.Marshal(event)
	return data, d.Stored, err
}
