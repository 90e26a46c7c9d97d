// Package storeurl opens the document store a URL names.
package storeurl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/mongostore"
	"kaohe.dev/services/internal/store/sqlitestore"
)

// Open opens "sqlite:DIR" (a directory of database files; "sqlite:DIR?synchronous=full" makes every commit survive a power
// loss, "cache=16MiB" bounds the pages kept of each file) or "mongodb://HOST/DATABASE" (also mongodb+srv; the database is "kaohe" when the path is empty).
// What the URL says comes before the options.
func Open(ctx context.Context, address string, options ...sqlitestore.Option) (store.Store, error) {
	scheme, rest, _ := strings.Cut(address, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, rest, options)
	case "mongodb", "mongodb+srv":
		return mongostore.Open(ctx, address)
	}
	return nil, fmt.Errorf("store URL has scheme %q; it must be sqlite:DIR or mongodb://HOST/DATABASE", scheme)
}

// Drop deletes everything a store holds but the collections of some groups.
// Nobody may have it open.
func Drop(ctx context.Context, address string, keep ...string) error {
	scheme, rest, _ := strings.Cut(address, ":")
	switch scheme {
	case "sqlite":
		dir, _, _ := strings.Cut(rest, "?")
		return dropSQLite(strings.TrimPrefix(dir, "//"), keep)
	case "mongodb", "mongodb+srv":
		return mongostore.Drop(ctx, address, keep...)
	}
	return fmt.Errorf("store URL has scheme %q; it must be sqlite:DIR or mongodb://HOST/DATABASE", scheme)
}

// dropSQLite deletes the files of all groups but some, and what SQLite keeps
// beside them.
func dropSQLite(dir string, keep []string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete the documents: %w", err)
	}
	for _, e := range entries {
		if group, _, _ := strings.Cut(e.Name(), ".db"); slices.Contains(keep, group) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("delete the documents: %w", err)
		}
	}
	return nil
}

func openSQLite(ctx context.Context, rest string, options []sqlitestore.Option) (store.Store, error) {
	dir, query, _ := strings.Cut(rest, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("store URL: %w", err)
	}
	for name := range q {
		switch value := strings.ToLower(q.Get(name)); {
		case name == "synchronous" && value == "full":
			options = append(options, sqlitestore.WithSynchronousFull())
		case name == "synchronous" && value == "normal":
		case name == "cache":
			bytes, err := humanize.ParseBytes(value)
			if err != nil || bytes > math.MaxInt64 {
				return nil, fmt.Errorf("store URL: cache=%s is not a size; write it like 16MiB", value)
			}
			options = append(options, sqlitestore.WithCache(int64(bytes)))
		default:
			return nil, fmt.Errorf("store URL: %s=%s is not known; sqlite takes synchronous=normal, synchronous=full and cache=SIZE", name, value)
		}
	}
	return sqlitestore.Open(ctx, strings.TrimPrefix(dir, "//"), options...)
}
