// Package mongostore keeps documents in MongoDB through the official driver.
//
//  1. One database, one MongoDB collection per collection; "sla/docs" is "sla.docs". A document is
//     {_id: key, version, <declared fields>, body}, the body being readable BSON that comes back exactly (encode.go).
//  2. Every collection states its sharding with its reason (store.Sharding): {_id: "hashed"}, or whole on one shard. Loads
//     and commits name their keys, so each goes to the shards that have them; queries by index ask all shards and are
//     merged. Every write filters on _id, no index but that of _id is unique, and there is no transaction over documents:
//     the conformance suite looks at every command sent, so that what passes on one server is valid on all kinds.
//  3. Every secondary index ends with _id, so a page is one range of one index.
//  4. Reads and writes are majority: what was read or acknowledged survives a change of primary. Writes of what is
//     original wait for the journal too: of one server alone a majority is the server, with what it has in memory.
//  5. A commit is ordered bulk writes: after a conflict or crash a prefix is there. An unmatched replace would not stop an
//     ordered bulk, so each write is an upsert whose filter names the version: if the document is there in another
//     version, the upsert runs into the duplicate _id and the bulk stops exactly there.
//  6. For the same reason a delete leaves a tombstone {_id, version: 0, deleted: date}. It has no fields and no body, is
//     never returned, can be created over, and is removed by the server a day later (a TTL index).
package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"kaohe.dev/services/internal/store"
)

const (
	defaultDatabase  = "kaohe"
	tombstoneSeconds = 24 * 60 * 60
	bulkSize         = 2000
	bulkSizeFerretDB = 4              // it holds a connection per write until the bulk ends, and stands still when it has none of its 100 left
	declarations     = "_collections" // one document per collection: the fields it was made with
)

// Store is one MongoDB database.
type Store struct {
	client *mongo.Client
	db     *mongo.Database
	schema store.Schema
	close  func() error

	bulkSize int // writes of one bulk
}

var _ store.Store = (*Store)(nil)

// Option changes how a store is opened.
type Option func(*options.ClientOptions)

// WithMonitor lets someone watch every command sent.
func WithMonitor(m *event.CommandMonitor) Option {
	return func(o *options.ClientOptions) { o.SetMonitor(m) }
}

// Open connects to a mongodb:// or mongodb+srv:// URI and waits until the server answers. The path names the database,
// "kaohe" when it is empty.
func Open(ctx context.Context, uri string, opts ...Option) (*Store, error) {
	o := options.Client().ApplyURI(uri).SetAppName("kaohe").
		SetWriteConcern(writeconcern.Majority()).SetReadConcern(readconcern.Majority())
	if file := certificateFile(uri); file != "" && o.TLSConfig != nil {
		o.TLSConfig.GetClientCertificate = renewed(file)
	}
	for _, option := range opts {
		option(o)
	}
	client, err := mongo.Connect(o)
	if err != nil {
		return nil, fmt.Errorf("open mongodb store: %w", err)
	}
	s := &Store{
		client: client,
		db:     client.Database(database(uri)),
		close:  sync.OnceValue(func() error { return client.Disconnect(context.Background()) }),
	}
	if s.bulkSize, err = greet(ctx, s.db); err != nil {
		return nil, fmt.Errorf("open mongodb store: no answer from %s; is it running and reachable from here? %w",
			strings.Join(o.Hosts, ", "), errors.Join(err, s.Close()))
	}
	return s, nil
}

// greet waits until the server answers and returns how many writes it takes in one bulk.
func greet(ctx context.Context, db *mongo.Database) (int, error) {
	info, err := db.RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Raw()
	if err != nil {
		return 0, err
	}
	if _, err := info.LookupErr("ferretdbVersion"); err == nil {
		return bulkSizeFerretDB, nil
	}
	return bulkSize, nil
}

// database is the path of the URI. The URI may list several hosts, which net/url does not take.
func database(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "?")
	if _, name, _ := strings.Cut(rest, "/"); name != "" {
		return name
	}
	return defaultDatabase
}

// collection is where a collection's documents are; what is original is written there to the journal.
func (s *Store) collection(c store.Collection) *mongo.Collection {
	if !c.Original {
		return s.db.Collection(collectionName(c.Name))
	}
	journal, concern := true, writeconcern.Majority()
	concern.Journal = &journal
	return s.db.Collection(collectionName(c.Name), options.Collection().SetWriteConcern(concern))
}

// Close disconnects.
func (s *Store) Close() error { return s.close() }

// Ensure creates missing collections and indexes. Indexes no longer declared are left to the operator: another version of
// the program may still be using them.
func (s *Store) Ensure(ctx context.Context, collections ...store.Collection) error {
	for _, c := range collections {
		if err := c.Validate(); err != nil {
			return fmt.Errorf("ensure: %w", err)
		}
		if err := s.checkFields(ctx, c); err != nil {
			return fmt.Errorf("ensure %s: %w", c.Name, err)
		}
		if err := s.ensureIndexes(ctx, c); err != nil {
			return fmt.Errorf("ensure %s: %w", c.Name, err)
		}
	}
	return s.schema.Declare(collections...)
}

// checkFields refuses a collection made with other fields: its documents lack the values of the new ones.
func (s *Store) checkFields(ctx context.Context, c store.Collection) error {
	names := make([]string, 0, len(c.Fields))
	for _, f := range c.Fields {
		names = append(names, f.Name+" "+f.Type.String())
	}
	want := strings.Join(names, ", ")
	made := s.db.Collection(declarations)
	_, err := made.InsertOne(ctx, bson.D{{Key: "_id", Value: c.Name}, {Key: "fields", Value: want}})
	if err == nil || !mongo.IsDuplicateKeyError(err) {
		return err
	}
	var have struct{ Fields string }
	if err := made.FindOne(ctx, bson.D{{Key: "_id", Value: c.Name}}).Decode(&have); err != nil {
		return err
	}
	if have.Fields != want {
		return fmt.Errorf("the collection was made with fields (%s), the program wants (%s): stop kaohe, drop %s and delete %q "+
			"from %s in database %s; it is rebuilt from the log", have.Fields, want, s.collection(c).Name(), c.Name, declarations, s.db.Name())
	}
	return nil
}

func (s *Store) ensureIndexes(ctx context.Context, c store.Collection) error {
	indexes := s.collection(c).Indexes()
	for _, x := range c.Indexes {
		keys := make(bson.D, 0, len(x.Fields)+1)
		for _, f := range x.Fields {
			keys = append(keys, bson.E{Key: f, Value: int32(1)})
		}
		keys = append(keys, bson.E{Key: "_id", Value: int32(1)})
		if _, err := indexes.CreateOne(ctx, mongo.IndexModel{Keys: keys}); err != nil {
			return err
		}
	}
	_, err := indexes.CreateOne(ctx, mongo.IndexModel{
		Keys:    bson.D{{Key: "deleted", Value: int32(1)}},
		Options: options.Index().SetExpireAfterSeconds(tombstoneSeconds).SetName("tombstones"),
	})
	var refused mongo.CommandError
	if errors.As(err, &refused) && refused.Code == notImplemented {
		return nil // FerretDB has no TTL indexes: its tombstones stay
	}
	return err
}

const notImplemented = 238 // a MongoDB error code

// Drop deletes what is in the database of a URI but the collections of some
// groups.
func Drop(ctx context.Context, uri string, keep ...string) error {
	s, err := Open(ctx, uri)
	if err != nil {
		return err
	}
	return errors.Join(s.drop(ctx, keep), s.Close())
}

func (s *Store) drop(ctx context.Context, keep []string) error {
	names, err := s.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return fmt.Errorf("list what is in database %s: %w", s.db.Name(), err)
	}
	for _, name := range names {
		group, _, _ := strings.Cut(name, ".")
		if slices.Contains(keep, group) {
			continue
		}
		if err := s.db.Collection(name).Drop(ctx); err != nil {
			return fmt.Errorf("drop collection %s of %s: %w", name, s.db.Name(), err)
		}
	}
	return nil
}

// Topology tells what kind of server answers, in words, and what is doubtful
// about it.
func (s *Store) Topology(ctx context.Context) (found string, doubt, err error) {
	var hello struct {
		SetName string `bson:"setName"`
		Msg     string `bson:"msg"`
	}
	if err := s.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return "", nil, fmt.Errorf("ask for the topology: %w", err)
	}
	var build struct {
		Version string `bson:"version"`
	}
	if err := s.db.RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&build); err != nil {
		return "", nil, fmt.Errorf("ask for the version: %w", err)
	}
	switch {
	case hello.Msg == "isdbgrid":
		return "sharded cluster, version " + build.Version, nil, nil
	case hello.SetName != "":
		return "replica set " + hello.SetName + ", version " + build.Version, nil, nil
	}
	return "one server, version " + build.Version,
		errors.New("when it is gone nothing is decided until it is back; a replica set of three goes on"), nil
}
