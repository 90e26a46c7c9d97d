package flow_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func overdue(unit string, cycle int32) *factv1.Fact {
	return &factv1.Fact{
		Id: "ticket_overdue/T/1", Reason: flow.Because("late"), Proof: []string{"s/1"},
		OccurredAt: flow.At(noon), Route: &factv1.Route{Unit: unit, Ticket: "T"},
		Body: &factv1.Fact_TicketOverdue{TicketOverdue: &factv1.TicketOverdue{Ticket: "T", Cycle: cycle}},
	}
}

func TestWhatWasSaidIsNotSaidAgain(t *testing.T) {
	d := &statev1.Dossier{}
	if said := flow.Emit(d, flow.Decision{Facts: []*factv1.Fact{overdue("a", 1)}}, flow.Input{Sequence: 5}, noon); len(said) != 1 || said[0].Revision != 11 {
		t.Fatalf("said %v", said)
	}
	if said := flow.Emit(d, flow.Decision{Facts: []*factv1.Fact{overdue("a", 1)}}, flow.Input{Sequence: 6}, noon); len(said) != 0 {
		t.Fatalf("said again %v", said)
	}
}

func TestAFactThatMovesIsRetractedWhereItWas(t *testing.T) {
	d := &statev1.Dossier{}
	flow.Emit(d, flow.Decision{Facts: []*factv1.Fact{overdue("a", 1)}}, flow.Input{Sequence: 5}, noon)
	said := flow.Emit(d, flow.Decision{Facts: []*factv1.Fact{overdue("b", 1)}}, flow.Input{Sequence: 6}, noon)
	if len(said) != 2 || !said[0].Retracted || said[0].Route.Unit != "a" || said[1].Retracted || said[1].Route.Unit != "b" {
		t.Fatalf("said %v", said)
	}
	if said[0].Revision >= said[1].Revision {
		t.Fatalf("who hears both must end with the assertion: revisions %d and %d", said[0].Revision, said[1].Revision)
	}
}

func TestARetractionSaysWhy(t *testing.T) {
	d := &statev1.Dossier{}
	flow.Emit(d, flow.Decision{Facts: []*factv1.Fact{overdue("a", 1)}}, flow.Input{Sequence: 5}, noon)
	met := flow.Because("met_before")
	said := flow.Emit(d, flow.Decision{Facts: []*factv1.Fact{flow.Not("ticket_overdue/T/1", met)}}, flow.Input{Sequence: 6}, noon)
	if len(said) != 1 || !said[0].Retracted || said[0].Reason.Code != "met_before" || said[0].Kind != "ticket_overdue" {
		t.Fatalf("said %v", said)
	}
	if said := flow.Emit(d, flow.Decision{Facts: []*factv1.Fact{flow.Not("ticket_overdue/T/1", met)}}, flow.Input{Sequence: 7}, noon); len(said) != 0 {
		t.Fatalf("retracted twice: %v", said)
	}
}

func TestTheSameIdWithOtherContentIsAConflictAndTheFirstStays(t *testing.T) {
	d := &statev1.Dossier{}
	first, second := overdue("a", 1), overdue("a", 2)
	if news, conflict := flow.Learn(d, first); !news || conflict {
		t.Fatal("the first is news")
	}
	if news, conflict := flow.Learn(d, proto.Clone(first).(*factv1.Fact)); news || conflict {
		t.Fatal("a duplicate is neither news nor a conflict")
	}
	if news, conflict := flow.Learn(d, second); news || !conflict {
		t.Fatal("other content under the same id and revision is a conflict")
	}
	if d.Known[0].GetTicketOverdue().Cycle != 1 {
		t.Fatal("the first was replaced")
	}
}

// TestAConsumerEndsWithWhatIsDecidedLast says: whatever a service decides in
// turn, whoever applies what it says by revision, in any order and with
// duplicates, ends with exactly what was decided last.
func TestAConsumerEndsWithWhatIsDecidedLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &statev1.Dossier{}
		var stream []*factv1.Fact
		var decided []*factv1.Fact
		for i := range rapid.IntRange(1, 12).Draw(t, "steps") {
			decided = nil
			if rapid.Bool().Draw(t, "holds") {
				unit := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "unit")
				decided = append(decided, overdue(unit, int32(rapid.IntRange(1, 2).Draw(t, "cycle"))))
			}
			for _, f := range flow.Emit(d, flow.Decision{Facts: decided}, flow.Input{Sequence: uint64(i + 1)}, noon) {
				stream = append(stream, proto.Clone(f).(*factv1.Fact))
			}
		}
		if len(stream) > 0 {
			stream = append(stream, rapid.SliceOfN(rapid.SampledFrom(stream), 0, 6).Draw(t, "duplicates")...)
			stream = rapid.Permutation(stream).Draw(t, "order")
		}
		consumers := map[string]*statev1.Dossier{"a": {}, "b": {}}
		for _, f := range stream {
			flow.Learn(consumers[f.Route.Unit], f)
		}
		for unit, consumer := range consumers {
			holds := flow.Holding(consumer.Known)
			want := slices.ContainsFunc(decided, func(f *factv1.Fact) bool { return f.Route.Unit == unit })
			if (len(holds) == 1) != want {
				t.Fatalf("unit %s holds %v, decided last %v", unit, holds, decided)
			}
			if want && holds[0].GetTicketOverdue().Cycle != decided[0].GetTicketOverdue().Cycle {
				t.Fatalf("unit %s holds cycle %v, decided last %v", unit, holds, decided)
			}
		}
	})
}
