package sqlitestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
)

func collection(name string) store.Collection {
	return store.Collection{
		Name:    name,
		Fields:  []store.Field{{Name: "unit", Type: store.String}, {Name: "wake_at", Type: store.Int64}},
		Indexes: []store.Index{{Fields: []string{"unit", "wake_at"}}, {Fields: []string{"wake_at"}}},
		New:     func() proto.Message { return &wrapperspb.BytesValue{} },
	}
}

func start(t *testing.T, dir string, collections ...store.Collection) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Ensure(t.Context(), collections...); err != nil {
		t.Fatal(err)
	}
	return s
}

func write(collection, key string, version int64, size int) store.Write {
	return store.Write{Collection: collection, Doc: store.Doc{
		Key: key, Version: version, Fields: map[string]any{"unit": "u"}, Body: wrapperspb.Bytes(bytes.Repeat([]byte{7}, size)),
	}}
}

func TestOneFilePerGroup(t *testing.T) {
	dir := t.TempDir()
	start(t, dir, collection("sla/docs"), collection("sla/position"), collection("survey"))
	got, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{filepath.Join(dir, "sla.db"), filepath.Join(dir, "survey.db")}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("files are %q, want %q", got, want)
	}
}

// TestAllOrNothing: a conflict anywhere leaves nothing of the commit, in no collection of the group.
func TestAllOrNothing(t *testing.T) {
	s := start(t, t.TempDir(), collection("sla/docs"), collection("sla/position"))
	writes := []store.Write{write("sla/position", "p", 0, 1), write("sla/docs", "a", 0, 1), write("sla/docs", "b", 5, 1), write("sla/docs", "c", 0, 1)}
	if err := s.Commit(t.Context(), writes); !errors.Is(err, store.ErrConflict) {
		t.Fatal(err)
	}
	for _, name := range []string{"sla/docs", "sla/position"} {
		if n, err := s.Count(t.Context(), store.Query{Collection: name}); n != 0 || err != nil {
			t.Errorf("%s has %d documents, %v", name, n, err)
		}
	}
}

// TestPlans: every query is one range of one index, without sorting.
func TestPlans(t *testing.T) {
	s := start(t, t.TempDir(), collection("sla/docs"))
	tab, err := s.table("sla/docs")
	if err != nil {
		t.Fatal(err)
	}
	unit := map[string]any{"unit": "u"}
	after := &store.Cursor{Value: int64(3), Key: "k"}
	for want, q := range map[string]store.Query{
		`SEARCH sla/docs USING INDEX sla/docs:wake_at (wake_at>? AND wake_at<?)`:                           {OrderBy: "wake_at", Max: int64(9)},
		`SEARCH sla/docs USING INDEX sla/docs:wake_at ((wake_at,key)>(?,?))`:                               {OrderBy: "wake_at", After: after},
		`SEARCH sla/docs USING INDEX sla/docs:unit,wake_at (unit=? AND wake_at>? AND wake_at<?)`:           {Where: unit, OrderBy: "wake_at", Min: int64(1), Max: int64(9)},
		`SEARCH sla/docs USING INDEX sla/docs:unit,wake_at (unit=? AND wake_at>? AND (wake_at,key)<(?,?))`: {Where: unit, OrderBy: "wake_at", Desc: true, After: after},
		`SEARCH sla/docs USING INDEX sqlite_autoindex_sla/docs_1 (key>? AND key<?)`:                        {Prefix: "a"},
		`SEARCH sla/docs USING INDEX sqlite_autoindex_sla/docs_1 (key<?)`:                                  {Desc: true, After: &store.Cursor{Key: "k"}},
	} {
		q.Collection = "sla/docs"
		if got := explain(t, s, tab, q); got != want {
			t.Errorf("%+v\n got %s\nwant %s", q, got, want)
		}
	}
}

func explain(t *testing.T, s *Store, tab *table, q store.Query) string {
	t.Helper()
	p, err := s.schema.Plan(q)
	if err != nil {
		t.Fatal(err)
	}
	text, args := tab.page(p)
	rows, err := tab.file.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "; ")
}

func TestDiskFull(t *testing.T) {
	s := start(t, t.TempDir(), collection("sla/docs"))
	if err := s.Commit(t.Context(), []store.Write{write("sla/docs", "before", 0, 10)}); err != nil {
		t.Fatal(err)
	}
	f := s.files["sla"]
	if _, err := f.write.ExecContext(t.Context(), "PRAGMA max_page_count = 20"); err != nil {
		t.Fatal(err)
	}
	err := s.Commit(t.Context(), []store.Write{write("sla/docs", "small", 0, 10), write("sla/docs", "big", 0, 1<<20)})
	if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), f.path) {
		t.Fatalf("got %v", err)
	}
	if n, err := s.Count(t.Context(), store.Query{Collection: "sla/docs"}); n != 1 || err != nil {
		t.Errorf("%d documents after the failed commit, %v", n, err)
	}
	if _, err := f.write.ExecContext(t.Context(), "PRAGMA max_page_count = 100000"); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), []store.Write{write("sla/docs", "big", 0, 1<<20)}); err != nil {
		t.Errorf("after room was made: %v", err)
	}
}

func TestCorruptFile(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"no database": func(path string) error {
			return os.WriteFile(path, bytes.Repeat([]byte("not a database "), 1000), 0o600)
		},
		"torn pages": func(path string) error {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt(bytes.Repeat([]byte{0xA5}, 40*4096), 4096)
			return errors.Join(err, f.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "sla.db")
			if err := fillAndDamage(dir, path, damage); err != nil {
				t.Fatal(err)
			}
			err := readAll(t, dir)
			if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "rebuilt from the log") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func fillAndDamage(dir, path string, damage func(string) error) error {
	ctx := context.Background()
	s, err := Open(ctx, dir)
	if err != nil {
		return err
	}
	if err := s.Ensure(ctx, collection("sla/docs")); err != nil {
		return errors.Join(err, s.Close())
	}
	var writes []store.Write
	for i := range 2000 {
		writes = append(writes, write("sla/docs", fmt.Sprintf("k%04d", i), 0, 300))
	}
	return errors.Join(s.Commit(ctx, writes), s.Close(), damage(path))
}

// readAll opens the store and reads every document: the first error of it.
func readAll(t *testing.T, dir string) (err error) {
	s, err := Open(t.Context(), dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Ensure(t.Context(), collection("sla/docs")); err != nil {
		return err
	}
	_, _, err = s.Query(t.Context(), store.Query{Collection: "sla/docs", Limit: 5000})
	return err
}
