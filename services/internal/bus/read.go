package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"kaohe.dev/services/internal/chain"
)

// Delivery is one message read from a stream.
type Delivery struct {
	Subject string
	// Sequence is its place in the stream. It only grows, with gaps.
	Sequence uint64
	// Stored is when the server stored it, UTC.
	Stored time.Time
	Data   []byte
	// Pending is how many messages for this reader come behind it.
	Pending uint64
	// Trace is the traceparent that it carries; empty: nobody follows it.
	Trace string
	// Empty says that nothing is in the message, as where one was lost: only its
	// place is there.
	Empty bool
	// Whole is the message that the deliveries came in, for a checker: of the first
	// of them, when it is read by ReadChecked and is not archived.
	Whole *chain.Message
}

// Reader reads a stream in order. Order and completeness hold across lost
// connections; nothing is acknowledged, because the reader keeps its position.
type Reader struct {
	messages jetstream.MessagesContext
	stop     func() // ends what reads for it
	out      chan []Delivery
	done     chan struct{}
	err      error
	checked  bool // what is read is shown to a checker
}

// What is fetched ahead of who reads, in messages, and for how many bytes of it
// one more message waits unpacked.
const (
	aheadMessages = 1024
	unpackedEach  = 512 << 10
)

// abandonedAfter is when the server forgets a reader that says nothing: it was
// killed. A stream bears a thousand, and whoever is restarted again and again
// leaves one each time.
const abandonedAfter = 30 * time.Second

// ErrLost says that a stream does not have what was read of it before.
var ErrLost = errors.New("the log was lost or replaced; restore it from a backup, or delete the derived state so that it is built anew")

// Read starts reading the subjects of a stream behind a sequence.
func (b *Bus) Read(ctx context.Context, stream string, subjects []string, after uint64) (*Reader, error) {
	return b.read(ctx, stream, subjects, after, false)
}

func (b *Bus) read(ctx context.Context, stream string, subjects []string, after uint64, checked bool) (*Reader, error) {
	last, err := b.End(ctx, stream)
	if err != nil {
		return nil, err
	}
	if after > last {
		return nil, fmt.Errorf("stream %s ends at %d but %d was already read: %w", stream, last, after, ErrLost)
	}
	if stream == Feed {
		if first, err := b.covered(ctx, after); err != nil {
			return nil, err
		} else if first > 0 {
			return b.readArchived(subjects, after, first, checked), nil
		}
	}
	consumer, err := b.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		FilterSubjects: subjects, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: first(after),
		InactiveThreshold: abandonedAfter,
	})
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, b.why(err))
	}
	options := []jetstream.PullMessagesOpt{jetstream.PullMaxMessagesWithBytesLimit(aheadMessages, b.ahead)}
	if b.heartbeat > 0 {
		options = append(options, jetstream.PullHeartbeat(b.heartbeat))
	}
	messages, err := consumer.Messages(options...)
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	stop := func() {
		messages.Stop()
		go b.forgetConsumer(stream, consumer.CachedInfo().Name)
	}
	r := &Reader{messages: messages, stop: stop, out: make(chan []Delivery, b.ahead/unpackedEach), done: make(chan struct{}), checked: checked}
	go r.pump(stream, after)
	return r, nil
}

// forgetConsumer takes the server's consumer away.
func (b *Bus) forgetConsumer(stream, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = b.js.DeleteConsumer(ctx, stream, name) // or the server does, a little later
}

// first is the message that holds what comes behind a place.
func first(after uint64) uint64 { return max(1, after>>placeBits) }

func (r *Reader) pump(stream string, after uint64) {
	defer close(r.out)
	for {
		msg, err := r.messages.Next()
		if err == nil {
			err = r.deliver(msg, after)
		}
		if err != nil {
			r.err = fmt.Errorf("read stream %s: %w", stream, err)
			return
		}
	}
}

// errClosed ends a pump whose reader went away.
var errClosed = errors.New("the reader was closed")

func (r *Reader) deliver(msg jetstream.Msg, after uint64) error {
	meta, err := msg.Metadata()
	if err != nil {
		return err
	}
	parts := [][]byte{msg.Data()}
	if isPacked(msg.Subject()) {
		if unpacked, err := unpack(msg.Data()); err == nil { // or else whoever reads it says what is wrong with it
			parts = unpacked
		}
	}
	traces := tracesOf(msg.Headers(), len(parts))
	base, stored := meta.Sequence.Stream<<placeBits, meta.Timestamp.UTC()
	deliveries := make([]Delivery, 0, len(parts))
	for i, part := range parts {
		sequence := base + uint64(i)
		if sequence <= after {
			continue
		}
		d := Delivery{Subject: msg.Subject(), Sequence: sequence, Stored: stored, Data: part, Pending: meta.NumPending}
		if traces != nil {
			d.Trace = traces[i]
		}
		deliveries = append(deliveries, d)
	}
	if len(parts) == 0 && base > after {
		deliveries = append(deliveries, Delivery{Subject: msg.Subject(), Sequence: base, Stored: stored, Empty: true, Pending: meta.NumPending})
	}
	if r.checked && len(deliveries) > 0 {
		deliveries[0].Whole = &chain.Message{
			Sequence: meta.Sequence.Stream, Subject: msg.Subject(), Link: msg.Headers().Get(chain.Header), Data: msg.Data(), Stored: stored,
		}
	}
	return r.hand(deliveries)
}

// Deliveries gives the channel of what is read, what was appended together
// together; it is closed when reading ended, and Err tells why.
func (r *Reader) Deliveries() <-chan []Delivery { return r.out }

// Err tells why reading ended; valid after the channel is closed.
func (r *Reader) Err() error { return r.err }

// Drain adds to what came first what is there already, until it is enough.
func (r *Reader) Drain(first []Delivery, enough int) []Delivery {
	batch := first
	for len(batch) < enough {
		select {
		case more, ok := <-r.out:
			if !ok {
				return batch
			}
			batch = append(batch, more...)
		default:
			return batch
		}
	}
	return batch
}

// Close ends reading.
func (r *Reader) Close() {
	close(r.done)
	r.stop()
}
