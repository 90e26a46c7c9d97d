// Package store is the port to the document stores: derived state goes in by commit and comes back by key or by a
// declared index.
//
// Principles:
//  1. Nearly everything here is derived from the log. A lost or damaged store is deleted and rebuilt; the store never
//     decides. What is not derived says so (Collection.Original), is on the disk before a commit returns, and stays when
//     all else is deleted.
//  2. A document is a key, a version, a few indexed fields and a protobuf body. Nothing but declared fields is queried.
//  3. Few methods: Load by keys, Commit with versions, Query and Count by declared indexes. Every query names fields that
//     a declared index covers; a query without an index is an error, not a slow scan.
//  4. Writes are optimistic. A commit carries the version it has seen; the first writer wins, the others get ErrConflict.
//  5. The contract is checked once, by Schema, and held by one conformance suite (storetest) for every adapter.
//
// Adapters: sqlitestore (embedded) and mongostore (MongoDB); storeurl chooses one by URL.
package store

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
)

// Doc is one document: a key, its body, and the indexed fields declared by its collection.
type Doc struct {
	// Key is the primary key within the collection: non-empty UTF-8 without NUL.
	Key string
	// Version is the optimistic version: 0 = not stored yet; each commit stores Version+1.
	Version int64
	// Fields holds the declared indexed fields: string or int64 values only. A missing field is stored as null and is not
	// found by queries on it.
	Fields map[string]any
	// Body is the readable content, of the type Collection.New makes.
	Body proto.Message
}

// FieldType is the type of an indexed field.
type FieldType int

// The types an indexed field can have. Strings are ordered by their bytes.
const (
	String FieldType = iota + 1
	Int64
)

// Field is a declared indexed field.
type Field struct {
	Name string // lower_snake_case; key, version, body and deleted are taken
	Type FieldType
}

// Index is a list of fields: an equality prefix, the last field may be ordered.
type Index struct{ Fields []string }

// Collection declares a kind of document. Collections named with the same prefix before a slash ("sla/docs" and
// "sla/position") are one group: one Commit may write to several of them.
type Collection struct {
	Name    string
	Fields  []Field
	Indexes []Index
	New     func() proto.Message // makes an empty body
	// Original: it cannot be built anew from the log, like tokens and their revocations. A commit to it survives a power
	// loss once it has returned, and no rebuild deletes it. It is so for a whole group.
	Original bool
	// Sharding says how it lies on the shards of a MongoDB cluster.
	Sharding Sharding
}

// Sharding says how a collection lies on the shards of a cluster, and why. Other servers do not ask.
type Sharding struct {
	Key string // a field and its order, as MongoDB takes it; "" = all documents on one shard
	Why string
}

// Spread lays documents on all shards by the hash of their keys. Loads and commits name their keys, so each goes to the
// shards that have them; queries ask all shards, which find by the same indexes, and are merged.
func Spread(why string) Sharding { return Sharding{Key: `{_id: "hashed"}`, Why: why} }

// Whole keeps all documents on one shard.
func Whole(why string) Sharding { return Sharding{Why: why} }

// Group is the part of a collection's name before the slash, or the whole name.
func Group(collection string) string {
	group, _, _ := strings.Cut(collection, "/")
	return group
}

// Originals gives the groups that cannot be built anew, sorted.
func Originals(collections []Collection) (groups []string) {
	for _, c := range collections {
		if c.Original {
			groups = append(groups, Group(c.Name))
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// Write is one change of a Commit: Doc is stored, or removed when Delete is set (then only Key and Version count).
type Write struct {
	Collection string
	Doc        Doc
	Delete     bool
}

// DefaultLimit is the page size of a Query that names none.
const DefaultLimit = 1000

// Query selects documents of one collection. Where and OrderBy must be covered by one declared index: Where names its
// first fields in any order, OrderBy the field after them.
type Query struct {
	Collection string
	Where      map[string]any // field = value, all of them
	Prefix     string         // keys starting with it; optional
	OrderBy    string         // a field, or "" = by key; ties are broken by key
	Desc       bool           // turns both the order value and the key
	Min, Max   any            // inclusive bounds on the order value; optional
	After      *Cursor        // continue behind this position; optional
	Limit      int            // page size; 0 = DefaultLimit
}

// InOrder gives the documents found in the order of keys; a key named twice is given once.
func InOrder(keys []string, found []Doc) []Doc {
	byKey := make(map[string]int, len(found))
	for i := range found {
		byKey[found[i].Key] = i
	}
	out := make([]Doc, 0, len(found))
	for _, key := range keys {
		if i, ok := byKey[key]; ok {
			out = append(out, found[i])
			delete(byKey, key)
		}
	}
	return out
}

// Prepared is a commit that was found fit to be stored.
type Prepared interface {
	// Commit is Store.Commit of what was prepared.
	Commit(ctx context.Context) error
}

// Store keeps documents. All methods are safe for concurrent use. Collections must have been given to Ensure.
type Store interface {
	// Ensure creates collections and indexes, and checks the ones that exist. Called at start; repeating it is harmless.
	Ensure(ctx context.Context, collections ...Collection) error

	// Load returns the documents found, in the order of keys.
	Load(ctx context.Context, collection string, keys []string) ([]Doc, error)

	// Commit applies writes in the given order; all collections must be of one group. A write whose Doc.Version is not the
	// stored version fails the commit with a ConflictError. After success the stored version is Doc.Version+1.
	//
	// SQLite: all or nothing. MongoDB: after a conflict or a crash a prefix of the writes is present, so the caller orders
	// them so that every prefix is safe. After any error but a conflict in SQLite, reload before trying again.
	//
	// A delete with Version 0 does nothing. A deleted key starts again at version 0.
	Commit(ctx context.Context, writes []Write) error

	// Prepare makes a commit ready, as far as that needs no database. What can never be stored is told here, with an
	// UnfitError, before anything is done that cannot be undone.
	Prepare(writes []Write) (Prepared, error)

	// Query returns one page and the cursor of the next one; the cursor is nil when there is no more. Paging while others
	// write never repeats or skips a document that did not move.
	Query(ctx context.Context, q Query) ([]Doc, *Cursor, error)

	// Count counts what Query would return over all pages; Limit is ignored.
	Count(ctx context.Context, q Query) (int64, error)

	// Close releases the store. Calling it twice is harmless.
	Close() error
}
