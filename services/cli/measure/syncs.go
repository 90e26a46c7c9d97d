package measure

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// syncInterval is what a sync before each acknowledgement is compared with.
const syncInterval = time.Second

// alone is how many events are pushed one by one.
const alone = 4_000

// syncs measures what a sync before each acknowledgement costs at the door,
// beside one each second.
func syncs(ctx context.Context, o Options) ([]Figure, error) {
	always, err := door(ctx, o, 0)
	if err != nil {
		return nil, err
	}
	interval, err := door(ctx, o, syncInterval)
	if err != nil {
		return nil, err
	}
	figure := func(name, zh, en string, value, baseline float64) Figure {
		return Figure{Name: name, What: Text{zh, en}, Value: value, Unit: "events/s"}.
			beside(baseline, "--sync 1s：每秒落盘一次", "--sync 1s: on disk once a second")
	}
	return []Figure{
		figure("door_alone", "入口逐个确认，四路并发，先落盘", "events acknowledged one by one, four at once, on disk first", always.alone, interval.alone),
		figure("door_batches", "入口成批确认（每批一千），四路并发，先落盘", "events acknowledged in batches of 1,000, four at once, on disk first", always.batches, interval.batches),
	}, nil
}

// pace is how many events a second the door acknowledges.
type pace struct{ alone, batches float64 }

// door measures a fresh kaohe.
func door(ctx context.Context, o Options, syncEvery time.Duration) (p pace, err error) {
	b := &bench{o: o, syncEvery: syncEvery}
	defer func() { err = errors.Join(err, b.stop(ctx)) }()
	if err := b.start(ctx, filepath.Join(o.Dir, "bench")); err != nil {
		return p, err
	}
	b.tell("先落盘与定时落盘", "sync always and at an interval", 0, 0)
	events := generate(o.Events + alone)
	// The units come first, and with the first batch.
	if err := b.push(ctx, events[:batchSize]); err != nil {
		return p, err
	}
	events = events[batchSize:]
	began := time.Now()
	group, ones := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	single := min(alone, len(events)/2)
	for _, e := range events[:single] {
		group.Go(func() error { return b.push(ones, []*feedv1.Event{e}) })
	}
	if err := group.Wait(); err != nil {
		return p, err
	}
	p.alone = float64(single) / time.Since(began).Seconds()
	began = time.Now()
	if err := b.pushAll(ctx, events[single:]); err != nil {
		return p, err
	}
	p.batches = float64(len(events)-single) / time.Since(began).Seconds()
	return p, nil
}
