package storetest

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"kaohe.dev/services/internal/store"
)

// cuts is at how many places of a commit the wire is cut, each way.
const cuts = 4

// seen is the version over which the commit that is cut writes: so many went
// before it.
const seen = 4

// part is how many writes of a commit go to one collection before the next.
const part = 4

// Cut cuts the connection to a server in the middle of a commit, at many places: on the way there, so that the server never
// gets all of it, and on the way back, so that the writer never learns what was done. Another writer, and the same one
// again, must find and make of it what the port promises. next gives, for an empty database, its URL on the server reached
// at an address; target is the server's own.
func Cut(t *testing.T, target string, next func() (at func(address string) (url string))) {
	for d, name := range map[direction]string{requests: "requests", answers: "answers"} {
		torn := 0
		for i := range cuts {
			t.Run(fmt.Sprintf("%s %d of %d", name, i, cuts), func(t *testing.T) {
				if n := cutOnce(t, target, next(), d, i); n > 0 && n < 3*part {
					torn++
				}
			})
		}
		if torn == 0 {
			t.Errorf("%s: no cut was in the middle of a commit", name)
		}
	}
}

// cutOnce cuts one commit and gives how many of its writes were applied.
func cutOnce(t *testing.T, target string, at func(string) string, d direction, place int) (applied int) {
	w := newWire(t, target)
	writer, other := connectUntilEnd(t, at(w.address())), connectUntilEnd(t, at(target))
	commit(t, writer, threeRuns(0)...)
	size := int64(math.MaxInt64) // of a commit alone; what the driver asks on its own account comes on top, now and then
	for version := int64(1); version < seen; version++ {
		before := w.carried(d)
		commit(t, writer, threeRuns(version)...)
		size = min(size, w.carried(d)-before)
	}
	w.cutAfter(d, size*int64(place)/cuts+1)
	err := writer.Commit(t.Context(), threeRuns(seen))
	if !w.mend() || err == nil || errors.Is(err, store.ErrConflict) {
		t.Fatalf("the wire was not cut in the commit of %d bytes: %v", size, err)
	}
	applied = prefixApplied(t, other)
	// The same writer does not know what became of it and tries again.
	err = writer.Commit(t.Context(), threeRuns(seen))
	if errors.Is(err, store.ErrConflict) {
		applied = wholeRuns(t, other) // the server was still at it when it was looked at
	}
	switch {
	case applied == 0 && err != nil:
		t.Errorf("nothing was applied, and trying again fails: %v", err)
	case applied > 0 && !errors.Is(err, store.ErrConflict):
		t.Errorf("%d writes were applied, and trying again gives %v", applied, err)
	}
	if applied > 0 {
		finish(t, other, applied)
	}
	if got := prefixApplied(t, writer); got != 3*part {
		t.Errorf("in the end %d of %d writes are there", got, 3*part)
	}
	return applied
}

// wholeRuns waits until a server has done all it was told of the commit, which
// is one run of writes after the other, and gives how many writes that are.
func wholeRuns(t *testing.T, s store.Store) int {
	t.Helper()
	for {
		if n := prefixApplied(t, s); n > 0 && n%part == 0 {
			return n
		}
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func connectUntilEnd(t *testing.T, url string) store.Store {
	s := connect(t, url)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// threeRuns is a commit that no server gets in one piece: it changes the collection twice.
func threeRuns(version int64) []store.Write {
	var writes []store.Write
	for i := range 3 * part {
		if i/part == 1 {
			writes = append(writes, put(crashKey(i), version, map[string]any{"wake_at": version}))
			continue
		}
		writes = append(writes, count(position, crashKey(i), version, version+1))
	}
	return writes
}

// prefixApplied gives how many writes of the commit that was cut are there: the first ones of it, each once.
func prefixApplied(t *testing.T, s store.Store) (n int) {
	t.Helper()
	for i, w := range threeRuns(seen) {
		got := load(t, s, w.Collection, w.Doc.Key)
		if len(got) != 1 || got[0].Version < seen || got[0].Version > seen+1 {
			t.Fatalf("write %d: found %v", i, got)
		}
		if got[0].Version == seen {
			continue
		}
		if n++; n != i+1 {
			t.Errorf("write %d is there and write %d is not", i, n-1)
		}
		w.Doc.Version = seen + 1
		if err := same(got[0], w.Doc); err != nil {
			t.Error(err)
		}
	}
	return n
}

// finish is another writer that goes on from what it finds.
func finish(t *testing.T, s store.Store, applied int) {
	t.Helper()
	commit(t, s, threeRuns(seen)[applied:]...)
}
