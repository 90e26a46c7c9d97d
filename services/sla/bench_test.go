package sla_test

import (
	"testing"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/sla"
)

// BenchmarkTicket judges an imported ticket, closed in time or late.
func BenchmarkTicket(b *testing.B) {
	policy := standard()
	for name, closing := range map[string]string{"met": "01-06 09:00", "late": "01-06 11:00"} {
		for commitment, opened := range map[string]flowtest.Input{
			"promise": old("1", "01-05 10:00", promised("01-06 10:00")),
			"class":   old("1", "01-05 10:00", classed("day")),
		} {
			w := flowtest.Run(b, policy, machines(), opened, old("2", closing, closed()))
			facts := []*factv1.Fact{w.Fact("ticket_recorded/T")}
			decide := sla.Service().Decide
			b.Run(commitment+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if d := decide(policy, flow.Case{Key: "ticket/T", Facts: facts}); len(d.Facts) != 1 {
						b.Fatalf("%d facts, want 1", len(d.Facts))
					}
				}
			})
		}
	}
}
