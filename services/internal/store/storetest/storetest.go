// Package storetest is the conformance suite of the store port: what every adapter promises, tested once. For tests only.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
)

// Option says what a server cannot do; the store itself has no excuse.
type Option func(*suite)

// BatchOf sets the size of the large batch, 2,000 unless told. For servers that scan.
func BatchOf(n int) Option { return func(s *suite) { s.batch = n } }

// WithoutAtomicUpdates is for servers that let two writers update one version of a document.
func WithoutAtomicUpdates() Option { return func(s *suite) { s.noAtomicUpdates = true } }

// WithAtomicCommits is for stores of which a commit that fails leaves nothing.
func WithAtomicCommits() Option { return func(s *suite) { s.atomicCommits = true } }

type suite struct {
	open            func(testing.TB) store.Store
	batch           int
	noAtomicUpdates bool
	atomicCommits   bool
}

// Run runs the suite. open gives an empty store; the suite closes it.
func Run(t *testing.T, open func(testing.TB) store.Store, options ...Option) {
	s := &suite{open: open, batch: 2000}
	for _, o := range options {
		o(s)
	}
	for _, c := range []struct {
		name string
		test func(*testing.T, *suite)
	}{
		{"round trip", roundTrip},
		{"missing keys", missingKeys},
		{"what can never be stored", unfit},
		{"versions", versions},
		{"conflicts", conflicts},
		{"deletes", deletes},
		{"order of writes", orderOfWrites},
		{"groups", groups},
		{"refusals", refusals},
		{"ensure", ensure},
		{"large batch", largeBatch},
		{"concurrent creators", concurrentCreators},
		{"concurrent writers", concurrentWriters},
		{"no lost updates", noLostUpdates},
		{"queries", queries},
		{"queries agree with a model", queriesAgree},
		{"prefix", prefixes},
		{"paging under change", pagingUnderChange},
		{"paging under any change", pagingUnderAnyChange},
		{"paging beside a writer", pagingBesideAWriter},
		{"close", closing},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, s) })
	}
}

const (
	docs     = "test/docs"
	position = "test/position"
	other    = "other"
)

// Docs is the collection most tests use.
func docsCollection() store.Collection {
	return store.Collection{
		Name: docs,
		Fields: []store.Field{
			{Name: "unit", Type: store.String}, {Name: "state", Type: store.String}, {Name: "wake_at", Type: store.Int64},
		},
		Indexes: []store.Index{
			{Fields: []string{"unit", "state", "wake_at"}}, {Fields: []string{"unit", "wake_at"}},
			{Fields: []string{"wake_at"}}, {Fields: []string{"state"}},
		},
		New: func() proto.Message { return &structpb.Struct{} },
	}
}

func collections() []store.Collection {
	counter := func() proto.Message { return &wrapperspb.Int64Value{} }
	return []store.Collection{docsCollection(), {Name: position, New: counter}, {Name: other, New: counter}}
}

// start opens a store with the test collections.
func (s *suite) start(t *testing.T) store.Store {
	t.Helper()
	st := s.open(t)
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := st.Ensure(t.Context(), collections()...); err != nil {
		t.Fatal(err)
	}
	return st
}

func body(text string) proto.Message {
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"text": structpb.NewStringValue(text), "工单": structpb.NewNumberValue(96766), "a.b": structpb.NewBoolValue(true),
		"list": structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{structpb.NewNullValue()}}),
	}}
}

// put is a write of a document with fields to the docs collection.
func put(key string, version int64, fields map[string]any) store.Write {
	return store.Write{Collection: docs, Doc: store.Doc{Key: key, Version: version, Fields: fields, Body: body(key)}}
}

// count is a write of a number to one of the other collections.
func count(collection, key string, version, n int64) store.Write {
	return store.Write{Collection: collection, Doc: store.Doc{Key: key, Version: version, Body: wrapperspb.Int64(n)}}
}

func remove(collection, key string, version int64) store.Write {
	return store.Write{Collection: collection, Doc: store.Doc{Key: key, Version: version}, Delete: true}
}

func commit(t *testing.T, s store.Store, writes ...store.Write) {
	t.Helper()
	if err := s.Commit(context.WithoutCancel(t.Context()), writes); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, s store.Store, collection string, keys ...string) []store.Doc {
	t.Helper()
	got, err := s.Load(t.Context(), collection, keys)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// wantConflict checks that err names the document.
func wantConflict(t *testing.T, err error, collection, key string) {
	t.Helper()
	var c *store.ConflictError
	if !errors.Is(err, store.ErrConflict) || !errors.As(err, &c) || c.Collection != collection || c.Key != key {
		t.Fatalf("got %v, want a conflict on %s %q", err, collection, key)
	}
}

func keysOf(found []store.Doc) []string {
	keys := make([]string, len(found))
	for i, d := range found {
		keys[i] = d.Key
	}
	return keys
}

// same describes the first difference between what was stored and what came back.
func same(got, want store.Doc) error {
	switch {
	case got.Key != want.Key || got.Version != want.Version:
		return fmt.Errorf("got %q version %d, want %q version %d", got.Key, got.Version, want.Key, want.Version)
	case len(got.Fields) != len(want.Fields):
		return fmt.Errorf("%q: got fields %v, want %v", got.Key, got.Fields, want.Fields)
	case !proto.Equal(got.Body, want.Body):
		return fmt.Errorf("%q: got body %v, want %v", got.Key, got.Body, want.Body)
	}
	for f, v := range want.Fields {
		if got.Fields[f] != v {
			return fmt.Errorf("%q: field %s is %v, want %v", got.Key, f, got.Fields[f], v)
		}
	}
	return nil
}
