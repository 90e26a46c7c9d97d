package report_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/report"
)

// BenchmarkAWorkbookOfAProvince makes a month of 26 units and 100,000 entries
// into a workbook.
func BenchmarkAWorkbookOfAProvince(b *testing.B) {
	entries := make([]*ledgerv1.Entry, 100_000)
	for i := range entries {
		entries[i] = &ledgerv1.Entry{
			Id: fmt.Sprintf("E%015d", i), Unit: fmt.Sprintf("unit%02d", i%26), Part: "customer_service", Item: "CS10", Rule: fmt.Sprintf("rule%02d", i%40),
			Label: &factv1.Text{Zh: "超时工单", En: "late ticket"}, Clause: "六.1", Points: "-5.00", Ticket: fmt.Sprintf("T%08d", i), OccurredAt: timestamppb.New(day(1)),
			Reason: &factv1.Text{Zh: "应于 2026-03-21 09:00 前完成，实际 2026-03-21 11:00 完成，超时 2小时", En: "due 2026-03-21 09:00, completed 2026-03-21 11:00, 2 h late"},
		}
	}
	base := published(b).Sheets[0]
	b.ReportAllocs()
	for b.Loop() {
		m := &report.Month{Name: "2026-03", Zone: func(string) *time.Location { return time.UTC }}
		for i := range 26 {
			m.Cards = append(m.Cards, &ledgerv1.Scorecard{Unit: fmt.Sprintf("unit%02d", i), Month: "2026-03", Total: base.Total, Parts: base.Parts})
		}
		for _, e := range entries {
			m.Count(e, true)
		}
		must(b, report.Layout(m.Report(), "zh").Workbook(io.Discard))
	}
}
