package ingest_test

import (
	"testing"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/ingest"
)

// BenchmarkTicketOfTwoEvents is an imported ticket, opened and closed: the
// whole decision, as made at the second event.
func BenchmarkTicketOfTwoEvents(b *testing.B) {
	open := opened()
	open.Commitment = &feedv1.TicketOpened_DueAt{DueAt: at("06 10:00")}
	facts := []*factv1.Fact{
		flow.FromEvent(event("1", "05 10:00", open)), flow.FromEvent(event("2", "05 12:00", closedAt(""))),
	}
	decide := ingest.Service().Decide
	b.ReportAllocs()
	for b.Loop() {
		if d := decide(nil, flow.Case{Key: "ticket/T", Facts: facts}); len(d.Facts) != 2 {
			b.Fatalf("%d facts, want 2", len(d.Facts))
		}
	}
}
