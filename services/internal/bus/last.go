package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// LastOf gives the last sequence of one subject of a stream; 0: there is none.
// It tells a reader of a few subjects when it has caught up.
func (b *Bus) LastOf(ctx context.Context, stream, subject string) (uint64, error) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", stream, b.why(err))
	}
	msg, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look up the end of %s in %s: %w", subject, stream, b.why(err))
	}
	return msg.Sequence << placeBits, nil
}
