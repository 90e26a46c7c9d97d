package rulebook

import (
	"testing"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

func TestSmoke(t *testing.T) {
	for _, p := range Check(source96766) {
		t.Log(p, "\n", p.Zh())
	}
	b := Default()
	t.Log(len(b.Rules), len(b.Figures), b.Warnings)
	c, err := b.Charges(&factv1.Fact{Kind: "complaint_escalated", Body: &factv1.Fact_ComplaintEscalated{ComplaintEscalated: &factv1.ComplaintEscalated{Level: feedv1.ComplaintLevel_COMPLAINT_LEVEL_PROVINCE}}})
	t.Log(c, err)
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		Load("", source96766)
	}
}

func BenchmarkChargesConstant(b *testing.B) {
	book := Default()
	f := &factv1.Fact{Kind: "ticket_overdue", Body: &factv1.Fact_TicketOverdue{TicketOverdue: &factv1.TicketOverdue{}}}
	b.ReportAllocs()
	for b.Loop() {
		book.Charges(f)
	}
}

func BenchmarkChargesCondition(b *testing.B) {
	book := Default()
	f := &factv1.Fact{Kind: "callback_rated", Body: &factv1.Fact_CallbackRated{CallbackRated: &factv1.CallbackRated{}}}
	b.ReportAllocs()
	for b.Loop() {
		book.Charges(f)
	}
}
