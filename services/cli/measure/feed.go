package measure

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/importer"
	"kaohe.dev/services/simulate"
)

// A batch, and how many are on their way at once.
const (
	batchSize = 1000
	inFlight  = 4
)

// The clock and the units of the generated events.
const (
	feedClock = "bench"
	feedUnits = 20
)

// feed pushes the generated events, or the Boston year, and waits until all is
// decided.
func (b *bench) feed(ctx context.Context) ([]Figure, error) {
	events, err := b.source(ctx)
	if err != nil {
		return nil, err
	}
	end := time.Time{}
	for _, e := range events {
		if at := e.OccurredAt.AsTime(); at.After(end) {
			end = at
		}
		raw, err := proto.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("encode event: %w", err)
		}
		b.payloads = append(b.payloads, raw)
	}
	began := time.Now()
	if err := b.pushAll(ctx, events); err != nil {
		return nil, err
	}
	acknowledged := time.Since(began)
	b.tell("等待判定", "wait until decided", 0, 0)
	if err := b.decided(ctx, events[0].Clock, end); err != nil {
		return nil, err
	}
	took := time.Since(began)
	b.perEvent = took / time.Duration(len(events))
	n := float64(len(events))
	return []Figure{
		{Name: "feed_acknowledged", What: Text{"入口确认并落盘", "events acknowledged by the door, on disk"}, Value: n / acknowledged.Seconds(), Unit: "events/s"},
		{Name: "feed_decided", What: Text{"从入口到判定、入账、视图全部完成", "events through the door until all is decided, in the ledger and in the views"}, Value: n / took.Seconds(), Unit: "events/s"},
	}, nil
}

func (b *bench) source(ctx context.Context) ([]*feedv1.Event, error) {
	b.tell("准备事件", "make events", 0, 0)
	if b.o.Boston != "" {
		return boston(ctx, b.o.Boston)
	}
	b.generated = generate(b.o.Events)
	return b.generated, nil
}

// generate makes events of the simulation on the measurement's clock, the units
// first.
func generate(n int) []*feedv1.Event {
	events := slices.Collect(simulate.Load(1, n, feedUnits, feedClock))
	later := func(e *feedv1.Event) int {
		if e.GetUnitRegistered() != nil {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(events, func(a, b *feedv1.Event) int { return later(a) - later(b) })
	return events
}

// boston reads the Boston year through the importer.
func boston(ctx context.Context, file string) ([]*feedv1.Event, error) {
	document, _ := importer.Shipped("boston311")
	mapping, err := importer.LoadMapping(document)
	if err != nil {
		return nil, err
	}
	var events []*feedv1.Event
	options := importer.Options{CreateUnits: true, AsOf: time.Date(2016, 1, 13, 5, 0, 0, 0, time.UTC)}
	_, err = importer.Run(ctx, mapping, options, func(_ context.Context, items []importer.Item) (importer.Outcome, error) {
		for _, item := range items {
			events = append(events, item.Event)
		}
		return importer.Outcome{Accepted: len(items)}, nil
	}, file)
	if err == nil && len(events) == 0 {
		err = fmt.Errorf("%s holds no ticket that the boston311 mapping can read", file)
	}
	return events, err
}

// pushAll pushes events in batches, several at once: the first one alone, since
// the door must know the units before it takes their tickets.
func (b *bench) pushAll(ctx context.Context, events []*feedv1.Event) error {
	first := min(batchSize, len(events))
	if err := b.push(ctx, events[:first]); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	var done atomic.Int64
	for from := first; from < len(events) && ctx.Err() == nil; from += batchSize {
		batch := events[from:min(from+batchSize, len(events))]
		group.Go(func() error {
			err := b.push(ctx, batch)
			b.tell("送入事件", "push events", int(done.Add(int64(len(batch)))), len(events))
			return err
		})
	}
	return group.Wait()
}
