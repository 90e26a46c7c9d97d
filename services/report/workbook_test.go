package report_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/report"
)

// opened writes a book as a workbook and reads it back.
func opened(t *testing.T, b *report.Book) *excelize.File {
	t.Helper()
	var out bytes.Buffer
	must(t, b.Workbook(&out))
	file, err := excelize.OpenReader(&out, excelize.Options{RawCellValue: true})
	must(t, err)
	t.Cleanup(func() { must(t, file.Close()) })
	return file
}

// TestTheWorkbookHoldsWhatWasLaidOut, cell by cell: numbers as numbers, texts as
// texts that nothing computes, also when they come from somebody else.
func TestTheWorkbookHoldsWhatWasLaidOut(t *testing.T) {
	for name, r := range map[string]*apiv1.MonthReport{"scripted": published(t), "running": march(t, day(20), "xinqu"), "hostile": hostile()} {
		for _, lang := range []string{"zh", "en"} {
			b := report.Layout(r, lang)
			file := opened(t, b)
			tabs := file.GetSheetList()
			if len(tabs) != len(b.Sheets) {
				t.Fatalf("%s: %d tabs %v for %d sheets", name, len(tabs), tabs, len(b.Sheets))
			}
			for i, s := range b.Sheets {
				holds(t, file, tabs[i], s)
				printable(t, file, tabs[i], s)
			}
		}
	}
}

func holds(t *testing.T, file *excelize.File, tab string, s *report.Sheet) {
	t.Helper()
	above := []string{s.Title}
	above = append(above, s.Facts...)
	if s.Warning != "" {
		above = append(above, s.Warning)
	}
	for i, text := range above {
		is(t, file, tab, 1, i+1, report.Column{}, text)
	}
	header := len(above) + 1
	for i, c := range s.Columns {
		is(t, file, tab, i+1, header, report.Column{}, c.Title)
	}
	for i, row := range s.Rows {
		for j, cell := range row.Cells {
			column := s.Columns[j]
			if row.Look == report.Band {
				column.Form = report.Text
			}
			is(t, file, tab, j+1, header+1+i, column, cell)
		}
	}
	for i, note := range s.Notes {
		is(t, file, tab, 1, header+1+len(s.Rows)+i, report.Column{}, note)
	}
}

// is checks a cell: its value, whether it is a number, and that it is no formula.
func is(t *testing.T, file *excelize.File, tab string, column, row int, of report.Column, want string) {
	t.Helper()
	at, err := excelize.CoordinatesToCellName(column, row)
	must(t, err)
	got, err := file.GetCellValue(tab, at)
	must(t, err)
	kind, err := file.GetCellType(tab, at)
	must(t, err)
	formula, err := file.GetCellFormula(tab, at)
	must(t, err)
	number, wrong := decimal.NewFromString(want)
	if of.Form == report.Text || wrong != nil {
		if got != want || formula != "" || want != "" && kind != excelize.CellTypeInlineString {
			t.Errorf("%s!%s is %q (type %d, formula %q), want the text %q", tab, at, got, kind, formula, want)
		}
		return
	}
	if value, err := decimal.NewFromString(got); err != nil || !value.Equal(number) || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
		t.Errorf("%s!%s is %q (type %d), want the number %s", tab, at, got, kind, want)
	}
}

// printable checks that a sheet is fit to the width of A4, with its titles on
// every page and before one's eyes.
func printable(t *testing.T, file *excelize.File, tab string, s *report.Sheet) {
	t.Helper()
	layout, err := file.GetPageLayout(tab)
	must(t, err)
	props, err := file.GetSheetProps(tab)
	must(t, err)
	way := "portrait"
	if s.Wide {
		way = "landscape"
	}
	if *layout.Size != 9 || *layout.Orientation != way || *layout.FitToWidth != 1 || *layout.FitToHeight != 0 || !*props.FitToPage {
		t.Errorf("%s is printed as %+v", tab, layout)
	}
	panes, err := file.GetPanes(tab)
	must(t, err)
	titles := ""
	for _, name := range file.GetDefinedName() {
		if name.Name == "_xlnm.Print_Titles" && name.Scope == tab {
			titles = name.RefersTo
		}
	}
	if below := strings.TrimPrefix(panes.TopLeftCell, "A"); !panes.Freeze || below != strconv.Itoa(panes.YSplit+1) || !strings.HasSuffix(titles, "$"+strconv.Itoa(panes.YSplit)) {
		t.Errorf("%s: frozen %+v, titles %q", tab, panes, titles)
	}
}

// TestThePageHoldsNoMarkupOfOthers: a unit's name is a text.
func TestThePageHoldsNoMarkupOfOthers(t *testing.T) {
	var out bytes.Buffer
	must(t, report.Layout(hostile(), "en").Page(&out))
	page := out.String()
	if strings.Contains(page, "<script") || !strings.Contains(page, "&lt;script&gt;alert(1)") {
		t.Error("the name of a unit became markup")
	}
	if strings.Contains(page, "style=") || strings.Contains(page, "src=") || strings.Contains(page, "href=") {
		t.Error("the page asks for something, or needs more styles than its own")
	}
}
