package table_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"kaohe.dev/services/gateway/registry/table"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// book makes a workbook with the sheet 单位, changed by the caller.
func book(t testing.TB, change func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	must(t, f.SetSheetName("Sheet1", "单位"))
	must(t, f.SetSheetRow("单位", "A1", &[]any{"单位编号", "客户数"}))
	must(t, f.SetSheetRow("单位", "A3", &[]any{"chengqu", 20000}))
	if change != nil {
		change(f)
	}
	var out bytes.Buffer
	must(t, f.Write(&out))
	must(t, f.Close())
	return out.Bytes()
}

// rezip packs a workbook anew, with more or other parts.
func rezip(t testing.TB, file []byte, change func(name string, w *zip.Writer) bool) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, part := range in.File {
		if change(part.Name, w) {
			continue
		}
		must(t, w.Copy(part))
	}
	change("", w)
	must(t, w.Close())
	return out.Bytes()
}

// part puts a part in place of one, or beside all when the name is new.
func part(t testing.TB, file []byte, name, content string) []byte {
	t.Helper()
	put := func(w *zip.Writer) {
		out, err := w.Create(name)
		must(t, err)
		_, err = out.Write([]byte(content))
		must(t, err)
	}
	done := false
	return rezip(t, file, func(at string, w *zip.Writer) bool {
		if at == name || at == "" && !done {
			put(w)
			done = true
			return true
		}
		return false
	})
}

func gbk(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
	must(t, err)
	return raw
}

func long(rows int) string {
	return "单位编号,客户数\n" + strings.Repeat("a,1\n", rows)
}

func TestWhatIsWrongWithAFileIsNamedWithItsPlace(t *testing.T) {
	set := func(cell string, value any) func(*excelize.File) {
		return func(f *excelize.File) { must(t, f.SetCellValue("单位", cell, value)) }
	}
	for name, c := range map[string]struct {
		file []byte
		want string // sheet cell, then a word of the reason
	}{
		"a formula":    {book(t, func(f *excelize.File) { must(t, f.SetCellFormula("单位", "B3", "SUM(1,2)")) }), "单位 B3 formula"},
		"merged cells": {book(t, func(f *excelize.File) { must(t, f.MergeCell("单位", "A3", "B4")) }), "单位 A3:B4 unmerge"},
		"an error": {part(t, book(t, nil), "xl/worksheets/sheet1.xml",
			`<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>x</v></c></row><row r="2"><c r="A2" t="e"><v>#N/A</v></c></row></sheetData></worksheet>`), "单位 A2 #N/A"},
		"too many columns":           {book(t, set("AZ3", "x")), "单位  columns"},
		"a date from 1904":           {part(t, book(t, nil), "xl/workbook.xml", strings.Replace(workbookOf(t), "<sheets>", `<workbookPr date1904="1"/><sheets>`, 1)), "  1904"},
		"100,000 rows":               {huge(t, 100_000), "单位  10000 rows"},
		"100,000 rows of csv":        {[]byte(long(100_000)), "  10000 rows"},
		"a macro":                    {part(t, book(t, nil), "xl/vbaProject.bin", "x"), "  macro"},
		"a sheet that is a bomb":     {part(t, book(t, nil), "xl/worksheets/sheet1.xml", "<worksheet>"+strings.Repeat("<a b=\"\"/>", 4<<20)), "  32 MiB"},
		"a sheet that is cut off":    {part(t, book(t, nil), "xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1"><c r="A1"><v>1</v>`), "  damaged"},
		"a cell nowhere":             {part(t, book(t, nil), "xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1"><c r="1A"><v>1</v></c></row></sheetData></worksheet>`), "单位  1A"},
		"no workbook in the archive": {rezip(t, book(t, nil), func(at string, _ *zip.Writer) bool { return at == "xl/workbook.xml" }), "  damaged"},
		"an archive that is cut off": {book(t, nil)[:2000], "  damaged"},
		"an old workbook":            {[]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1xxxx"), "  password"},
		"a picture":                  {[]byte("\x89PNG\r\n\x1a\n\x00\x00"), "  neither"},
		"neither UTF-8 nor GBK":      {[]byte("unit\n\xFF\xFF\xFF\n"), "  neither"},
		"quotes that do not match":   {[]byte("unit,name\n\"a,b\n"), "  quotes"},
		"a formula in csv":           {[]byte("unit,customers\na,=1+1\n"), " B2 formula"},
	} {
		t.Run(name, func(t *testing.T) {
			tables, faults := table.Read(c.file, func(string) bool { return false })
			if len(tables) > 0 || len(faults) == 0 {
				t.Fatalf("%d tables, %d faults", len(tables), len(faults))
			}
			f := faults[0]
			words := strings.SplitN(c.want, " ", 3)
			if f.Sheet != words[0] || f.Cell != words[1] || !strings.Contains(f.Text.En, words[2]) {
				t.Errorf("sheet %q, cell %q: %s; want %s", f.Sheet, f.Cell, f.Text.En, c.want)
			}
			if !strings.ContainsFunc(f.Text.Zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("in Chinese it says %q", f.Text.Zh)
			}
		})
	}
}

// workbookOf is the part that lists the sheets.
func workbookOf(t testing.TB) string {
	t.Helper()
	file := book(t, nil)
	in, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	part, err := in.Open("xl/workbook.xml")
	must(t, err)
	var out bytes.Buffer
	_, err = out.ReadFrom(part)
	must(t, err)
	return strings.Replace(out.String(), "<workbookPr/>", "", 1)
}

func huge(t testing.TB, rows int) []byte {
	t.Helper()
	return book(t, func(f *excelize.File) {
		w, err := f.NewStreamWriter("单位")
		must(t, err)
		for i := 1; i <= rows; i++ {
			must(t, w.SetRow(fmt.Sprintf("A%d", i), []any{"a", i}))
		}
		must(t, w.Flush())
	})
}

func TestTablesAreReadAsTheyAreKept(t *testing.T) {
	plain := [][]string{{"单位编号", "客户数"}, {"chengqu", "20000"}}
	for name, c := range map[string]struct {
		file []byte
		want [][]string
	}{
		"a workbook":     {book(t, nil), plain},
		"a date":         {book(t, func(f *excelize.File) { must(t, f.SetCellValue("单位", "B3", 46082)) }), [][]string{plain[0], {"chengqu", "46082"}}},
		"formatted rows": {book(t, func(f *excelize.File) { must(t, f.SetRowHeight("单位", 90, 30)) }), plain},
		"a skipped sheet": {book(t, func(f *excelize.File) {
			_, err := f.NewSheet("说明")
			must(t, err)
			must(t, f.MergeCell("说明", "A1", "B2"))
		}), plain},
		"csv":           {[]byte("单位编号,客户数\n\nchengqu,20000\n"), plain},
		"csv, marked":   {[]byte("\xEF\xBB\xBF单位编号,客户数\r\n\r\nchengqu,20000,\r\n"), plain},
		"csv in GBK":    {gbk(t, "单位编号,客户数\n\nchengqu,20000\n"), plain},
		"csv in UTF-16": {[]byte("\xFF\xFEu\x00,\x00v\x00\n\x00"), [][]string{{"u", "v"}}},
		"tabs":          {[]byte("单位编号\t客户数\n\nchengqu\t20000\n"), plain},
		"semicolons":    {[]byte("单位编号;客户数\n\nchengqu;20000\n"), plain},
		"nothing":       {[]byte("\n,,\n"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			tables, faults := table.Read(c.file, func(sheet string) bool { return sheet == "说明" })
			if len(faults) > 0 {
				t.Fatal(faults[0].Text.En, faults[0].Cell)
			}
			var got [][]string
			for _, read := range tables {
				got = append(got, read.Header.Cells)
				for _, row := range read.Rows {
					got = append(got, row.Cells)
					if row.Number != 3 {
						t.Errorf("row %d, want 3", row.Number)
					}
				}
			}
			if !slices.EqualFunc(got, c.want, slices.Equal) {
				t.Errorf("read %v, want %v", got, c.want)
			}
		})
	}
}

// Whatever the bytes are, reading them ends, and says something or nothing.
func FuzzReadingAFile(f *testing.F) {
	for _, seed := range [][]byte{book(f, nil), []byte("单位编号,客户数\nchengqu,20000\n"), []byte("\xFF\xFEu\x00"), []byte("PK\x03\x04")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		tables, faults := table.Read(file, func(string) bool { return false })
		if len(tables) > 0 && len(faults) > 0 {
			t.Errorf("tables and faults at once: %v", faults)
		}
		for _, read := range tables {
			if len(read.Rows) > table.MaxRows || read.Header.Number < 1 {
				t.Errorf("%d rows, header in row %d", len(read.Rows), read.Header.Number)
			}
		}
	})
}
