package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kaohe.dev/services/internal/store"
)

// pagingUnderChange: what does not move is returned exactly once, whatever happens around it.
func pagingUnderChange(t *testing.T, su *suite) {
	s := su.start(t)
	at := func(n int64) map[string]any { return map[string]any{"wake_at": n} }
	for i := range int64(12) {
		commit(t, s, put(fmt.Sprintf("k%02d", i), 0, at(i/2)))
	}
	q := store.Query{Collection: docs, OrderBy: "wake_at", Limit: 4}
	first, next, err := s.Query(t.Context(), q)
	if err != nil || next == nil {
		t.Fatal(next, err)
	}
	commit(t, s, remove(docs, "k03", 1), remove(docs, "k09", 1), // the cursor's own row, and one to come
		put("k00", 1, at(99)),                        // from before the cursor to the end: seen again
		put("k11", 1, at(-1)),                        // from behind to before: missed
		put("k02a", 0, at(1)), put("k03a", 0, at(1)), // new, before and behind in a tie
		put("k04", 1, map[string]any{}), put("m", 0, nil)) // no longer in this order, never in it
	q.After = next
	got := append(keysOf(first), pages(s, t, q)...)
	want := []string{"k00", "k01", "k02", "k03", "k03a", "k05", "k06", "k07", "k08", "k10", "k00"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// crowd is documents of which some stand still while a query is paged, and others do not.
type crowd struct {
	still    []store.Doc
	versions map[string]int64 // of those that move; 0: not there
	moves    int64
}

func newCrowd(t *testing.T, s store.Store, n int) *crowd {
	c := &crowd{versions: map[string]int64{}}
	var writes []store.Write
	for i := range n {
		d := store.Doc{Key: fmt.Sprintf("k%03d-still", i), Fields: map[string]any{"unit": "u", "wake_at": int64(i / 3)}}
		c.still = append(c.still, d)
		c.versions[fmt.Sprintf("k%03d-moves", i)] = 0
		writes = append(writes, put(d.Key, 0, d.Fields))
	}
	commit(t, s, writes...)
	return c
}

// move makes, moves or deletes one of those that move.
func (c *crowd) move(s store.Store, key string, wakeAt int64, gone bool) error {
	version := c.versions[key]
	w := put(key, version, map[string]any{"unit": "u", "wake_at": wakeAt})
	if w.Delete = gone; gone && version == 0 {
		return nil
	}
	if err := s.Commit(context.Background(), []store.Write{w}); err != nil {
		return err
	}
	c.moves++
	if c.versions[key]++; gone {
		c.versions[key] = 0
	}
	return nil
}

// stood leaves of what was returned what stood still.
func stood(keys []string) []string {
	return slices.DeleteFunc(keys, func(key string) bool { return !strings.HasSuffix(key, "-still") })
}

// crowdQueries are queries over all of a crowd.
func crowdQueries() []store.Query {
	unit := map[string]any{"unit": "u"}
	return []store.Query{
		{}, {Desc: true}, {OrderBy: "wake_at"}, {OrderBy: "wake_at", Desc: true}, {Where: unit, OrderBy: "wake_at"}, {Where: unit, Desc: true},
	}
}

// pagingUnderAnyChange: whatever happens between two pages, what stands still is returned once and in order.
func pagingUnderAnyChange(t *testing.T, su *suite) {
	s := su.start(t)
	c := newCrowd(t, s, 9)
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.SampledFrom(crowdQueries()).Draw(t, "query")
		q.Collection, q.Limit = docs, rapid.IntRange(2, 7).Draw(t, "limit")
		want := model(c.still, q)
		var got []string
		for more := true; more; {
			found, next, err := s.Query(context.Background(), q)
			if err != nil {
				t.Fatal(err)
			}
			got, q.After, more = append(got, keysOf(found)...), next, next != nil
			if rapid.IntRange(0, 2).Draw(t, "moves") > 0 {
				key := fmt.Sprintf("k%03d-moves", rapid.IntRange(0, 8).Draw(t, "who"))
				if err := c.move(s, key, rapid.Int64Range(-1, 6).Draw(t, "where"), rapid.Bool().Draw(t, "gone")); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got = stood(got); !slices.Equal(got, want) {
			t.Fatalf("%+v: got %q, want %q", q, got, want)
		}
	})
}

// pagingBesideAWriter: the same while another goroutine writes as fast as it can.
func pagingBesideAWriter(t *testing.T, su *suite) {
	s := su.start(t)
	c := newCrowd(t, s, 30)
	done, first := make(chan struct{}), make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				failed <- nil
				return
			default:
			}
			if err := c.move(s, fmt.Sprintf("k%03d-moves", i*7%30), int64(i%12-1), i%3 == 2); err != nil {
				failed <- err
				return
			}
			if i == 0 {
				close(first)
			}
		}
	}()
	select {
	case <-first:
	case err := <-failed:
		t.Fatal(err)
	}
	for round := range 3 {
		for _, q := range crowdQueries() {
			q.Collection, q.Limit = docs, 4+round
			if got, want := stood(pagesOfAnySize(t, s, q)), model(c.still, q); !slices.Equal(got, want) {
				t.Errorf("%+v: got %q, want %q", q, got, want)
			}
		}
	}
	close(done)
	if err := <-failed; err != nil {
		t.Error(err)
	}
}

func pagesOfAnySize(t *testing.T, s store.Store, q store.Query) (keys []string) {
	t.Helper()
	for {
		found, next, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, keysOf(found)...)
		if q.After = next; next == nil {
			return keys
		}
	}
}
