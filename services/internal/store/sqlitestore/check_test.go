package sqlitestore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/sqlitestore"
)

func notes() store.Collection {
	return store.Collection{
		Name: "test/notes", Fields: []store.Field{{Name: "place", Type: store.Int64}, {Name: "word", Type: store.String}},
		Indexes: []store.Index{{Fields: []string{"place"}}}, New: func() proto.Message { return &wrapperspb.StringValue{} },
		Sharding: store.Whole("a test's"),
	}
}

func note(i int, version int64) store.Doc {
	return store.Doc{
		Key: fmt.Sprintf("key %04d", i), Version: version, Fields: map[string]any{"place": int64(i), "word": fmt.Sprint("word ", i%7)},
		Body: wrapperspb.String(strings.Repeat(fmt.Sprint("body ", i, " of ", version, " "), 5)),
	}
}

// fill writes documents, some of them again, in a few commits.
func fill(t testing.TB, s store.Store) {
	t.Helper()
	if err := s.Ensure(t.Context(), notes()); err != nil {
		t.Fatal(err)
	}
	for version := range int64(2) {
		for from := 0; from < 400; from += 100 {
			var writes []store.Write
			for i := from; i < from+100; i += 1 + int(version) {
				writes = append(writes, store.Write{Collection: "test/notes", Doc: note(i, version)})
			}
			if err := s.Commit(t.Context(), writes); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// served reads everything back, and tells whether a document is another one.
func served(dir string) (wrong string, err error) {
	ctx := context.Background()
	s, err := sqlitestore.Open(ctx, dir)
	if err != nil {
		return "", err
	}
	defer func() { _ = s.Close() }()
	if err := s.Ensure(ctx, notes()); err != nil {
		return "", err
	}
	docs, _, err := s.Query(ctx, store.Query{Collection: "test/notes"})
	if err != nil {
		return "", err
	}
	if len(docs) != 400 {
		return fmt.Sprintf("%d documents", len(docs)), nil
	}
	for i, d := range docs {
		version := int64(1 - i%2)
		d.Body.ProtoReflect().SetUnknown(nil) // a seal that is not one any more says nothing
		if want := note(i, version); d.Key != want.Key || !proto.Equal(d.Body, want.Body) || d.Fields["place"] != want.Fields["place"] || d.Fields["word"] != want.Fields["word"] {
			return fmt.Sprintf("%q: %v, %v", d.Key, d.Fields, d.Body), nil
		}
	}
	return "", nil
}

func check(t testing.TB, dir string, original bool) []sqlitestore.Damage {
	t.Helper()
	found, err := sqlitestore.Check(t.Context(), dir, func(string) bool { return original }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// copied copies a directory to a new one, with a byte of one file changed.
func copied(t testing.TB, dir, changed string, at int, mask byte) string {
	t.Helper()
	to := t.TempDir()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "-shm") {
			continue // it is made anew
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if e.Name() == changed {
			raw[at] ^= mask
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// Whatever byte of a file changes: it is found, or no document is another one.
func TestAFlippedByteIsFoundOrChangesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if found := check(t, dir, false); len(found) > 0 {
		t.Fatalf("of a whole file: %+v", found)
	}
	info, err := os.Stat(filepath.Join(dir, "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	chance, found := rand.New(rand.NewPCG(1, 2)), 0
	const flips = 150
	for range flips {
		at, mask := chance.IntN(int(info.Size())), byte(1+chance.IntN(255))
		changed := copied(t, dir, "test.db", at, mask)
		if len(check(t, changed, false)) > 0 {
			found++
			continue
		}
		if wrong, err := served(changed); wrong != "" && err == nil {
			t.Errorf("byte %d changed by %x was not found, and is served: %s", at, mask, wrong)
		}
	}
	t.Logf("%d of %d were found; the others lie where nothing is", found, flips)
	if found < flips/2 {
		t.Error("that is too few")
	}
}

// A commit that is cut off the write-ahead log is found, unless it is the last.
func TestAFlippedByteInTheWriteAheadLogIsFound(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	t.Cleanup(func() { _ = s.Close() })
	fill(t, s)
	info, err := os.Stat(filepath.Join(dir, "test.db-wal"))
	if err != nil || info.Size() == 0 {
		t.Fatal("nothing is in the log", err)
	}
	chance, found := rand.New(rand.NewPCG(3, 4)), 0
	const flips = 60
	for range flips {
		at := chance.IntN(int(info.Size()))
		if damage := check(t, copied(t, dir, "test.db-wal", at, 4), true); len(damage) > 0 {
			found++
			if damage[0].Replayed {
				t.Error("nothing replays an original")
			}
		}
	}
	t.Logf("%d of %d were found", found, flips)
	if found < flips*3/4 {
		t.Error("that is too few")
	}
	if damage := check(t, copied(t, dir, "test.db-wal", 5000, 4), false); len(damage) == 0 || !damage[0].Replayed {
		t.Errorf("of what is derived: %+v", damage)
	}
	if damage := check(t, copied(t, dir, "", 0, 0), true); len(damage) > 0 {
		t.Errorf("of a whole log: %+v", damage)
	}
}
