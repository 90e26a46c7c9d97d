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
	if why, err = checkFile(ctx, path); why != "" {
		found = append(found, Damage{group, why, false})
	}
	return found, err
}

// checkFile tells what is wrong with a file; empty: nothing.
func checkFile(ctx context.Context, path string) (why string, err error) {
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
	why, err = checkStructure(ctx, db)
	if err == nil && why == "" {
		why, err = checkSeals(ctx, db)
	}
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

// checkSeals looks at the seal of every document of every table.
func checkSeals(ctx context.Context, db *sql.DB) (why string, err error) {
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
		if why, err = checkTable(ctx, db, name, fields); err != nil || why != "" {
			return why, err
		}
	}
	return "", nil
}

func checkTable(ctx context.Context, db *sql.DB, name string, fields []string) (why string, err error) {
	c := store.Collection{Name: name}
	for _, field := range fields {
		c.Fields = append(c.Fields, store.Field{Name: field})
	}
	rows, err := db.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM %s", strings.Join(columns(c), ", "), quote(name)))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r := newReading(len(fields))
	for rows.Next() {
		if err := rows.Scan(r.dest...); err != nil {
			return fmt.Sprintf("a document of %s: %v", name, err), nil
		}
		if _, whole := unseal(r.body, r.key, r.version, r.values); !whole {
			return fmt.Sprintf("%s %q is not as it was stored", name, r.key), nil
		}
	}
	return "", rows.Err()
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
