package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Delivery is one message read from a stream.
type Delivery struct {
	Subject string
	// Sequence is its place in the stream. It only grows; it counts without
	// gaps in the feed alone.
	Sequence uint64
	// Stored is when the server stored it, UTC.
	Stored time.Time
	Data   []byte
}

// Reader reads a stream in order. Order and completeness hold across lost
// connections; nothing is acknowledged, because the reader keeps its position.
type Reader struct {
	messages jetstream.MessagesContext
	out      chan Delivery
	done     chan struct{}
	err      error
}

const readAhead = 4096

// Read starts reading the subjects of a stream behind a sequence.
func (b *Bus) Read(ctx context.Context, stream string, subjects []string, after uint64) (*Reader, error) {
	last, err := b.End(ctx, stream)
	if err != nil {
		return nil, err
	}
	if after > last {
		return nil, fmt.Errorf("stream %s ends at %d but %d was already read: the log was lost or replaced; "+
			"restore it from a backup, or delete the derived state so that it is built anew", stream, last, after)
	}
	consumer, err := b.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		FilterSubjects: subjects, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: first(stream, after),
	})
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(readAhead))
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	r := &Reader{messages: messages, out: make(chan Delivery, readAhead), done: make(chan struct{})}
	go r.pump(stream, after)
	return r, nil
}

// first is the message that holds what comes behind a place.
func first(stream string, after uint64) uint64 {
	if stream == Feed {
		return after + 1
	}
	return max(1, after>>placeBits)
}

func (r *Reader) pump(stream string, after uint64) {
	defer close(r.out)
	for {
		msg, err := r.messages.Next()
		if err == nil {
			err = r.deliver(msg, stream, after)
		}
		if err != nil {
			r.err = fmt.Errorf("read stream %s: %w", stream, err)
			return
		}
	}
}

// errClosed ends a pump whose reader went away.
var errClosed = errors.New("the reader was closed")

func (r *Reader) deliver(msg jetstream.Msg, stream string, after uint64) error {
	meta, err := msg.Metadata()
	if err != nil {
		return err
	}
	d := Delivery{Subject: msg.Subject(), Sequence: meta.Sequence.Stream, Stored: meta.Timestamp.UTC(), Data: msg.Data()}
	if stream == Feed {
		return r.give(d)
	}
	parts, err := unpack(msg.Data())
	if err != nil {
		parts = [][]byte{msg.Data()} // whoever reads it says what is wrong with it
	}
	base := d.Sequence << placeBits
	for i, part := range parts {
		if d.Sequence, d.Data = base+uint64(i), part; d.Sequence <= after {
			continue
		}
		if err := r.give(d); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reader) give(d Delivery) error {
	select {
	case r.out <- d:
		return nil
	case <-r.done:
		return errClosed
	}
}

// Deliveries gives the channel of what is read; it is closed when reading
// ended, and Err tells why.
func (r *Reader) Deliveries() <-chan Delivery { return r.out }

// Err tells why reading ended; valid after the channel is closed.
func (r *Reader) Err() error { return r.err }

// Drain adds to a first delivery what is there already, at most limit in all.
func (r *Reader) Drain(first Delivery, limit int) []Delivery {
	batch := append(make([]Delivery, 0, 64), first)
	for len(batch) < limit {
		select {
		case d, ok := <-r.out:
			if !ok {
				return batch
			}
			batch = append(batch, d)
		default:
			return batch
		}
	}
	return batch
}

// Close ends reading.
func (r *Reader) Close() {
	close(r.done)
	r.messages.Stop()
}
