package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/internal/store"
)

// How long what is not on its way any more is kept. What was delivered must be
// known longer than a ledger takes to be rebuilt.
const (
	keepDelivered = 7 * 24 * time.Hour
	keepDead      = 30 * 24 * time.Hour
	cleanEvery    = time.Hour
	countEvery    = 10 * time.Second
)

// clean takes away what is old, and what was on its way to webhooks that are
// gone, and keeps the counts that operations see.
func (n *Notifier) clean(ctx context.Context) error {
	var next time.Time
	for {
		if now := n.opts.Now(); !now.Before(next) {
			if err := n.sweep(ctx, now); err != nil {
				return err
			}
			next = now.Add(cleanEvery)
		}
		if err := n.counts(ctx); err != nil {
			return err
		}
		n.note("clean", nil)
		if !pause.Sleep(ctx, countEvery) {
			return ctx.Err()
		}
	}
}

func (n *Notifier) sweep(ctx context.Context, now time.Time) error {
	there := map[string]bool{}
	all, err := n.hooks.all(ctx)
	if err != nil {
		return err
	}
	for _, h := range all {
		there[h.id] = true
	}
	for state, until := range map[string]time.Time{Delivered: now.Add(-keepDelivered), Dead: now.Add(-keepDead), Pending: {}} {
		query := store.Query{Collection: deliveries, Where: map[string]any{fieldState: state}, OrderBy: fieldDue}
		for {
			docs, next, err := n.opts.Store.Query(ctx, query)
			if err != nil {
				return fmt.Errorf("look for old deliveries: %w", err)
			}
			for _, doc := range docs {
				old := doc.Fields[fieldDue].(int64) < until.UnixMicro()
				if !old && there[doc.Body.(*statev1.Delivery).Webhook] {
					continue
				}
				err := n.opts.Store.Commit(ctx, []store.Write{{Collection: deliveries, Doc: doc, Delete: true}})
				if err != nil && !errors.Is(err, store.ErrConflict) {
					return fmt.Errorf("take an old delivery away: %w", err)
				}
			}
			if query.After = next; next == nil {
				break
			}
		}
	}
	return nil
}

func (n *Notifier) counts(ctx context.Context) error {
	for _, state := range []string{Pending, Dead} {
		count, err := n.opts.Store.Count(ctx, store.Query{Collection: deliveries, Where: map[string]any{fieldState: state}})
		if err != nil {
			return fmt.Errorf("count deliveries: %w", err)
		}
		n.opts.Metrics.waiting.WithLabelValues(state).Set(float64(count))
	}
	return nil
}
