package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// few is up to how many messages are appended one after the other: each costs a
// sync, an atomic batch costs several whatever its size.
const few = 6

// Append appends messages to the stream of their subjects and returns when they
// are stored, on disk where the server syncs always. Messages of one subject
// keep their order; facts and records of one subject travel together, and none
// passes a barrier. After an error part of them may be stored; appending them
// again is harmless, because what they say is idempotent. It gives the sequence
// of the last one.
func (b *Bus) Append(ctx context.Context, messages []Message) (uint64, error) {
	var last uint64
	packs := pack(messages)
	for len(packs) > 0 {
		n := min(len(packs), MaxBatch)
		if len(packs) <= few {
			n = 1
		}
		sequence, err := b.appendBatch(ctx, packs[:n])
		if err != nil {
			return 0, err
		}
		last, packs = sequence, packs[n:]
	}
	return last, nil
}

func (b *Bus) appendBatch(ctx context.Context, batch []Message) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	id := ""
	if len(batch) > 1 {
		id = nuid.Next()
	}
	for i, m := range batch[:len(batch)-1] {
		msg := batchMessage(m, id, i+1)
		// The first message asks for an answer, so that a refusal is told
		// before the whole batch was sent in vain.
		if i == 0 {
			if err := b.begin(ctx, msg); err != nil {
				return 0, err
			}
			continue
		}
		if err := b.nc.PublishMsg(msg); err != nil {
			return 0, fmt.Errorf("append to %s: %w", m.Subject, err)
		}
	}
	final := batchMessage(batch[len(batch)-1], id, len(batch))
	if id != "" {
		final.Header.Set("Nats-Batch-Commit", "1")
	}
	reply, err := b.nc.RequestMsgWithContext(ctx, final)
	if err != nil {
		return 0, fmt.Errorf("append to %s: %w", final.Subject, err)
	}
	return sequenceOf(reply, final.Subject)
}

func (b *Bus) begin(ctx context.Context, msg *nats.Msg) error {
	reply, err := b.nc.RequestMsgWithContext(ctx, msg)
	if err != nil {
		return fmt.Errorf("append to %s: %w", msg.Subject, err)
	}
	if len(reply.Data) == 0 {
		return nil
	}
	_, err = sequenceOf(reply, msg.Subject)
	return err
}

func batchMessage(m Message, id string, sequence int) *nats.Msg {
	msg := &nats.Msg{Subject: m.Subject, Data: m.Data}
	if id != "" {
		msg.Header = nats.Header{
			"Nats-Batch-Id":       {id},
			"Nats-Batch-Sequence": {strconv.Itoa(sequence)},
		}
	}
	return msg
}

func sequenceOf(reply *nats.Msg, subject string) (uint64, error) {
	var ack struct {
		Sequence uint64              `json:"seq"`
		Error    *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &ack); err != nil {
		return 0, fmt.Errorf("append to %s: read the server's answer %q: %w", subject, reply.Data, err)
	}
	if ack.Error != nil {
		return 0, fmt.Errorf("append to %s: %w", subject, ack.Error)
	}
	return ack.Sequence, nil
}
