package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"kaohe.dev/services/internal/store"
)

// Commit applies all writes in one transaction, or none.
func (s *Store) Commit(ctx context.Context, writes []store.Write) error {
	prepared, err := s.Prepare(writes)
	if err != nil {
		return err
	}
	return prepared.Commit(ctx)
}

// prepared are rows for one file.
type prepared struct {
	group string
	file  *file // nil: there is nothing to write
	rows  []row
}

// Prepare encodes the writes.
func (s *Store) Prepare(writes []store.Write) (store.Prepared, error) {
	group, err := s.schema.CheckWrites(writes)
	if err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	if len(writes) == 0 {
		return prepared{}, nil
	}
	tables := map[string]*table{}
	for i := range writes {
		if name := writes[i].Collection; tables[name] == nil {
			if tables[name], err = s.table(name); err != nil {
				return nil, fmt.Errorf("commit: %w", err)
			}
		}
	}
	rows, err := encode(tables, writes)
	if err != nil {
		return nil, fmt.Errorf("commit to %s: %w", group, err)
	}
	return prepared{group, tables[writes[0].Collection].file, rows}, nil
}

// Commit writes the rows.
func (p prepared) Commit(ctx context.Context) error {
	if p.file == nil {
		return nil
	}
	if err := p.file.commit(ctx, p.rows); err != nil {
		return fmt.Errorf("commit to %s: %w", p.group, p.file.explain(err))
	}
	return nil
}

// row is a write made ready outside the lock.
type row struct {
	table *table
	stmt  *sql.Stmt
	key   string
	args  []any
}

// encode turns writes into statements and arguments. Bodies are marshalled deterministically: the same state is the same bytes.
func encode(tables map[string]*table, writes []store.Write) ([]row, error) {
	rows := make([]row, 0, len(writes))
	opts := proto.MarshalOptions{Deterministic: true}
	for i := range writes {
		w := &writes[i]
		t := tables[w.Collection]
		r := row{table: t, key: w.Doc.Key}
		switch {
		case w.Delete && w.Doc.Version == 0:
			continue
		case w.Delete:
			r.stmt, r.args = t.remove, []any{w.Doc.Key, w.Doc.Version}
			rows = append(rows, r)
			continue
		case w.Doc.Version == 0:
			r.stmt = t.insert
		default:
			r.stmt = t.update
		}
		body, err := opts.MarshalAppend(make([]byte, 0, 64), w.Doc.Body)
		if err = cmp.Or(err, store.TooLarge(len(body))); err != nil {
			return nil, store.Unfit(w, err)
		}
		r.args = make([]any, 0, len(t.Fields)+3)
		r.args = append(r.args, w.Doc.Key, w.Doc.Version+1)
		for _, f := range t.Fields {
			r.args = append(r.args, w.Doc.Fields[f.Name])
		}
		r.args = append(r.args, seal(body, w.Doc.Key, w.Doc.Version+1, r.args[2:]))
		rows = append(rows, r)
	}
	// In the order of the tree, neighbours share pages. Writes to one key stay in their order.
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.table.Name, b.table.Name), cmp.Compare(a.key, b.key))
	})
	return rows, nil
}

func (f *file) commit(ctx context.Context, rows []row) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	// The driver starts a watching goroutine per statement for a context that can end; a batch takes milliseconds, so it
	// is not interrupted.
	ctx = context.WithoutCancel(ctx)
	tx, err := f.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	bound := map[*sql.Stmt]*sql.Stmt{}
	for i := range rows {
		r := &rows[i]
		stmt := bound[r.stmt]
		if stmt == nil {
			stmt = tx.StmtContext(ctx, r.stmt)
			bound[r.stmt] = stmt
		}
		res, err := stmt.ExecContext(ctx, r.args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			return &store.ConflictError{Collection: r.table.Name, Key: r.key}
		}
	}
	f.written.Add(int64(len(rows)))
	return tx.Commit()
}
