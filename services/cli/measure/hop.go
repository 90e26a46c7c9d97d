package measure

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"kaohe.dev/services/internal/embedded"
)

// pending is how many publishes and acknowledgements may be on their way.
const pending = 4000

// hop measures what one bare JetStream hop costs for the same messages:
// published with a message id, pipelined, on the same embedded server;
// consumed by a durable consumer, each acknowledged.
func (b *bench) hop(ctx context.Context) ([]Figure, error) {
	synced, err := b.bare(ctx, "hop", 0)
	if err != nil {
		return nil, err
	}
	unsynced, err := b.bare(ctx, "hop-nosync", time.Hour)
	if err != nil {
		return nil, err
	}
	micro := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	whole := Figure{
		Name: "event_cost", What: Text{"每个事件从入口到视图的时间", "time an event takes of the whole way, door to views"},
		Value: micro(b.perEvent), Unit: "µs",
	}
	durable := whole.beside(micro(synced), "一次裸 JetStream 往返，同样落盘", "one bare JetStream hop, synced to disk alike")
	loose := whole.beside(micro(unsynced), "一次裸 JetStream 往返，不落盘", "one bare JetStream hop, not synced")
	loose.Name = "event_cost_nosync"
	return []Figure{durable, loose}, nil
}

// bare gives the time of a message.
func (b *bench) bare(ctx context.Context, name string, syncEvery time.Duration) (time.Duration, error) {
	server, err := embedded.Start(embedded.Options{Dir: filepath.Join(b.o.Dir, "bench", name), SyncEvery: syncEvery})
	if err != nil {
		return 0, err
	}
	defer server.Stop()
	nc, err := nats.Connect("", nats.InProcessServer(server))
	if err != nil {
		return 0, fmt.Errorf("connect to the bare server: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(pending))
	if err != nil {
		return 0, fmt.Errorf("open JetStream: %w", err)
	}
	stream, err := js.CreateStream(ctx, jetstream.StreamConfig{
		Name: "HOP", Subjects: []string{"hop.>"}, Storage: jetstream.FileStorage, AllowDirect: true,
	})
	if err != nil {
		return 0, fmt.Errorf("create the bare stream: %w", err)
	}
	consumer, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "hop", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: pending,
	})
	if err != nil {
		return 0, fmt.Errorf("create the bare consumer: %w", err)
	}
	took, err := b.through(ctx, js, consumer)
	return took / time.Duration(len(b.payloads)), err
}

// through sends all payloads through a stream and its consumer.
func (b *bench) through(ctx context.Context, js jetstream.JetStream, consumer jetstream.Consumer) (time.Duration, error) {
	began, total := time.Now(), len(b.payloads)
	through := make(chan error, 1)
	acknowledged := 0 // touched by the consumer's goroutine only
	consuming, err := consumer.Consume(func(msg jetstream.Msg) {
		err := msg.Ack()
		acknowledged++
		if acknowledged%batchSize == 0 {
			b.tell("裸 JetStream", "bare JetStream", acknowledged, total)
		}
		if err != nil || acknowledged == total {
			select {
			case through <- err:
			default: // told already
			}
		}
	}, jetstream.PullMaxMessages(pending))
	if err != nil {
		return 0, fmt.Errorf("consume: %w", err)
	}
	defer consuming.Stop()
	for i, payload := range b.payloads {
		msg := &nats.Msg{Subject: "hop.events", Data: payload}
		if _, err := js.PublishMsgAsync(msg, jetstream.WithMsgID(strconv.Itoa(i)), jetstream.WithStallWait(time.Minute)); err != nil {
			return 0, fmt.Errorf("publish: %w", err)
		}
	}
	select {
	case err := <-through:
		return time.Since(began), err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
