package bus

import (
	"context"
	"fmt"
	"sort"
	"time"
)

// Since gives the place of the first message of a stream that was stored at an
// instant or later; 0: there is none. The streams keep everything, so that every
// message between the first and the last is there.
func (b *Bus) Since(ctx context.Context, stream string, at time.Time) (uint64, error) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	state := s.CachedInfo().State
	count := int(state.LastSeq - state.FirstSeq + 1)
	if state.Msgs == 0 || at.After(state.LastTime) {
		return 0, nil
	}
	found := sort.Search(count, func(i int) bool {
		if err != nil {
			return true
		}
		msg, getErr := s.GetMsg(ctx, state.FirstSeq+uint64(i))
		if err = getErr; err != nil {
			return true
		}
		return !msg.Time.Before(at)
	})
	if err != nil {
		return 0, fmt.Errorf("look for %s in %s: %w", at.Format(time.RFC3339), stream, err)
	}
	if found == count {
		return 0, nil
	}
	return (state.FirstSeq + uint64(found)) << placeBits, nil
}
