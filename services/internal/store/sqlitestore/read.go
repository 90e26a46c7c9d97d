package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"kaohe.dev/services/internal/store"
)

// loadChunk is the number of keys of one IN list.
const loadChunk = 500

// Load reads the keys in chunks and puts the documents in the order of keys.
func (s *Store) Load(ctx context.Context, collection string, keys []string) ([]store.Doc, error) {
	t, err := s.table(collection)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	found := make([]store.Doc, 0, len(keys))
	for chunk := range slices.Chunk(keys, loadChunk) {
		args := make([]any, len(chunk))
		for i, k := range chunk {
			args[i] = k
		}
		marks := strings.Repeat(", ?", len(chunk))[2:]
		docs, err := t.read(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE key IN (%s)", t.columns, quote(t.Name), marks), args)
		if err != nil {
			return nil, fmt.Errorf("load from %s: %w", collection, t.file.explain(err))
		}
		found = append(found, docs...)
	}
	return store.InOrder(keys, found), nil
}

// Query reads one page through the covering index.
func (s *Store) Query(ctx context.Context, q store.Query) ([]store.Doc, *store.Cursor, error) {
	p, t, err := s.plan(q)
	if err != nil {
		return nil, nil, err
	}
	text, args := t.page(p)
	docs, err := t.read(ctx, text, args)
	if err != nil {
		return nil, nil, fmt.Errorf("query %s: %w", q.Collection, t.file.explain(err))
	}
	docs, next := p.Page(docs)
	return docs, next, nil
}

// page is the statement of one page and one row more.
func (t *table) page(p store.Plan) (string, []any) {
	where, args := condition(p)
	dir := ""
	if p.Desc {
		dir = " DESC"
	}
	order := "key" + dir
	if p.OrderBy != "" {
		order = quote(p.OrderBy) + dir + ", " + order
	}
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT ?", t.columns, t.from(p), where, order), append(args, p.Limit+1)
}

// Count counts the rows of all pages.
func (s *Store) Count(ctx context.Context, q store.Query) (n int64, err error) {
	p, t, err := s.plan(q)
	if err != nil {
		return 0, err
	}
	where, args := condition(p)
	row := t.file.read.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s", t.from(p), where), args...)
	if err := row.Scan(&n); err != nil {
		return 0, fmt.Errorf("count %s: %w", q.Collection, t.file.explain(err))
	}
	return n, nil
}

func (s *Store) plan(q store.Query) (store.Plan, *table, error) {
	p, err := s.schema.Plan(q)
	if err != nil {
		return p, nil, err
	}
	t, err := s.table(q.Collection)
	return p, t, err
}

// from names the index, so that the plan is the declared one whatever the data looks like.
func (t *table) from(p store.Plan) string {
	if p.Index == nil {
		return quote(t.Name)
	}
	return quote(t.Name) + " INDEXED BY " + quote(indexName(t.Collection, *p.Index))
}

// condition translates a plan. Comparing with NULL is never true, so a document without the field is not found.
func condition(p store.Plan) (string, []any) {
	terms, args := []string{"1"}, []any{}
	add := func(term string, values ...any) {
		terms = append(terms, term)
		args = append(args, values...)
	}
	for _, f := range p.Collection.Fields {
		if v, ok := p.Where[f.Name]; ok {
			add(quote(f.Name)+" = ?", v)
		}
	}
	if p.KeyFrom != "" {
		add("key >= ?", p.KeyFrom)
	}
	if p.KeyBelow != "" {
		add("key < ?", p.KeyBelow)
	}
	order, than := "key", ">"
	if p.OrderBy != "" {
		order = quote(p.OrderBy)
		add(order + " IS NOT NULL")
	}
	if p.Desc {
		than = "<"
	}
	if p.Min != nil {
		add(order+" >= ?", p.Min)
	}
	if p.Max != nil {
		add(order+" <= ?", p.Max)
	}
	switch {
	case p.After != nil && p.OrderBy != "":
		add(fmt.Sprintf("(%s, key) %s (?, ?)", order, than), p.After.Value, p.After.Key)
	case p.After != nil:
		add("key "+than+" ?", p.After.Key)
	}
	return strings.Join(terms, " AND "), args
}

// read runs a query and decodes its rows.
func (t *table) read(ctx context.Context, text string, args []any) (docs []store.Doc, err error) {
	rows, err := t.file.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r := newReading(len(t.Fields))
	for rows.Next() {
		if err := rows.Scan(r.dest...); err != nil {
			return nil, err
		}
		d := store.Doc{Key: r.key, Version: r.version, Fields: make(map[string]any, len(r.values)), Body: t.New()}
		for i, v := range r.values {
			if v != nil {
				d.Fields[t.Fields[i].Name] = v
			}
		}
		words, whole := unseal(r.body, r.key, r.version, r.values)
		if !whole {
			return nil, t.damaged(r.key)
		}
		if err := proto.Unmarshal(words, d.Body); err != nil {
			return nil, fmt.Errorf("%w: %s %q in %s is not a %s: %w", store.ErrCorrupt, t.Name, r.key, t.file.path,
				d.Body.ProtoReflect().Descriptor().FullName(), err)
		}
		docs = append(docs, d)
	}
	return docs, rows.Err()
}

// reading is a row as it is scanned.
type reading struct {
	key     string
	version int64
	values  []any
	body    sql.RawBytes // not copied: who decodes it copies what he keeps
	dest    []any
}

func newReading(fields int) *reading {
	r := &reading{values: make([]any, fields)}
	r.dest = []any{&r.key, &r.version}
	for i := range r.values {
		r.dest = append(r.dest, &r.values[i])
	}
	r.dest = append(r.dest, &r.body)
	return r
}
