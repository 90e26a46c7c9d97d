package notify

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nuid"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/secret"
	"kaohe.dev/services/internal/store"
)

// ErrUnknown says that there is no such webhook, or not any more.
var ErrUnknown = errors.New("no such webhook")

// Most is how many webhooks there may be.
const Most = 100

// ErrMost says that there are as many webhooks as there may be.
var ErrMost = fmt.Errorf("there are %d webhooks already; remove one", Most)

// Hooks keeps the webhooks, and lets people look at and replay what is on its
// way to them. It is safe for concurrent use.
type Hooks struct {
	store store.Store
	key   *secret.Key
	allow Allow
	now   func() time.Time
}

// NewHooks keeps webhooks in a store, their secrets sealed with a key; the
// collections must have been ensured.
func NewHooks(s store.Store, key *secret.Key, allow Allow, now func() time.Time) *Hooks {
	return &Hooks{s, key, allow, now}
}

// hook is a webhook as it is kept.
type hook struct {
	id      string
	version int64
	body    *statev1.Webhook
}

// Check reports why nothing can be posted to an address.
func (h *Hooks) Check(url string) error { return h.allow.URL(url) }

// Create registers a webhook, for what is recognised from now on, and gives its
// id and the secret its receiver verifies signatures with.
func (h *Hooks) Create(ctx context.Context, w *statev1.Webhook) (id, signs string, err error) {
	all, err := h.all(ctx)
	if err != nil {
		return "", "", err
	}
	if len(all) >= Most {
		return "", "", ErrMost
	}
	plain := make([]byte, secretSize)
	_, _ = rand.Read(plain) // it never fails
	id = nuid.Next()
	w.Secret, w.CreatedAt = h.key.Seal(plain, place(id)), flow.At(h.now())
	if err := h.store.Commit(ctx, []store.Write{{Collection: hooks, Doc: store.Doc{Key: id, Body: w}}}); err != nil {
		return "", "", fmt.Errorf("keep the webhook: %w", err)
	}
	return id, "whsec_" + base64.StdEncoding.EncodeToString(plain), nil
}

// Each calls for every webhook, in no meaningful order, with how many
// notifications wait for it and how many are dead letters.
func (h *Hooks) Each(ctx context.Context, do func(id string, w *statev1.Webhook, pending, dead int64)) error {
	all, err := h.all(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		pending, err := h.count(ctx, one.id, Pending)
		if err != nil {
			return err
		}
		dead, err := h.count(ctx, one.id, Dead)
		if err != nil {
			return err
		}
		do(one.id, one.body, pending, dead)
	}
	return nil
}

// Delete removes a webhook and what was on its way to it. What is queued in the
// same moment is swept away later.
func (h *Hooks) Delete(ctx context.Context, id string) error {
	for {
		found, err := h.load(ctx, id)
		if err != nil {
			return err
		}
		err = h.store.Commit(ctx, []store.Write{{Collection: hooks, Doc: store.Doc{Key: id, Version: found.version}, Delete: true}})
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("remove webhook %s: %w", id, err)
		}
		return h.drop(ctx, id)
	}
}

// disable ends a webhook whose receiver wants nothing more. What waits becomes
// dead letters.
func (h *Hooks) disable(ctx context.Context, id string) error {
	because := &factv1.Text{Zh: "接收方答复 410 Gone：不再接收", En: "the receiver answered 410 Gone: it wants nothing more"}
	if err := h.change(ctx, id, func(w *statev1.Webhook) { w.DisabledAt, w.DisabledBecause = flow.At(h.now()), because }); err != nil {
		return err
	}
	return h.bury(ctx, id)
}

// bury makes dead letters of what waits for a disabled webhook, also of what was
// queued in the moment it was disabled.
func (h *Hooks) bury(ctx context.Context, id string) error {
	_, err := h.move(ctx, id, Pending, func(d *statev1.Delivery) {
		d.State, d.NextAt, d.Error = Dead, nil, "the webhook is disabled: its receiver answered 410 Gone"
	})
	return err
}

// change changes a webhook, whoever else does.
func (h *Hooks) change(ctx context.Context, id string, change func(*statev1.Webhook)) error {
	for {
		found, err := h.load(ctx, id)
		if err != nil {
			return err
		}
		change(found.body)
		err = h.store.Commit(ctx, []store.Write{{Collection: hooks, Doc: store.Doc{Key: id, Version: found.version, Body: found.body}}})
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("change webhook %s: %w", id, err)
		}
		return nil
	}
}

// all gives the webhooks, by id.
func (h *Hooks) all(ctx context.Context) ([]hook, error) {
	docs, _, err := h.store.Query(ctx, store.Query{Collection: hooks})
	if err != nil {
		return nil, fmt.Errorf("list the webhooks: %w", err)
	}
	all := make([]hook, len(docs))
	for i, doc := range docs {
		all[i] = hook{doc.Key, doc.Version, doc.Body.(*statev1.Webhook)}
	}
	return all, nil
}

func (h *Hooks) load(ctx context.Context, id string) (hook, error) {
	docs, err := h.store.Load(ctx, hooks, []string{id})
	if err != nil {
		return hook{}, fmt.Errorf("look up webhook %s: %w", id, err)
	}
	if len(docs) == 0 {
		return hook{}, ErrUnknown
	}
	return hook{id, docs[0].Version, docs[0].Body.(*statev1.Webhook)}, nil
}
