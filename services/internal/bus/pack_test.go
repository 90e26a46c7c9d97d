package bus_test

import (
	"fmt"
	"testing"

	"kaohe.dev/services/internal/bus"
)

func TestFactsThatShareAMessageAreReadOneByOneFromAnyPlace(t *testing.T) {
	b := open(t, t.TempDir())
	var sent []bus.Message
	for i := range 9000 {
		sent = append(sent, bus.Message{Subject: bus.FactPrefix + "a", Data: []byte(fmt.Sprint(i))})
	}
	if _, err := b.Append(t.Context(), sent); err != nil {
		t.Fatal(err)
	}
	all := readFacts(t, b, 0, len(sent))
	for i, d := range all {
		if string(d.Data) != fmt.Sprint(i) || i > 0 && d.Sequence <= all[i-1].Sequence {
			t.Fatalf("place %d: %q at %d", i, d.Data, d.Sequence)
		}
	}
	for _, at := range []int{0, 1, 4094, 4095, 4096, 8998} {
		rest := readFacts(t, b, all[at].Sequence, len(sent)-at-1)
		if string(rest[0].Data) != fmt.Sprint(at+1) {
			t.Fatalf("behind %d comes %q", at, rest[0].Data)
		}
	}
	if end, err := b.End(t.Context(), bus.Facts); err != nil || end < all[8999].Sequence {
		t.Fatalf("the stream ends at %d before its last fact at %d: %v", end, all[8999].Sequence, err)
	}
}

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
