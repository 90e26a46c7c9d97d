package flow_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
)

// recorded is a ticket as known, with its units and the replies to it.
func recorded(customer string, units []string, promises int) *factv1.Fact {
	r := &factv1.TicketRecorded{Ticket: "T", Cycles: []*factv1.Cycle{{Ordinal: 1}, {Ordinal: 2}}}
	for _, unit := range units {
		r.Holdings = append(r.Holdings, &factv1.Holding{Unit: unit, From: flow.At(noon)})
	}
	for i := range promises {
		r.Cycles[1].Promises = append(r.Cycles[1].Promises, &factv1.Promise{From: flow.At(noon), DueAt: flow.At(noon.AddDate(0, 0, i))})
	}
	return &factv1.Fact{
		Id: "ticket_recorded/T", Proof: units, OccurredAt: flow.At(noon), Route: &factv1.Route{Ticket: "T", Unit: "u", Customer: customer},
		Body: &factv1.Fact_TicketRecorded{TicketRecorded: r},
	}
}

// TestWhoIsToldInPiecesKnowsTheWhole says: whatever becomes of a large fact, who
// reads what is said in its order, some of it twice, holds exactly the fact that
// was decided last; where it went when its route changed, and nowhere else.
func TestWhoIsToldInPiecesKnowsTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &statev1.Dossier{}
		consumers := map[string]*statev1.Dossier{"a": {}, "b": {}}
		var units []string
		var decided []*factv1.Fact
		customer, promises := "a", 0
		for i := range rapid.IntRange(1, 8).Draw(t, "steps") {
			decided = nil
			more := rapid.IntRange(0, 300).Draw(t, "more")
			at := rapid.IntRange(0, len(units)).Draw(t, "at")
			for k := range more {
				units = slices.Insert(units, at+k, fmt.Sprintf("unit-%d-%d", i, k))
			}
			promises += rapid.IntRange(0, 200).Draw(t, "promises")
			if rapid.IntRange(0, 3).Draw(t, "move") == 0 {
				customer = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "customer")
			}
			if rapid.IntRange(0, 4).Draw(t, "holds") > 0 {
				decided = []*factv1.Fact{recorded(customer, units, promises)}
			}
			crashed := proto.CloneOf(d) // what is said and not committed is said again
			said := flow.Emit(d, flow.Decision{Facts: decided}, flow.Input{Sequence: uint64(i + 1)}, noon)
			if rapid.Bool().Draw(t, "crash") {
				d = crashed
				again := decided
				if len(again) > 0 {
					again = []*factv1.Fact{recorded(customer, units, promises)}
				}
				said = append(said, flow.Emit(d, flow.Decision{Facts: again}, flow.Input{Sequence: uint64(i + 1)}, noon)...)
			}
			for _, f := range said {
				if size := proto.Size(f); size > 16<<10 {
					t.Fatalf("%s has %d bytes", f.Id, size)
				}
				raw, err := proto.Marshal(f)
				if err != nil {
					t.Fatal(err)
				}
				heard := &factv1.Fact{}
				if err := proto.Unmarshal(raw, heard); err != nil {
					t.Fatal(err)
				}
				if _, conflict := flow.Learn(consumers[f.Route.Customer], heard); conflict {
					t.Fatalf("%s is a conflict", f.Id)
				}
			}
		}
		for name, consumer := range consumers {
			holds := flow.Holding(consumer.Known)
			if len(decided) == 0 || name != customer {
				if len(holds) > 0 {
					t.Fatalf("%s holds %v", name, holds)
				}
				continue
			}
			want := recorded(customer, units, promises)
			if len(holds) != 1 || !proto.Equal(holds[0].GetTicketRecorded(), want.GetTicketRecorded()) || !slices.Equal(holds[0].Proof, want.Proof) {
				t.Fatalf("%s holds another fact: %d", name, len(holds))
			}
		}
	})
}

// TestWhatIsSaidOfATicketIsLinear: twice the events cost about twice the bytes,
// appended one by one or told late, with long texts or without.
func TestWhatIsSaidOfATicketIsLinear(t *testing.T) {
	for name, cost := range map[string]func(n int) int{
		"holdings in order": func(n int) int {
			return bytesOf(n, func(i int) *factv1.Fact { return recorded("a", names(i), 0) })
		},
		"promises of one cycle": func(n int) int {
			return bytesOf(n, func(i int) *factv1.Fact { return recorded("a", nil, i) })
		},
		"replies of four thousand characters": func(n int) int {
			work := &factv1.WorkReported{Ticket: "T"}
			return bytesOf(n, func(i int) *factv1.Fact {
				work.Replies = append(work.Replies, &factv1.Reply{At: flow.At(noon), Text: strings.Repeat("长", 1300) + fmt.Sprint(i), Proof: fmt.Sprint(i)})
				return &factv1.Fact{Id: "work_reported/T", Route: &factv1.Route{}, Body: &factv1.Fact_WorkReported{WorkReported: work}}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			half, all := cost(400), cost(800)
			t.Logf("%d and %d bytes, %d an event", half, all, all/800)
			if float64(all) > 2.6*float64(half) || all/800 > 24<<10 {
				t.Errorf("800 events cost %d bytes, 400 of them %d", all, half)
			}
		})
	}
}

func names(n int) []string {
	units := make([]string, n)
	for i := range units {
		units[i] = fmt.Sprint("unit-", i)
	}
	return units
}

// bytesOf gives how many bytes are said of a fact that grows so often.
func bytesOf(n int, grown func(i int) *factv1.Fact) (bytes int) {
	d := &statev1.Dossier{}
	for i := range n {
		for _, f := range flow.Emit(d, flow.Decision{Facts: []*factv1.Fact{grown(i + 1)}}, flow.Input{Sequence: uint64(i + 1)}, noon) {
			bytes += proto.Size(f)
		}
	}
	return bytes
}
