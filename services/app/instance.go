package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/secret"
	"kaohe.dev/services/internal/store"
)

// The files of the keys of an instance: every process that needs one needs the
// same. They are made once, with the first events, and never again: what was
// hashed or sealed with a key is lost to another.
const (
	// CustomerKey keys the hash of customer references; gateways need it.
	CustomerKey = "customer.key"
	// SecretsKey seals the secrets in the store; gateways and notify need it.
	SecretsKey = "secrets.key"
)

// lost says what a key was for, and so what to do when it is gone for good.
var lost = map[string]string{
	CustomerKey: "customers of new events will not be known as those of before",
	SecretsKey:  "the webhooks that were made with it must be removed and added anew",
}

// ErrKey says that a key is missing, or another than the instance's.
var ErrKey = errors.New("without the key this instance has used nothing is started")

// known keeps a fingerprint of each key of the instance, beside what was made
// with it. It is no part of the log.
func known() store.Collection {
	return store.Collection{Name: "keys/known", Original: true, New: func() proto.Message { return &wrapperspb.StringValue{} },
		Sharding: store.Whole("one document a key")}
}

// instanceKey reads a key of the instance from the data directory. It makes one
// only where nothing can have been done with another. Used reports whether
// something was done with a key whose fingerprint is not kept.
func (a *App) instanceKey(ctx context.Context, name string, used func(context.Context) (bool, error)) (string, error) {
	path := filepath.Join(a.config.Data, name)
	print, version, err := a.fingerprint(ctx, name)
	if err != nil {
		return "", err
	}
	begun := print != ""
	if !begun {
		if begun, err = used(ctx); err != nil {
			return "", err
		}
	}
	if _, err := os.Stat(path); begun && errors.Is(err, fs.ErrNotExist) {
		return "", keyError(path, "is missing")
	}
	value, err := secretFile(a.config.Data, name)
	if err != nil {
		return "", err
	}
	switch mine := secret.Fingerprint(value, name); print {
	case mine:
		return value, nil
	case "":
		if err := a.keepFingerprint(ctx, name, mine, version); !errors.Is(err, store.ErrConflict) {
			return value, err
		}
		return a.instanceKey(ctx, name, used) // another process was first
	}
	return "", keyError(path, "is not the key that this instance has used")
}

func keyError(path, what string) error {
	name := filepath.Base(path)
	return fmt.Errorf("%s %s: copy it from where it was, another gateway or the data directory of before (of customer.key a backup has one too); "+
		"if it is lost for good, kaohe key accept %s takes what is in the data directory, or makes a new one, and %s: %w", path, what, name, lost[name], ErrKey)
}

// fingerprint gives what is kept of a key, and the version of the document;
// empty: nothing is.
func (a *App) fingerprint(ctx context.Context, name string) (string, int64, error) {
	if err := a.store.Ensure(ctx, known()); err != nil {
		return "", 0, fmt.Errorf("prepare the fingerprints of the keys: %w", err)
	}
	docs, err := a.store.Load(ctx, known().Name, []string{name})
	if err != nil {
		return "", 0, fmt.Errorf("load the fingerprint of %s: %w", name, err)
	}
	if len(docs) == 0 {
		return "", 0, nil
	}
	return docs[0].Body.(*wrapperspb.StringValue).Value, docs[0].Version, nil
}

func (a *App) keepFingerprint(ctx context.Context, name, print string, version int64) error {
	err := a.store.Commit(ctx, []store.Write{{Collection: known().Name, Doc: store.Doc{Key: name, Version: version, Body: wrapperspb.String(print)}}})
	if err != nil {
		return fmt.Errorf("keep the fingerprint of %s: %w", name, err)
	}
	return nil
}

// customerKey is the key of customer references. Whatever is in the log may have
// been hashed with one.
func (a *App) customerKey(ctx context.Context) (string, error) {
	return a.instanceKey(ctx, CustomerKey, func(ctx context.Context) (bool, error) {
		last, err := a.bus(Gateway).Last(ctx, bus.Feed)
		return last > 0, err
	})
}

// secretsKey is the key of the secrets in the store; an older kaohe sealed
// nothing and kept no fingerprint.
func (a *App) secretsKey(ctx context.Context) (string, error) {
	return a.instanceKey(ctx, SecretsKey, func(context.Context) (bool, error) { return false, nil })
}

// AcceptKey takes a key of the data directory for the instance's, or makes one
// where there is none, when the one it has used is lost for good. Nothing of the
// configuration may be running.
func AcceptKey(ctx context.Context, config Config, name string) error {
	if lost[name] == "" {
		return fmt.Errorf("%q is no key of an instance; choose %s or %s", name, CustomerKey, SecretsKey)
	}
	return withBus(ctx, config, func(a *App, b *bus.Bus) error {
		if err := a.openStore(ctx); err != nil {
			return err
		}
		if err := a.record(ctx, b, "AcceptKey "+name); err != nil {
			return err
		}
		value, err := secretFile(a.config.Data, name)
		if err != nil {
			return err
		}
		_, version, err := a.fingerprint(ctx, name)
		if err != nil {
			return err
		}
		return a.keepFingerprint(ctx, name, secret.Fingerprint(value, name), version)
	})
}
