package bus_test

import (
	"testing"

	"kaohe.dev/services/internal/bus"
)

func TestNothingPassesABarrier(t *testing.T) {
	b := open(t, t.TempDir())
	fact := func(kind, data string) bus.Message {
		return bus.Message{Subject: bus.FactPrefix + kind, Data: []byte(data)}
	}
	marker := bus.Message{Subject: bus.MarkerPrefix + "s", Data: []byte("m"), Barrier: true}
	if _, err := b.Append(t.Context(), []bus.Message{
		fact("a", "1"), fact("b", "2"), fact("a", "3"), marker, fact("a", "4"), fact("b", "5"),
	}); err != nil {
		t.Fatal(err)
	}
	place := map[string]int{}
	for i, d := range readFacts(t, b, 0, 6) {
		place[string(d.Data)] = i
	}
	for _, before := range []string{"1", "2", "3"} {
		if place[before] > place["m"] {
			t.Errorf("%s was appended before the marker and is read behind it", before)
		}
	}
	for _, behind := range []string{"4", "5"} {
		if place[behind] < place["m"] {
			t.Errorf("%s was appended behind the marker and is read before it", behind)
		}
	}
	if place["1"] > place["3"] {
		t.Error("facts of one kind change places")
	}
}

func readFacts(t *testing.T, b *bus.Bus, after uint64, n int) []bus.Delivery {
	t.Helper()
	return readAll(t, b, bus.Facts, []string{"facts.>", "marker.>"}, after, n)
}
