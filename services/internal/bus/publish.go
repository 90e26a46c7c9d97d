package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Append appends messages to the stream of their subjects and returns when they
// are stored, on disk where the server syncs always. Messages of one subject
// keep their order and travel together; none passes a barrier. After an error
// the first part of them may be stored; appending them again is harmless,
// because what they say is idempotent. It gives the sequence of the last one.
//
// One after the other: the server syncs message by message whatever is on its
// way, and after a refusal nothing behind it may be stored, a barrier least of
// all. The server's atomic batches would keep that too, but stage every batch
// in files of its own, which costs more syncs than they save.
func (b *Bus) Append(ctx context.Context, messages []Message) (uint64, error) {
	var last uint64
	for _, p := range pack(messages) {
		send := b.appendOne
		if isFeed(p.Subject) {
			send = b.appendLinked
		}
		sequence, err := send(ctx, p)
		if err != nil {
			return 0, fmt.Errorf("append to %s: %w", p.Subject, err)
		}
		last = sequence<<placeBits + uint64(p.count-1)
	}
	return last, nil
}

// ErrTooLarge says that something can never be appended.
var ErrTooLarge = errors.New("it is larger than a message can be")

// overhead is what a message has around what is appended: subject, headers, the
// frame of a batch.
const overhead = 8 << 10

// Takes reports why something can never be appended; nil: nothing forbids it. A
// server that was never reached has no limit yet.
func (b *Bus) Takes(data []byte) error {
	if most := b.nc.MaxPayload(); most > 0 && int64(len(data)) > most-overhead {
		return fmt.Errorf("%w: %d bytes, the server takes %d (max_payload)", ErrTooLarge, len(data), most)
	}
	return nil
}

// appendOne gives the sequence of the message in its stream.
func (b *Bus) appendOne(ctx context.Context, p *parcel) (uint64, error) {
	msg := &nats.Msg{Subject: p.Subject, Data: p.Data, Header: p.header()}
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	ctx, release := b.lifeline.hold(ctx)
	defer release()
	reply, err := b.nc.RequestMsgWithContext(ctx, msg)
	if err != nil && errors.Is(context.Cause(ctx), nats.ErrDisconnected) {
		err = nats.ErrDisconnected
	}
	if err != nil {
		return 0, b.stillFull(b.why(err))
	}
	var ack struct {
		Sequence uint64              `json:"seq"`
		Error    *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &ack); err != nil {
		return 0, fmt.Errorf("read the server's answer %q: %w", reply.Data, err)
	}
	if ack.Error != nil {
		return 0, b.refused(ack.Error)
	}
	b.full.Store(false)
	return ack.Sequence, nil
}
