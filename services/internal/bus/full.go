package bus

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrFull says that NATS stores nothing more for want of room. What it refuses
// is not stored; it goes on when there is room.
var ErrFull = errors.New("NATS has no room for more: raise max_file_store of its nodes or the storage limit of the account, " +
	"or give their disks more room")

// fullCodes are the server's words for it: resources of the account, of the
// server, of its storage.
var fullCodes = []jetstream.ErrorCode{10002, 10023, 10047}

// refused tells a want of room from other refusals.
func (b *Bus) refused(refusal *jetstream.APIError) error {
	if !slices.Contains(fullCodes, refusal.ErrorCode) {
		return refusal
	}
	b.full.Store(true)
	return fmt.Errorf("%w: %w", ErrFull, refusal)
}

// stillFull explains a silence behind a want of room: in a cluster a node that
// is full refuses once, then leads no stream any more, so that nobody answers.
func (b *Bus) stillFull(err error) error {
	if b.full.Load() && Transient(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
