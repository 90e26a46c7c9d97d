package report_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/report"
)

func dec(t interface{ Fatalf(string, ...any) }, text string) decimal.Decimal {
	d, err := decimal.NewFromString(text)
	if err != nil {
		t.Fatalf("%q is no number: %v", text, err)
	}
	return d
}

// TestWhatIsListedAddsUpToTheScores: entries, rules, rows and totals of the
// scripted month say the same sums, and every sheet is the scorecard's.
func TestWhatIsListedAddsUpToTheScores(t *testing.T) {
	r := published(t)
	lost, given, counts := decimal.Zero, decimal.Zero, int64(0)
	for i, line := range r.Ranking {
		lost, given, counts = lost.Add(dec(t, line.Deducted)), given.Add(dec(t, line.Bonuses)), counts+line.Entries
		if line.Total != r.Sheets[i].Total || line.Unit != r.Sheets[i].Unit {
			t.Errorf("place %d is %s with %s, its sheet %s with %s", line.Place, line.Unit, line.Total, r.Sheets[i].Unit, r.Sheets[i].Total)
		}
	}
	if !lost.Equal(dec(t, r.Deducted)) || !given.Equal(dec(t, r.Given)) || counts != r.EntriesTotal || int(counts) != len(r.Entries) {
		t.Errorf("units lost %s, gained %s in %d entries; the rules %s, %s, %d of %d listed", lost, given, counts, r.Deducted, r.Given, r.EntriesTotal, len(r.Entries))
	}
	for _, s := range report.Layout(r, "zh").Sheets {
		if s.Table == report.Sheets {
			addsUp(t, s)
		}
	}
}

// addsUp checks a unit's sheet: the items of a part and what stands beside them
// are its sum, the sums the total.
func addsUp(t *testing.T, s *report.Sheet) {
	t.Helper()
	const lost, gained, entries = 3, 4, 6
	all, part := [3]decimal.Decimal{}, [3]decimal.Decimal{}
	value := func(row report.Row, column int) decimal.Decimal {
		if row.Cells[column] == "" {
			return decimal.Zero
		}
		return dec(t, row.Cells[column])
	}
	for _, row := range s.Rows {
		for i, column := range []int{lost, gained, entries} {
			switch row.Look {
			case report.Band, report.Heading:
			case report.Sum:
				if !part[i].Equal(value(row, column)) {
					t.Errorf("%s %s: column %d of the rows is %s, its sum %s", s.Name, row.Part, column, part[i], row.Cells[column])
				}
				all[i], part[i] = all[i].Add(part[i]), decimal.Zero
			case report.Total:
				if !all[i].Equal(value(row, column)) {
					t.Errorf("%s: column %d of the parts is %s, the total %s", s.Name, column, all[i], row.Cells[column])
				}
			default:
				part[i] = part[i].Add(value(row, column))
			}
		}
	}
}

// cards draws scorecards of a month, with few different totals so that some are
// equal.
func cards(r *rapid.T, month string) (all []*ledgerv1.Scorecard) {
	for _, unit := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-h]`), 0, 8, rapid.ID[string]).Draw(r, "units of "+month) {
		all = append(all, &ledgerv1.Scorecard{
			Unit: unit, Month: month, Name: &factv1.Text{Zh: unit}, Total: fmt.Sprintf("%d.50", rapid.IntRange(90, 93).Draw(r, "total")),
		})
	}
	return all
}

// placeOf is how many are better, and one.
func placeOf(cards []*ledgerv1.Scorecard, total decimal.Decimal) int32 {
	place := int32(1)
	for _, card := range cards {
		if decimal.RequireFromString(card.Total).GreaterThan(total) {
			place++
		}
	}
	return place
}

// TestPlacesAndComparisons: a place is the number of those who are better, and
// one; what was not scored in the other month is not compared with it.
func TestPlacesAndComparisons(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := &report.Month{Name: "2026-03", Zone: func(string) *time.Location { return time.UTC }}
		m.Cards, m.LastMonth, m.LastYear = cards(r, "2026-03"), cards(r, "2026-02"), cards(r, "2025-03")
		got := m.Report()
		if int(got.Ranked) != len(m.Cards) || len(got.Ranking) != len(m.Cards) || got.LastMonth != "2026-02" || got.LastYear != "2025-03" {
			r.Fatalf("%d of %d units are ranked, beside %s and %s", len(got.Ranking), len(m.Cards), got.LastMonth, got.LastYear)
		}
		for i, line := range got.Ranking {
			if want := placeOf(m.Cards, dec(r, line.Total)); line.Place != want || i > 0 && line.Place < got.Ranking[i-1].Place {
				r.Fatalf("%s with %s has place %d, want %d", line.Unit, line.Total, line.Place, want)
			}
			compared(r, line, line.LastMonth, m.LastMonth)
			compared(r, line, line.LastYear, m.LastYear)
		}
	})
}

func compared(r *rapid.T, line *apiv1.ReportUnit, got *apiv1.ReportComparison, cards []*ledgerv1.Scorecard) {
	at := slices.IndexFunc(cards, func(c *ledgerv1.Scorecard) bool { return c.Unit == line.Unit })
	if (at < 0) != (got == nil) {
		r.Fatalf("%s is compared with %v", line.Unit, got)
	}
	if got == nil {
		return
	}
	other := dec(r, cards[at].Total)
	if place := placeOf(cards, other); got.Place != place || got.Climbed != place-line.Place || !dec(r, got.Change).Equal(dec(r, line.Total).Sub(other)) {
		r.Fatalf("%s with %s at place %d is compared as %v", line.Unit, line.Total, line.Place, got)
	}
}

// TestMoreEntriesThanAreListed: all are counted, the newest are listed, and the
// report says so.
func TestMoreEntriesThanAreListed(t *testing.T) {
	m := &report.Month{Name: "2026-03", Zone: func(string) *time.Location { return time.UTC }, Cards: []*ledgerv1.Scorecard{{Unit: "a", Month: "2026-03", Total: "0.00"}}}
	for i := range report.MostEntries + 5 {
		m.Count(&ledgerv1.Entry{Id: fmt.Sprintf("E%05d", i), Unit: "a", Rule: "r", Points: "-0.10"}, true)
	}
	r := m.Report()
	if len(r.Entries) != report.MostEntries || r.EntriesTotal != report.MostEntries+5 || r.Deducted != "1000.50" || r.Ranking[0].Entries != r.EntriesTotal {
		t.Errorf("%d of %d entries, %s points", len(r.Entries), r.EntriesTotal, r.Deducted)
	}
	var out bytes.Buffer
	must(t, report.Layout(r, "en").Page(&out))
	if !strings.Contains(out.String(), "10005 entries, of which the 10000 newest are listed") {
		t.Error("the page does not say that entries are left out")
	}
}

// TestNoTextIsComputed: what comes from outside and begins like a formula stays a
// text in csv, and numbers stay numbers.
func TestNoTextIsComputed(t *testing.T) {
	r := hostile()
	for _, table := range report.Tables() {
		var out bytes.Buffer
		must(t, report.Layout(r, "zh").CSV(&out, table))
		text, marked := strings.CutPrefix(out.String(), "\ufeff")
		if !marked {
			t.Errorf("%s has no mark", table)
		}
		lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		must(t, err)
		for _, cell := range slices.Concat(lines...) {
			_, failed := decimal.NewFromString(cell)
			if failed != nil && strings.IndexAny(cell, "=+-@\t\r") == 0 {
				t.Errorf("%s: a spreadsheet would compute %q", table, cell)
			}
		}
	}
}

// hostile is a report whose texts are somebody else's.
func hostile() *apiv1.MonthReport {
	evil := func(s string) *factv1.Text { return &factv1.Text{Zh: s, En: s} }
	m := &report.Month{Name: "2026-03", Zone: func(string) *time.Location { return time.UTC }}
	for i, unit := range []string{"=1+1", "=1+1 ", "@a", "-[]:*?/\\'very long name that no tab of a workbook can hold", "<script>alert(1)</script>", "\x00\x1b[2J\u202eabc", ""} {
		m.Cards = append(m.Cards, &ledgerv1.Scorecard{Unit: fmt.Sprintf("+u%d", i), Name: evil(unit), Month: "2026-03", Total: "1.00", Parts: []*ledgerv1.PartScore{{
			Part: "p", Label: evil("=p"), Weight: "100", Score: "1.00", Items: []*ledgerv1.ItemScore{{Item: "=I", Label: evil("+i"), Max: "1.00", Score: "1.00", Entries: 1}},
			Sections: []*ledgerv1.SectionScore{{Label: evil("@s"), Max: "1.00", ItemsTotal: "1.00", Score: "1.00", Items: 1}},
		}}})
		m.Count(&ledgerv1.Entry{Id: "=E", Unit: fmt.Sprintf("+u%d", i), Part: "p", Item: "=I", Rule: "r", Label: evil("-r"), Reason: evil("=HYPERLINK(\"x\")"), Clause: "@c", Points: "-0.50", Ticket: "+861"}, true)
	}
	return m.Report()
}
