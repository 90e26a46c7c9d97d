package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kaohe.dev/services/internal/store"
)

// table is one collection: its SQL and its prepared writes.
type table struct {
	file *file
	store.Collection
	columns string // what a row is read as: key, version, fields, body

	insert, update, remove *sql.Stmt // on the writing connection
}

func quote(name string) string { return `"` + name + `"` } // names are checked by store.Schema

func columns(c store.Collection) []string {
	names := []string{"key", "version"}
	for _, f := range c.Fields {
		names = append(names, quote(f.Name))
	}
	return append(names, "body")
}

func newTable(ctx context.Context, f *file, c store.Collection) (_ *table, err error) {
	names := columns(c)
	t := &table{file: f, Collection: c, columns: strings.Join(names, ", ")}
	sets := make([]string, 0, len(names))
	for i, n := range names[1:] {
		sets = append(sets, fmt.Sprintf("%s = ?%d", n, i+2))
	}
	marks := "?1" + strings.Repeat(", ?", len(names)-1)
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&t.insert, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (key) DO NOTHING", quote(c.Name), t.columns, marks)},
		{&t.update, fmt.Sprintf("UPDATE %s SET %s WHERE key = ?1 AND version = ?2 - 1", quote(c.Name), strings.Join(sets, ", "))},
		{&t.remove, fmt.Sprintf("DELETE FROM %s WHERE key = ?1 AND version = ?2", quote(c.Name))},
	} {
		if *p.stmt, err = f.write.PrepareContext(ctx, p.text); err != nil {
			t.close()
			return nil, err
		}
	}
	return t, nil
}

// close frees the prepared statements; closing the database frees them too, so an error says nothing new.
func (t *table) close() {
	for _, s := range []*sql.Stmt{t.insert, t.update, t.remove} {
		if s != nil {
			_ = s.Close()
		}
	}
}

// ensure creates the table and indexes of c in one transaction. A table made with other fields is refused: its rows lack
// the values of the new ones.
func (f *file) ensure(ctx context.Context, c store.Collection) error {
	tx, err := f.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	want := []string{"key TEXT", "version INTEGER"}
	create := []string{"key TEXT NOT NULL PRIMARY KEY", "version INTEGER NOT NULL"}
	for _, fl := range c.Fields {
		typ := " TEXT"
		if fl.Type == store.Int64 {
			typ = " INTEGER"
		}
		want = append(want, fl.Name+typ)
		create = append(create, quote(fl.Name)+typ)
	}
	want = append(want, "body BLOB")
	create = append(create, "body BLOB NOT NULL")
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (%s)", quote(c.Name), strings.Join(create, ", "))); err != nil {
		return err
	}
	have, err := list(ctx, tx, `SELECT name || ' ' || type FROM pragma_table_info(?) ORDER BY cid`, c.Name)
	if err != nil {
		return err
	}
	if !slices.Equal(have, want) {
		return fmt.Errorf("the table has columns %v, the program wants %v; it was made by another version: stop kaohe; of %s: %s",
			have, want, f.path, f.anew())
	}
	if err := ensureIndexes(ctx, tx, c); err != nil {
		return err
	}
	return tx.Commit()
}

func indexName(c store.Collection, x store.Index) string {
	return c.Name + ":" + strings.Join(x.Fields, ",")
}

// ensureIndexes creates the missing indexes and drops those no longer declared.
func ensureIndexes(ctx context.Context, tx *sql.Tx, c store.Collection) error {
	have, err := list(ctx, tx, `SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`, c.Name)
	if err != nil {
		return err
	}
	var want []string
	for _, x := range c.Indexes {
		name := indexName(c, x)
		want = append(want, name)
		fields := make([]string, 0, len(x.Fields)+1)
		for _, f := range x.Fields {
			fields = append(fields, quote(f))
		}
		fields = append(fields, "key")
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON %s (%s)",
			quote(name), quote(c.Name), strings.Join(fields, ", "))); err != nil {
			return err
		}
	}
	for _, name := range have {
		if !slices.Contains(want, name) {
			if _, err := tx.ExecContext(ctx, "DROP INDEX "+quote(name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// list reads a single text column.
func list(ctx context.Context, tx *sql.Tx, query string, args ...any) (out []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
