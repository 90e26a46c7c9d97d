package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/encoding/protowire"
)

// Archive has the oldest part of the feed. Messages are numbered as in the
// stream, from 1.
type Archive interface {
	// Log names the log it is of, see Bus.Log.
	Log() string
	// Last is the last message it has.
	Last() uint64
	// Read gives the messages from a number on, each a batch.
	Read(from uint64, take func(message uint64, batch []byte) error) error
}

// ErrArchived says that a part of the log is needed that was archived and is
// not at hand.
var ErrArchived = errors.New("the beginning of the log is needed, and was archived: give --archive DIR")

// MessageOf is the number of the message that a sequence is in, Behind a
// sequence that is behind all of a message.
func MessageOf(sequence uint64) uint64 { return sequence >> placeBits }

// Behind is the last place that a message can have.
func Behind(message uint64) uint64 { return message<<placeBits + maxPlaces - 1 }

// Began tells where the feed begins: the number of the first message that the
// stream has, and the name of the log, which is when its stream was made.
func (b *Bus) Began(ctx context.Context) (first uint64, log string, err error) {
	s, err := b.js.Stream(ctx, Feed)
	if err != nil {
		return 0, "", fmt.Errorf("look up stream %s: %w", Feed, b.why(err))
	}
	return began(s)
}

func began(s jetstream.Stream) (first uint64, log string, err error) {
	info := s.CachedInfo()
	return max(1, info.State.FirstSeq), info.Created.UTC().Format(time.RFC3339Nano), nil
}

// Purge removes from the feed what comes before a message. It is for good.
func (b *Bus) Purge(ctx context.Context, before uint64) error {
	s, err := b.js.Stream(ctx, Feed)
	if err == nil {
		err = s.Purge(ctx, jetstream.WithPurgeSequence(before))
	}
	if err != nil {
		return fmt.Errorf("remove the beginning of stream %s: %w", Feed, b.why(err))
	}
	return nil
}

// covered makes sure that what comes behind a place can be read, and tells
// which messages of it have to come out of the archive: up to but not first.
func (b *Bus) covered(ctx context.Context, after uint64) (first uint64, err error) {
	first, log, err := b.Began(ctx)
	if err != nil || first <= MessageOf(after)+1 {
		return 0, err
	}
	switch {
	case b.archive == nil || b.archive.Last() == 0:
		return 0, fmt.Errorf("the log begins at message %d; the archive that ends at %d is missing: %w", first, first-1, ErrArchived)
	case b.archive.Log() != log:
		return 0, fmt.Errorf("the archive is of the log of %s, this is the log of %s: %w", b.archive.Log(), log, ErrArchived)
	case b.archive.Last()+1 < first:
		return 0, fmt.Errorf("the log begins at message %d, but the archive ends at %d: %w", first, b.archive.Last(), ErrArchived)
	}
	return first, nil
}

// readArchived reads the archive, and then the stream from its first message
// on.
func (b *Bus) readArchived(subjects []string, after, first uint64, checked bool) *Reader {
	ctx, cancel := context.WithCancel(context.Background())
	r := &Reader{stop: cancel, out: make(chan []Delivery, b.ahead/unpackedEach), done: make(chan struct{})}
	go func() {
		defer close(r.out)
		if r.err = b.archive.Read(MessageOf(after), func(message uint64, batch []byte) error {
			if message >= first {
				return errThrough
			}
			return r.deliverArchived(message, batch, after, first)
		}); r.err != nil && !errors.Is(r.err, errThrough) {
			r.err = fmt.Errorf("read the archive: %w", r.err)
			return
		}
		r.err = r.forward(ctx, b, subjects, max(after, Behind(first-1)), checked)
	}()
	return r
}

// errThrough ends reading an archive where the stream begins.
var errThrough = errors.New("the stream has the rest")

func (r *Reader) deliverArchived(message uint64, batch []byte, after, first uint64) error {
	parts, err := unpack(batch)
	if err != nil {
		return fmt.Errorf("message %d: %w", message, err)
	}
	var deliveries []Delivery
	for i, part := range parts {
		if sequence := message<<placeBits + uint64(i); sequence > after {
			deliveries = append(deliveries, Delivery{Subject: FeedBatches, Sequence: sequence, Data: part, Pending: first - message})
		}
	}
	return r.hand(deliveries)
}

// forward reads the stream on behalf of a reader.
func (r *Reader) forward(ctx context.Context, b *Bus, subjects []string, after uint64, checked bool) error {
	rest, err := b.read(ctx, Feed, subjects, after, checked)
	if err != nil {
		return err
	}
	defer rest.Close()
	for deliveries := range rest.out {
		if err := r.hand(deliveries); err != nil {
			return err
		}
	}
	return rest.err
}

// hand gives deliveries to who reads.
func (r *Reader) hand(deliveries []Delivery) error {
	if len(deliveries) == 0 {
		return nil
	}
	select {
	case r.out <- deliveries:
		return nil
	case <-r.done:
		return errClosed
	}
}

// Batch puts parts together as a message of the feed has them.
func Batch(parts [][]byte) []byte {
	var batch []byte
	for _, part := range parts {
		batch = protowire.AppendTag(batch, packed, protowire.BytesType)
		batch = protowire.AppendBytes(batch, part)
	}
	return batch
}
