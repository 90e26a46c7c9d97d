package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// markName is where a stream says, in what it tells of itself, that something is
// being done to the streams as a whole.
const markName = "kaohe-unfinished"

// ErrUnfinished says that the streams are not whole: something that is done to
// them as a whole was interrupted, or goes on.
var ErrUnfinished = errors.New("the streams are not whole")

// Mark notes on every stream that is there what is being done to all of them;
// empty: it is done. Who connects for other work is refused meanwhile.
func (b *Bus) Mark(ctx context.Context, work, text string) error {
	b.mark = ""
	if work != "" {
		b.mark = work + ": " + text
	}
	for stream := range subjects() {
		found, err := b.js.Stream(ctx, stream)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue
		}
		if err == nil {
			config := found.CachedInfo().Config
			config.Metadata = marked(b.mark)
			_, err = b.js.UpdateStream(ctx, config)
		}
		if err != nil {
			return fmt.Errorf("mark stream %s: %w", stream, b.why(err))
		}
	}
	return nil
}

func marked(mark string) map[string]string {
	if mark == "" {
		return nil
	}
	return map[string]string{markName: mark}
}

// Marked reports whether the feed has the mark of what this connection does.
func (b *Bus) Marked(ctx context.Context) (bool, error) {
	found, err := b.js.Stream(ctx, Feed)
	if err != nil {
		return false, fmt.Errorf("look at stream %s: %w", Feed, b.why(err))
	}
	mark, err := b.markOf(found.CachedInfo().Config)
	return mark != "", err
}

// markOf gives the mark of a stream, or why this connection may not use it.
func (b *Bus) markOf(config jetstream.StreamConfig) (string, error) {
	mark := config.Metadata[markName]
	if mark == "" || b.work != "" && strings.HasPrefix(mark, b.work+": ") {
		b.mark = mark
		return mark, nil
	}
	_, text, _ := strings.Cut(mark, ": ")
	return mark, fmt.Errorf("%w: %s", ErrUnfinished, text)
}
