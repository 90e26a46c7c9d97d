package door

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/internal/bus"
)

// WholeError says why events that belong together were not taken.
type WholeError struct {
	// Index of the first event that cannot be taken.
	Index   int
	Refusal *Refusal
}

// Error gives it in English.
func (e *WholeError) Error() string {
	return fmt.Sprintf("event %d: %s: %s", e.Index, e.Refusal.Field, e.Refusal.Text.GetEn())
}

// PushWhole takes in events that belong together: they become one message of
// the feed, so that all of them are in it or none. Their ids must be new, and
// together they must fit into a message. It does not wait for those that other
// callers push.
func (d *Door) PushWhole(ctx context.Context, events []*feedv1.Event) error {
	if err := d.room(); err != nil {
		return &UnavailableError{err}
	}
	now := d.now()
	j := &job{outcomes: make([]outcome, len(events))}
	for i, e := range events {
		if refusal := d.check(e, now); refusal != nil {
			return &WholeError{i, refusal}
		}
		e.ReceivedAt = timestamppb.New(now)
		p, err := encode(e)
		if err != nil {
			return fmt.Errorf("encode event %d: %w", i, err)
		}
		p.outcome = &j.outcomes[i]
		j.events = append(j.events, p)
	}
	g := d.sift([]*job{j}, map[string]uint64{})
	for i, out := range j.outcomes {
		if out.refusal != nil {
			return &WholeError{i, out.refusal}
		}
	}
	if !bus.Fit(g.messages) {
		return fmt.Errorf("%d events do not fit into one message", len(events))
	}
	if _, err := d.bus.Append(ctx, g.messages); err != nil {
		return &UnavailableError{err}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, unit := range g.units {
		d.units[unit] = true
	}
	return nil
}
