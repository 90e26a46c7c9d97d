package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/secret"
	"kaohe.dev/services/notify"
)

// startNotifier starts telling receivers outside, if this process is to do so;
// of several such processes one does.
func (a *App) startNotifier(ctx context.Context, registry *prometheus.Registry, metrics *run.Metrics) error {
	if !slices.ContainsFunc(a.targets, func(t target) bool { return t.name == Notify }) {
		return nil
	}
	if err := a.store.Ensure(ctx, views.Collections()...); err != nil {
		return fmt.Errorf("prepare the scores: %w", err)
	}
	text, err := a.secretsKey(ctx)
	if err != nil {
		return err
	}
	key, err := secret.New(text)
	if err != nil {
		return fmt.Errorf("the key of the secrets: %w", err)
	}
	counts := notify.NewMetrics(registry)
	make := func(int) (run.Worker, error) {
		return notify.New(notify.Options{
			Bus: a.bus(Notify), Store: a.store, Scorecard: a.scorecard, Key: key, Allow: a.allow, Retry: a.config.WebhookRetry,
			Room: a.space().ForRest, Now: a.config.Now, Logger: a.config.Logger, Metrics: counts,
		})
	}
	n, err := make(0)
	if a.shared() {
		n, err = a.team(Notify, 1, make, metrics), nil
	}
	if err != nil {
		return err
	}
	if err := n.Start(ctx); err != nil {
		return fmt.Errorf("start %s: %w", Notify, err)
	}
	a.runners = append(a.runners, n)
	a.later(Notify, n.Stop)
	return nil
}

// scorecard gives a unit's month as the views have it; nil: they do not.
func (a *App) scorecard(ctx context.Context, month, unit string) (*ledgerv1.Scorecard, error) {
	card, err := views.ScorecardIn(ctx, a.store, month, unit)
	if errors.Is(err, views.ErrNotFound) {
		return nil, nil
	}
	return card, err
}
