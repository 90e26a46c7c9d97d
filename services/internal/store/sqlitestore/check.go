package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"kaohe.dev/services/internal/store"
)

// Damage is something wrong with the file of a group.
type Damage struct {
	// Group is the group of collections, and Why what is wrong.
	Group, Why string
	// Replayed: the file is whole at an earlier commit, and the log replays what
	// came after.
	Replayed bool
}

// Check looks at every file of a directory that nobody has open: the write-ahead
// log, the structure, and the seal of every document. Of the originals, which
// nothing replays, a file whose write-ahead log is damaged is not opened, because
// that cuts it. Told hears which file comes; it may be nil.
func Check(ctx context.Context, dir string, original func(group string) bool, told func(group string)) (all []Damage, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		group := strings.TrimSuffix(filepath.Base(path), ".db")
		if told != nil {
			told(group)
		}
		found, err := checkGroup(ctx, path, group, original(group))
		if err != nil {
			return all, fmt.Errorf("look at %s: %w", path, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// Scrub looks at the seal of every document of a directory that may be in use.
// Rest is called after every so many documents; its error ends it.
func Scrub(ctx context.Context, dir string, rest func() error) (all []Damage, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		why, err := checkFile(ctx, path, func(ctx context.Context, db *sql.DB) (string, error) { return checkSeals(ctx, db, rest) })
		if err != nil {
			return all, fmt.Errorf("look at %s: %w", path, err)
		}
		if why != "" {
			all = append(all, Damage{strings.TrimSuffix(filepath.Base(path), ".db"), why, false})
		}
	}
	return all, nil
}

func checkGroup(ctx context.Context, path, group string, original bool) (found []Damage, err error) {
	why, err := checkWAL(path + "-wal")
	if err != nil {
		return nil, err
	}
	if why != "" {
		found = append(found, Damage{group, why, !original})
		if original {
			return found, nil
		}
	}
	if why, err = checkFile(ctx, path, checkWhole); why != "" {
		found = append(found, Damage{group, why, false})
	}
	return found, err
}

// checkWhole looks at the structure of a file and at the seals in it.
func checkWhole(ctx context.Context, db *sql.DB) (string, error) {
	why, err := checkStructure(ctx, db)
	if err != nil || why != "" {
		return why, err
	}
	return checkSeals(ctx, db, func() error { return nil })
}

// checkFile tells what a look at a file finds wrong; empty: nothing.
func checkFile(ctx context.Context, path string, look func(context.Context, *sql.DB) (string, error)) (why string, err error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	db, err := sql.Open("sqlite", dsn(absolute, "deferred", "query_only(1)"))
	if err != nil {
		return "", err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	why, err = look(ctx, db)
	var failed *sqlite.Error
	if errors.As(err, &failed) {
		switch failed.Code() & 0xff {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT:
			return err.Error(), nil
		}
	}
	return why, err
}

func checkStructure(ctx context.Context, db *sql.DB) (string, error) {
	rows, err := db.QueryContext(ctx, "PRAGMA integrity_check(1)")
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return "", err
		}
		if line != "ok" {
			return strings.Join(strings.Fields(line), " "), nil
		}
	}
	return "", rows.Err()
}

// restEvery is how many documents are read at a time.
const restEvery = 1000

// checkSeals looks at the seal of every document of every table.
func checkSeals(ctx context.Context, db *sql.DB, rest func() error) (why string, err error) {
	tables, err := texts(ctx, db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		return "", err
	}
	for _, name := range tables {
		if strings.Contains(name, `"`) {
			return fmt.Sprintf("there is a table %q", name), nil
		}
		fields, err := texts(ctx, db, `SELECT name FROM pragma_table_info(?) WHERE name NOT IN ('key', 'version', 'body') ORDER BY cid`, name)
		if err != nil {
			return "", err
		}
		if why, err = checkTable(ctx, db, name, fields, rest); err != nil || why != "" {
			return why, err
		}
	}
	return "", nil
}

// checkTable reads page by page: a reader that stays keeps the write-ahead log
// from being moved into the file.
func checkTable(ctx context.Context, db *sql.DB, name string, fields []string, rest func() error) (why string, err error) {
	c := store.Collection{Name: name}
	for _, field := range fields {
		c.Fields = append(c.Fields, store.Field{Name: field})
	}
	page := fmt.Sprintf("SELECT rowid, %s FROM %s WHERE rowid > ? ORDER BY rowid LIMIT %d", strings.Join(columns(c), ", "), quote(name), restEvery)
	for after, n := int64(-1<<63), restEvery; n == restEvery; {
		if after, n, why, err = checkPage(ctx, db, name, len(fields), page, after); err != nil || why != "" {
			return why, err
		}
		if err := rest(); err != nil {
			return "", err
		}
	}
	return "", nil
}

// checkPage looks at the documents of a page, and gives the last row and how many
// there were.
func checkPage(ctx context.Context, db *sql.DB, name string, fields int, page string, after int64) (last int64, n int, why string, err error) {
	rows, err := db.QueryContext(ctx, page, after)
	if err != nil {
		return 0, 0, "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r := newReading(fields)
	dest := append([]any{&last}, r.dest...)
	for ; rows.Next(); n++ {
		if err := rows.Scan(dest...); err != nil {
			return last, n, fmt.Sprintf("a document of %s: %v", name, err), nil
		}
		if _, whole := unseal(r.body, r.key, r.version, r.values); !whole {
			return last, n, fmt.Sprintf("%s %q is not as it was stored", name, r.key), nil
		}
	}
	return last, n, "", rows.Err()
}

// texts reads a single text column.
func texts(ctx context.Context, db *sql.DB, query string, args ...any) ([]string, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // it reads only
	return list(ctx, tx, query, args...)
}
