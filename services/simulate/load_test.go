package simulate_test

import (
	"slices"
	"testing"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/simulate"
)

func TestLoadIsValidOrderedAndTheSameForTheSameSeed(t *testing.T) {
	events := slices.Collect(simulate.Load(1, 20000, 12, "load"))
	if len(events) != 20000 {
		t.Fatalf("%d events", len(events))
	}
	check(t, events, "load")
	if again := slices.Collect(simulate.Load(1, 20000, 12, "load")); !slices.Equal(bytes(t, events), bytes(t, again)) {
		t.Error("the same seed gives other events")
	}
	if other := slices.Collect(simulate.Load(2, 20000, 12, "load")); slices.Equal(bytes(t, events), bytes(t, other)) {
		t.Error("another seed gives the same events")
	}
	units := map[string]bool{}
	for _, e := range events {
		if o := e.GetTicketOpened(); o != nil {
			units[o.Unit] = true
		}
	}
	if len(units) != 12 {
		t.Errorf("%d units have tickets", len(units))
	}
}

func TestALongerLoadBeginsLikeAShorterOne(t *testing.T) {
	short := slices.Collect(simulate.Load(1, 3000, 3, ""))
	var begun []*feedv1.Event
	for e := range simulate.Load(1, 0, 3, "") {
		if begun = append(begun, e); len(begun) == len(short) {
			break
		}
	}
	if !slices.Equal(bytes(t, short), bytes(t, begun)) {
		t.Error("the endless stream begins differently")
	}
}

func BenchmarkLoad(b *testing.B) {
	n := 0
	for range simulate.Load(1, b.N, 12, "") {
		n++
	}
	if n != b.N {
		b.Fatal(n)
	}
}
