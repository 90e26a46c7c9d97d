package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"kaohe.dev/services/internal/chain"
)

// links are the runs of the feed that this connection writes. One that nobody
// appends with is gone on with; as many as append at once are open.
type links struct {
	key  *chain.Key
	mu   sync.Mutex
	idle []*chain.Run
}

// isFeed tells whether messages of a subject go into the feed.
func isFeed(subject string) bool { return strings.HasPrefix(subject, "feed.") }

// appendLinked appends a message of the feed with its link. When it cannot be
// told whether the message is stored, its run is over.
func (b *Bus) appendLinked(ctx context.Context, p *parcel) (uint64, error) {
	if b.links.key == nil {
		return b.appendOne(ctx, p)
	}
	run, err := b.run(ctx)
	if err != nil {
		return 0, err
	}
	p.link = run.Link(p.Subject, p.Data, p.Accepts)
	sequence, err := b.appendOne(ctx, p)
	if err != nil {
		return 0, err
	}
	run.Stored(p.link, sequence)
	b.links.mu.Lock()
	defer b.links.mu.Unlock()
	b.links.idle = append(b.links.idle, run)
	return sequence, nil
}

// run gives one that nobody appends with.
func (b *Bus) run(ctx context.Context) (*chain.Run, error) {
	b.links.mu.Lock()
	if last := len(b.links.idle) - 1; last >= 0 {
		run := b.links.idle[last]
		b.links.idle = b.links.idle[:last]
		b.links.mu.Unlock()
		return run, nil
	}
	b.links.mu.Unlock()
	sequence, end, err := b.endOfFeed(ctx)
	if err != nil {
		return nil, err
	}
	return b.links.key.Begin(nuid.Next(), sequence, end), nil
}

// endOfFeed gives the last batch of the feed and its fingerprint; 0: there is
// none.
func (b *Bus) endOfFeed(ctx context.Context) (sequence uint64, end chain.Hash, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	ctx, release := b.lifeline.hold(ctx)
	defer release()
	s, err := b.js.Stream(ctx, Feed)
	if err == nil {
		var msg *jetstream.RawStreamMsg
		if msg, err = s.GetLastMsgForSubject(ctx, FeedBatches); err == nil {
			return msg.Sequence, chain.Fingerprint(msg.Subject, msg.Header.Get(chain.Header), msg.Data), nil
		}
	}
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, end, nil
	}
	return 0, end, fmt.Errorf("look up the end of the feed: %w", b.stillFull(b.why(err)))
}

// ReadChecked reads the feed behind a sequence as Read does, for a checker: the
// first delivery of a message has the message.
func (b *Bus) ReadChecked(ctx context.Context, after uint64) (*Reader, error) {
	return b.read(ctx, Feed, []string{"feed.>"}, after, true)
}

// Check shows what was delivered to a checker.
func Check(checker *chain.Checker, batch []Delivery) {
	switch whole := batch[0].Whole; {
	case whole != nil:
		checker.Take(*whole)
	default: // it is archived, and sealed there
		checker.Skip(MessageOf(batch[0].Sequence) + 1)
	}
}
