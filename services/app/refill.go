package app

import (
	"context"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/protobuf/proto"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
)

// Refill writes into the log what a backup has and the log does not, at its end:
// verdicts depend on when things happened, not on their place. Next gives the
// events of the backup piece by piece, none at the end. It gives how many were
// missing. Nothing of the configuration may be running.
func Refill(ctx context.Context, config Config, next func() ([]*feedv1.Event, error)) (missing int64, err error) {
	err = withBus(ctx, config, func(a *App, b *bus.Bus) error {
		there, err := refs(ctx, b)
		if err != nil {
			return err
		}
		for {
			events, err := next()
			if err != nil || len(events) == 0 {
				return err
			}
			var messages []bus.Message
			for _, e := range events {
				if there[refOf(e)] {
					continue
				}
				data, err := proto.Marshal(e)
				if err != nil {
					return fmt.Errorf("encode event %s of %s: %w", e.Id, e.Source, err)
				}
				messages = append(messages, bus.Message{Subject: bus.FeedBatches, Data: data})
			}
			if _, err := b.Append(ctx, messages); err != nil {
				return err
			}
			missing += int64(len(messages))
		}
	})
	return missing, err
}

// refOf is a short name of an event: of what a log has, none has the same.
func refOf(e *feedv1.Event) uint64 { return xxhash.Sum64String(flow.EventRef(e)) }

// refs are the events that the log has.
func refs(ctx context.Context, b *bus.Bus) (map[uint64]bool, error) {
	there := map[uint64]bool{}
	last, err := b.Last(ctx, bus.Feed)
	if err != nil {
		return nil, err
	}
	reader, err := b.Read(ctx, bus.Feed, []string{"feed.>"}, 0)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	for read := uint64(0); read < last; {
		select {
		case batch, open := <-reader.Deliveries():
			if !open {
				return nil, reader.Err()
			}
			for _, d := range batch {
				event := &feedv1.Event{}
				if !d.Empty && proto.Unmarshal(d.Data, event) == nil {
					there[refOf(event)] = true
				}
			}
			read = batch[len(batch)-1].Sequence
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return there, nil
}
