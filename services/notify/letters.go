package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nuid"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/store"
)

// Deliveries gives a page of what is on its way to a webhook in one state, in
// the order it is, or was, due, and where the next page starts.
func (h *Hooks) Deliveries(ctx context.Context, id, state string, after *store.Cursor, limit int) ([]*statev1.Delivery, *store.Cursor, error) {
	if _, err := h.load(ctx, id); err != nil {
		return nil, nil, err
	}
	docs, next, err := h.store.Query(ctx, store.Query{
		Collection: deliveries, Where: map[string]any{fieldWebhook: id, fieldState: state}, OrderBy: fieldDue, After: after, Limit: limit,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list deliveries: %w", err)
	}
	page := make([]*statev1.Delivery, len(docs))
	for i, doc := range docs {
		page[i] = doc.Body.(*statev1.Delivery)
	}
	return page, next, nil
}

// TypeAndUnit tells what a delivery is about.
func TypeAndUnit(d *statev1.Delivery) (kind, unit string) {
	m, _ := matterOf(d.Record)
	return cmp.Or(m.kind, TypeTest), m.unit
}

// Test queues a notification that says nothing; it is tried once.
func (h *Hooks) Test(ctx context.Context, id string) (delivery string, err error) {
	if _, err := h.load(ctx, id); err != nil {
		return "", err
	}
	now := flow.At(h.now())
	d := &statev1.Delivery{Webhook: id, Id: "test-" + nuid.Next(), State: Pending, QueuedAt: now, NextAt: now}
	if err := h.store.Commit(ctx, []store.Write{{Collection: deliveries, Doc: deliveryDoc(0, d)}}); err != nil {
		return "", fmt.Errorf("queue the test: %w", err)
	}
	return d.Id, nil
}

// Delivery gives one delivery, or ErrUnknown.
func (h *Hooks) Delivery(ctx context.Context, webhook, id string) (*statev1.Delivery, error) {
	docs, err := h.store.Load(ctx, deliveries, []string{deliveryKey(webhook, id)})
	if err != nil {
		return nil, fmt.Errorf("look up delivery %s: %w", id, err)
	}
	if len(docs) == 0 {
		return nil, ErrUnknown
	}
	return docs[0].Body.(*statev1.Delivery), nil
}

// Replay queues dead letters again, all or those named, and enables a webhook
// that was disabled. It gives how many it were.
func (h *Hooks) Replay(ctx context.Context, id string, only []string) (int64, error) {
	if err := h.change(ctx, id, func(w *statev1.Webhook) { w.DisabledAt, w.DisabledBecause = nil, nil }); err != nil {
		return 0, err
	}
	wanted := map[string]bool{}
	for _, one := range only {
		wanted[one] = true
	}
	now := h.now()
	return h.move(ctx, id, Dead, func(d *statev1.Delivery) {
		if len(wanted) > 0 && !wanted[d.Id] {
			return
		}
		now = now.Add(time.Microsecond) // they keep their order
		d.State, d.Attempts, d.QueuedAt, d.NextAt = Pending, 0, flow.At(now), flow.At(now)
	})
}

// move changes the deliveries of a webhook in a state, and gives how many left
// it. Who changes one meanwhile has the say.
func (h *Hooks) move(ctx context.Context, id, from string, change func(*statev1.Delivery)) (moved int64, err error) {
	query := store.Query{Collection: deliveries, Where: map[string]any{fieldWebhook: id, fieldState: from}, OrderBy: fieldDue}
	for {
		docs, next, err := h.store.Query(ctx, query)
		if err != nil {
			return moved, fmt.Errorf("look for deliveries: %w", err)
		}
		for _, doc := range docs {
			d := doc.Body.(*statev1.Delivery)
			if change(d); d.State == from {
				continue
			}
			switch err := h.store.Commit(ctx, []store.Write{{Collection: deliveries, Doc: deliveryDoc(doc.Version, d)}}); {
			case err == nil:
				moved++
			case !errors.Is(err, store.ErrConflict):
				return moved, fmt.Errorf("move delivery %s: %w", d.Id, err)
			}
		}
		if query.After = next; next == nil {
			return moved, nil
		}
	}
}

func (h *Hooks) count(ctx context.Context, id, state string) (int64, error) {
	n, err := h.store.Count(ctx, store.Query{Collection: deliveries, Where: map[string]any{fieldWebhook: id, fieldState: state}})
	if err != nil {
		return 0, fmt.Errorf("count deliveries: %w", err)
	}
	return n, nil
}

// drop deletes all that was on its way to a webhook.
func (h *Hooks) drop(ctx context.Context, id string) error {
	query := store.Query{Collection: deliveries, Prefix: deliveryKey(id, "")}
	for {
		docs, next, err := h.store.Query(ctx, query)
		if err != nil {
			return fmt.Errorf("look for deliveries: %w", err)
		}
		for _, doc := range docs {
			err := h.store.Commit(ctx, []store.Write{{Collection: deliveries, Doc: doc, Delete: true}})
			if err != nil && !errors.Is(err, store.ErrConflict) {
				return fmt.Errorf("take a delivery away: %w", err)
			}
		}
		if query.After = next; next == nil {
			return nil
		}
	}
}
