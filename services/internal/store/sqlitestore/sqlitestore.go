// Package sqlitestore keeps documents in SQLite, one database file per group of collections, without cgo.
//
//  1. One file per group, so that services commit in parallel: SQLite locks a file, not a table.
//  2. One writing connection per file and a few reading ones; in WAL mode readers never wait for the writer.
//  3. synchronous=NORMAL for what is derived: after a power loss the file is at an earlier commit, never torn, and the log
//     replays what is missing. WithSynchronousFull is for those who want no replay. What is original is synced with every
//     commit, and overwritten where it is deleted.
//  4. A table has the text key, the version, the declared fields as columns and the body as protobuf bytes. It is a rowid
//     table: with WITHOUT ROWID the bodies would sit in the key's tree and random upserts cost five times as much.
//  5. Checkpoints are made beside the commits, never in one: see checkpoint.go.
//  6. Files are the owner's alone, whatever the umask is.
//  7. Every secondary index ends with the key, so a page is one range of one index; queries name their index.
package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"kaohe.dev/services/internal/durable"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/internal/store"
)

// readers is the number of reading connections per file.
const readers = 4

// Option changes how a store is opened.
type Option func(*Store)

// WithSynchronousFull makes every commit survive a power loss, at the price of an fsync each.
func WithSynchronousFull() Option { return func(s *Store) { s.synchronous = "FULL" } }

// WithCache bounds the memory of the pages kept of each file, in bytes; a page may be kept once for the writer and once
// for each reader, half of it for the one and half for the others.
func WithCache(bytes int64) Option { return func(s *Store) { s.cache = max(bytes, minCache) } }

// The pages kept of a file, in bytes: unless told, and at least.
const (
	defaultCache = 64 << 20
	minCache     = 64 << 10
)

// Store is a directory of SQLite files.
type Store struct {
	dir         string
	synchronous string
	cache       int64
	schema      store.Schema

	mu     sync.Mutex
	closed bool
	files  map[string]*file  // by group
	tables map[string]*table // by collection
}

var _ store.Store = (*Store)(nil)

// file is one database file.
type file struct {
	path     string
	original bool       // it cannot be built anew
	writing  sync.Mutex // held during a commit, so that waiting is fair and never busy
	write    *sql.DB    // one connection
	read     *sql.DB
	move     *sql.DB // one connection, for checkpoints

	written      atomic.Int64 // since the last checkpoint
	closing      chan struct{}
	checkpointed chan struct{} // closed when checkpoints have ended
}

// Open makes the directory if needed. Files are opened by Ensure.
func Open(_ context.Context, dir string, options ...Option) (*Store, error) {
	if dir == "" {
		return nil, errors.New("open sqlite store: no directory given")
	}
	if err := durable.Dir(dir); err != nil {
		return nil, fmt.Errorf("open sqlite store: %w", err)
	}
	if err := own(dir); err != nil {
		return nil, fmt.Errorf("open sqlite store: let nobody else read %s: %w", dir, err)
	}
	s := &Store{dir: dir, synchronous: "NORMAL", cache: defaultCache, files: map[string]*file{}, tables: map[string]*table{}}
	for _, o := range options {
		o(s)
	}
	return s, nil
}

// own makes a directory the owner's alone, and the database files in it with what
// SQLite keeps beside them.
func own(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.db*"))
	errs := []error{err, durable.Own(dir)}
	for _, file := range files {
		errs = append(errs, durable.Own(file))
	}
	return errors.Join(errs...)
}

// Ensure opens the files of the collections, creates what is missing and checks what exists.
func (s *Store) Ensure(ctx context.Context, collections ...store.Collection) error {
	for _, c := range collections {
		if err := c.Validate(); err != nil {
			return fmt.Errorf("ensure: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("ensure: %w", errClosed)
	}
	for _, c := range collections {
		// Declared alike by a second user in the process: the first one's statements stay good.
		if old := s.tables[c.Name]; old != nil && reflect.DeepEqual(old.Fields, c.Fields) && reflect.DeepEqual(old.Indexes, c.Indexes) {
			continue
		}
		if err := s.ensure(ctx, c); err != nil {
			return fmt.Errorf("ensure %s: %w", c.Name, err)
		}
	}
	return nil
}

// ensure opens one collection; s.mu is held. Statements of an earlier declaration stay open until Close: a commit may be
// using them.
func (s *Store) ensure(ctx context.Context, c store.Collection) error {
	f, err := s.open(store.Group(c.Name), c.Original)
	if err != nil {
		return err
	}
	var t *table
	err = patiently(ctx, func() error {
		if err := f.ensure(ctx, c); err != nil {
			return err
		}
		t, err = newTable(ctx, f, c)
		return err
	})
	if err != nil {
		return f.explain(err)
	}
	if err := s.schema.Declare(c); err != nil {
		t.close()
		return err
	}
	s.tables[c.Name] = t
	return nil
}

// How long, and how often, a new file is tried that other processes make too.
const (
	patience   = 10 * time.Second
	firstRetry = 10 * time.Millisecond
	maxRetry   = 200 * time.Millisecond
)

// patiently tries again while other processes that start at the same time keep
// a new file locked: turning it to a write-ahead log does not wait by itself.
func patiently(ctx context.Context, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for wait := pause.Between(firstRetry, maxRetry); ; {
		err := do()
		var failed *sqlite.Error
		if !errors.As(err, &failed) || failed.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		if !pause.Sleep(ctx, wait.Next()) {
			return err
		}
	}
}

// open returns the file of a group; s.mu is held.
func (s *Store) open(group string, original bool) (*file, error) {
	if f := s.files[group]; f != nil {
		return f, nil
	}
	path, err := filepath.Abs(filepath.Join(s.dir, group+".db"))
	if err != nil {
		return nil, err
	}
	if err := durable.Create(path, nil); err != nil { // what SQLite makes beside it has its rights
		return nil, err
	}
	synchronous, deleting := "synchronous("+s.synchronous+")", "secure_delete(0)"
	if original {
		synchronous, deleting = "synchronous(FULL)", "secure_delete(1)"
	}
	f := &file{path: path, original: original, closing: make(chan struct{}), checkpointed: make(chan struct{})}
	if f.write, err = sql.Open("sqlite", dsn(path, "immediate", synchronous, deleting,
		"journal_mode(WAL)", "wal_autocheckpoint(0)", "journal_size_limit(67108864)", cacheSize(s.cache/2))); err != nil {
		return nil, err
	}
	f.write.SetMaxOpenConns(1)
	if f.read, err = sql.Open("sqlite", dsn(path, "deferred", "query_only(1)", cacheSize(s.cache/2/readers))); err != nil {
		return nil, errors.Join(err, f.write.Close())
	}
	f.read.SetMaxOpenConns(readers)
	f.read.SetMaxIdleConns(readers)
	if f.move, err = sql.Open("sqlite", dsn(path, "deferred", synchronous)); err != nil {
		return nil, errors.Join(err, f.read.Close(), f.write.Close())
	}
	f.move.SetMaxOpenConns(1)
	go f.checkpoints()
	s.files[group] = f
	return f, nil
}

func cacheSize(bytes int64) string { return fmt.Sprintf("cache_size(-%d)", max(bytes>>10, 1)) }

func dsn(path, txlock string, pragmas ...string) string {
	q := url.Values{"_txlock": {txlock}, "_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// table returns an ensured collection's table.
func (s *Store) table(collection string) (*table, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	t := s.tables[collection]
	if t == nil {
		return nil, fmt.Errorf("collection %q is not declared: give it to Ensure at start", collection)
	}
	return t, nil
}

// Close waits for the commits under way and closes all files.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for _, t := range s.tables {
		t.close()
	}
	for group, f := range s.files {
		errs = append(errs, f.close()...)
		delete(s.files, group)
	}
	clear(s.tables)
	return errors.Join(errs...)
}
