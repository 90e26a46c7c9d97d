package door

import (
	"fmt"
	"testing"
)

// An event is in recent until it is stored, and whoever asked the store before
// one was forgotten is told to ask again.
func TestRecentForgetsOnlyWhatIsStored(t *testing.T) {
	r := newRecent()
	learn := func(from, to int) {
		fresh := make([]seen, 0, to-from)
		for i := from; i < to; i++ {
			fresh = append(fresh, seen{fmt.Sprint(i), uint64(i)})
		}
		r.learn(fresh, uint64(to))
	}
	knows := func(i int) (known, stale bool) {
		j := &job{generation: 0, events: []*prepared{{ref: fmt.Sprint(i)}}}
		found := map[string]uint64{}
		stale = len(r.find([]*job{j}, found)) > 0
		_, known = found[fmt.Sprint(i)]
		return known, stale
	}
	learn(0, recentSize)
	if r.stored(10); r.now() != 1 { // the old generation was empty
		t.Fatalf("generation %d", r.now())
	}
	learn(recentSize, 2*recentSize)
	if r.stored(recentSize - 1); r.now() != 1 {
		t.Fatal("it forgets what is not stored")
	}
	if known, _ := knows(0); !known {
		t.Fatal("it forgot what is not stored")
	}
	if r.stored(recentSize); r.now() != 2 {
		t.Fatal("it does not forget")
	}
	if known, stale := knows(0); known || !stale {
		t.Fatalf("known %v, stale %v", known, stale)
	}
	if known, _ := knows(recentSize); !known {
		t.Fatal("it forgot the younger ones")
	}
}
