package storetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
)

func roundTrip(t *testing.T, su *suite) {
	s := su.start(t)
	writes := []store.Write{
		put("plain", 0, map[string]any{"unit": "u1", "state": "open", "wake_at": int64(7)}),
		put("no fields", 0, nil),
		put("extremes", 0, map[string]any{"unit": "", "wake_at": int64(math.MinInt64)}),
		put("客户/1.$x", 0, map[string]any{"unit": "单位", "wake_at": int64(math.MaxInt64)}),
		{Collection: position, Doc: store.Doc{Key: "empty body", Body: &wrapperspb.Int64Value{}}},
	}
	commit(t, s, writes...)
	for _, w := range writes {
		got := load(t, s, w.Collection, w.Doc.Key)
		if len(got) != 1 {
			t.Fatalf("%q: found %d", w.Doc.Key, len(got))
		}
		want := w.Doc
		want.Version = 1
		if err := same(got[0], want); err != nil {
			t.Error(err)
		}
	}
	commit(t, s)
}

func missingKeys(t *testing.T, su *suite) {
	s := su.start(t)
	commit(t, s, put("a", 0, nil), put("b", 0, nil), put("c", 0, nil))
	got := keysOf(load(t, s, docs, "c", "x", "a", "c", "y"))
	if want := []string{"c", "a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: only the found ones, once, in the order of keys", got, want)
	}
	if got := load(t, s, docs); len(got) != 0 {
		t.Errorf("no keys found %d documents", len(got))
	}
}

func versions(t *testing.T, su *suite) {
	s := su.start(t)
	for v := range int64(5) {
		commit(t, s, count(position, "p", v, v*10))
		got := load(t, s, position, "p")
		if err := same(got[0], store.Doc{Key: "p", Version: v + 1, Body: wrapperspb.Int64(v * 10)}); err != nil {
			t.Fatal(err)
		}
	}
	// An update replaces everything: fields not given again are gone.
	commit(t, s, put("d", 0, map[string]any{"unit": "u", "wake_at": int64(1)}))
	commit(t, s, put("d", 1, map[string]any{"unit": "v"}))
	if got := load(t, s, docs, "d"); len(got[0].Fields) != 1 || got[0].Fields["unit"] != "v" {
		t.Errorf("fields after the update: %v", got[0].Fields)
	}
}

func conflicts(t *testing.T, su *suite) {
	s := su.start(t)
	commit(t, s, count(position, "p", 0, 1))
	commit(t, s, count(position, "p", 1, 2))
	for _, version := range []int64{0, 1, 3, 99} {
		wantConflict(t, s.Commit(t.Context(), []store.Write{count(position, "p", version, 100)}), position, "p")
		wantConflict(t, s.Commit(t.Context(), []store.Write{count(position, "absent", 7, 1)}), position, "absent")
		if version != 0 {
			wantConflict(t, s.Commit(t.Context(), []store.Write{remove(position, "p", version)}), position, "p")
		}
	}
	got := load(t, s, position, "absent", "p")
	if len(got) != 1 {
		t.Fatalf("found %q", keysOf(got))
	}
	if err := same(got[0], store.Doc{Key: "p", Version: 2, Body: wrapperspb.Int64(2)}); err != nil {
		t.Error(err)
	}
	// What comes after a conflict is never written, whatever kind of write is refused.
	commit(t, s, count(position, "deleted", 0, 1))
	commit(t, s, remove(position, "deleted", 1))
	for _, refused := range []store.Write{
		count(position, "p", 0, 0), count(position, "p", 1, 0), remove(position, "p", 1),
		count(position, "deleted", 1, 0), remove(position, "deleted", 1),
	} {
		err := s.Commit(t.Context(), []store.Write{refused, count(position, "q", 0, 1), put("q", 0, nil)})
		wantConflict(t, err, position, refused.Doc.Key)
		if len(load(t, s, position, "q"))+len(load(t, s, docs, "q")) != 0 {
			t.Errorf("a write after the refused %+v is there", refused)
		}
	}
}

func deletes(t *testing.T, su *suite) {
	s := su.start(t)
	fields := map[string]any{"unit": "u", "state": "open", "wake_at": int64(5)}
	commit(t, s, put("a", 0, fields), put("b", 0, fields))
	commit(t, s, remove(docs, "a", 1), remove(docs, "never stored", 0))
	if got := keysOf(load(t, s, docs, "a", "b")); !slices.Equal(got, []string{"b"}) {
		t.Errorf("loaded %q", got)
	}
	for _, q := range []store.Query{
		{Collection: docs}, {Collection: docs, OrderBy: "wake_at"}, {Collection: docs, Where: map[string]any{"state": "open"}},
	} {
		found, _, err := s.Query(t.Context(), q)
		if err != nil || !slices.Equal(keysOf(found), []string{"b"}) {
			t.Errorf("query %+v found %q, %v", q, keysOf(found), err)
		}
		if n, err := s.Count(t.Context(), q); n != 1 || err != nil {
			t.Errorf("count %+v is %d, %v", q, n, err)
		}
	}
	// A stale writer conflicts; a new document starts again at version 0.
	wantConflict(t, s.Commit(t.Context(), []store.Write{put("a", 1, fields)}), docs, "a")
	wantConflict(t, s.Commit(t.Context(), []store.Write{remove(docs, "a", 1)}), docs, "a")
	commit(t, s, put("a", 0, fields))
	if got := load(t, s, docs, "a"); len(got) != 1 || got[0].Version != 1 {
		t.Errorf("created again: %v", got)
	}
}

// orderOfWrites: one commit may write a key several times.
func orderOfWrites(t *testing.T, su *suite) {
	s := su.start(t)
	commit(t, s, count(position, "z", 0, 1), count(position, "a", 0, 1), count(position, "z", 1, 2), remove(position, "z", 2),
		count(position, "z", 0, 3), remove(position, "a", 1))
	got := load(t, s, position, "z", "a")
	if len(got) != 1 {
		t.Fatalf("found %q", keysOf(got))
	}
	if err := same(got[0], store.Doc{Key: "z", Version: 1, Body: wrapperspb.Int64(3)}); err != nil {
		t.Error(err)
	}
}

func groups(t *testing.T, su *suite) {
	s := su.start(t)
	commit(t, s, put("d", 0, nil), count(position, "p", 0, 1), put("e", 0, nil))
	if got := len(load(t, s, docs, "d", "e")) + len(load(t, s, position, "p")); got != 3 {
		t.Errorf("found %d of 3 documents of one group", got)
	}
	err := s.Commit(t.Context(), []store.Write{count(position, "q", 0, 1), count(other, "q", 0, 1)})
	if err == nil || errors.Is(err, store.ErrConflict) {
		t.Errorf("a commit across groups: %v", err)
	}
	if len(load(t, s, position, "q")) != 0 {
		t.Error("half of a refused commit is there")
	}
}

func refusals(t *testing.T, su *suite) {
	s := su.start(t)
	for name, w := range map[string]store.Write{
		"empty key":          put("", 0, nil),
		"key not UTF-8":      put("\xff", 0, nil),
		"key with NUL":       put("a\x00b", 0, nil),
		"negative version":   put("a", -1, nil),
		"undeclared field":   put("a", 0, map[string]any{"nope": "x"}),
		"wrong type":         put("a", 0, map[string]any{"wake_at": "x"}),
		"int is no int64":    put("a", 0, map[string]any{"wake_at": 1}),
		"no body":            {Collection: docs, Doc: store.Doc{Key: "a"}},
		"another body":       {Collection: docs, Doc: store.Doc{Key: "a", Body: wrapperspb.Int64(1)}},
		"unknown collection": count("test/nope", "a", 0, 1),
	} {
		if err := s.Commit(t.Context(), []store.Write{put("good", 0, nil), w}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if len(load(t, s, docs, "good")) != 0 {
		t.Error("half of a refused commit is there")
	}
	if _, err := s.Load(t.Context(), "test/nope", []string{"a"}); err == nil {
		t.Error("load from an unknown collection: accepted")
	}
}

func ensure(t *testing.T, su *suite) {
	s := su.start(t)
	commit(t, s, put("a", 0, map[string]any{"unit": "u"}))
	c := docsCollection()
	if err := s.Ensure(t.Context(), c); err != nil {
		t.Errorf("again: %v", err)
	}
	c.Indexes = append(c.Indexes, store.Index{Fields: []string{"unit", "state"}})
	if err := s.Ensure(t.Context(), c); err != nil {
		t.Errorf("one index more: %v", err)
	}
	if len(load(t, s, docs, "a")) != 1 {
		t.Error("the document is gone")
	}
	c.Fields = append(c.Fields, store.Field{Name: "city", Type: store.String})
	if err := s.Ensure(t.Context(), c); err == nil || !strings.Contains(err.Error(), "rebuilt from the log") {
		t.Errorf("other fields than stored: %v", err)
	}
}

func largeBatch(t *testing.T, su *suite) {
	s := su.start(t)
	keys := make([]string, su.batch)
	for version := range int64(2) {
		writes := make([]store.Write, su.batch)
		for i := range writes {
			keys[i] = fmt.Sprintf("k%05d", (i*7919)%su.batch)
			writes[i] = put(keys[i], version, map[string]any{"wake_at": int64(i)})
		}
		commit(t, s, writes...)
	}
	got := load(t, s, docs, keys...)
	if !slices.Equal(keysOf(got), keys) {
		t.Fatalf("loaded %d of %d", len(got), len(keys))
	}
	for i, d := range got {
		if err := same(d, store.Doc{Key: keys[i], Version: 2, Fields: map[string]any{"wake_at": int64(i)}, Body: body(keys[i])}); err != nil {
			t.Fatal(err)
		}
	}
}

// race lets n writers commit the same version of a document at once and returns how many won.
func race(t *testing.T, s store.Store, version int64, n int) (winners int) {
	t.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = s.Commit(t.Context(), []store.Write{count(position, "p", version, int64(i))})
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		switch {
		case err == nil:
			winners++
		case !errors.Is(err, store.ErrConflict):
			t.Errorf("a loser got %v", err)
		}
	}
	return winners
}

func concurrentCreators(t *testing.T, su *suite) {
	s := su.start(t)
	if n := race(t, s, 0, 6); n != 1 {
		t.Errorf("%d writers created the document", n)
	}
}

func concurrentWriters(t *testing.T, su *suite) {
	if su.noAtomicUpdates {
		t.Skip("this server lets two writers update one version of a document")
	}
	s := su.start(t)
	for v := range int64(20) {
		if n := race(t, s, v, 6); n != 1 {
			t.Fatalf("version %d: %d writers won", v, n)
		}
	}
	if got := load(t, s, position, "p"); len(got) != 1 || got[0].Version != 20 {
		t.Errorf("after 20 rounds: %v", got)
	}
}

// noLostUpdates: many writers read, change and write the same documents, several in a commit; who meets a conflict reads
// again. Every change that was confirmed is there, and nothing else.
func noLostUpdates(t *testing.T, su *suite) {
	if su.noAtomicUpdates {
		t.Skip("this server lets two writers update one version of a document")
	}
	s := su.start(t)
	keys := []string{"a", "b", "c", "d"}
	const writers, rounds = 5, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for round := range rounds {
				addOne(t, s, keys[(w+round)%len(keys)], keys[(w+round+1)%len(keys)])
			}
		})
	}
	wg.Wait()
	var sum, versions int64
	for _, d := range load(t, s, position, keys...) {
		sum += d.Body.(*wrapperspb.Int64Value).GetValue()
		versions += d.Version
	}
	// Of a commit that failed a prefix may be there: then its changes are too, and its versions.
	if sum != versions || sum < 2*writers*rounds || su.atomicCommits && sum != 2*writers*rounds {
		t.Errorf("%d changes were confirmed, the documents count %d in %d versions", 2*writers*rounds, sum, versions)
	}
}

// addOne adds one to two documents in one commit, and tries until no one else did meanwhile.
func addOne(t *testing.T, s store.Store, keys ...string) {
	slices.Sort(keys)
	for {
		docs, err := s.Load(t.Context(), position, keys)
		if err != nil {
			t.Errorf("load: %v", err)
			return
		}
		writes := []store.Write{count(position, keys[0], 0, 1), count(position, keys[1], 0, 1)}
		for _, d := range docs {
			writes[slices.Index(keys, d.Key)] = count(position, d.Key, d.Version, d.Body.(*wrapperspb.Int64Value).GetValue()+1)
		}
		err = s.Commit(t.Context(), writes)
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("commit: %v", err)
			return
		}
	}
}
