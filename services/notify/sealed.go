package notify

import (
	"context"
	"errors"
	"fmt"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/store"
)

// secretSize is that of a webhook's secret, in bytes. What is sealed is longer:
// a secret of this size was kept in the clear, by a kaohe that did not seal.
const secretSize = 32

// place is what a webhook's secret is sealed for, so that one cannot be given to
// another webhook.
func place(id string) string { return hooks + "/" + id }

// opened gives the secret that signs what a webhook is told.
func (h *Hooks) opened(id string, w *statev1.Webhook) ([]byte, error) {
	plain, err := h.key.Open(w.Secret, place(id))
	if err != nil {
		return nil, fmt.Errorf("the secret of webhook %s cannot be opened: %w; give this process the secrets.key of the gateway that made it, "+
			"or remove the webhook and add it anew", id, err)
	}
	return plain, nil
}

// sealAll seals the secrets that an older kaohe has left in the clear.
func (h *Hooks) sealAll(ctx context.Context) error {
	all, err := h.all(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		if len(one.body.Secret) != secretSize {
			continue
		}
		one.body.Secret = h.key.Seal(one.body.Secret, place(one.id))
		err := h.store.Commit(ctx, []store.Write{{Collection: hooks, Doc: store.Doc{Key: one.id, Version: one.version, Body: one.body}}})
		if err != nil && !errors.Is(err, store.ErrConflict) { // another notifier does the same
			return fmt.Errorf("seal the secret of webhook %s: %w", one.id, err)
		}
	}
	return nil
}
