package table_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"kaohe.dev/services/gateway/registry/table"
)

// mostAllocated is how many bytes reading any upload may allocate in all, freed
// ones included: much less than that is there at any moment.
const mostAllocated = 1 << 30

// sheetOf makes a sheet of so many rows, each with the same cells.
func sheetOf(rows int, cells func(row int) string) string {
	var out strings.Builder
	out.WriteString("<worksheet><sheetData>")
	for i := range rows {
		fmt.Fprintf(&out, `<row r="%[1]d">%[2]s</row>`, i+1, cells(i+1))
	}
	out.WriteString("</sheetData></worksheet>")
	return out.String()
}

// shared makes cells that all show the first of the shared texts.
func shared(columns int) func(row int) string {
	return func(row int) string {
		var out strings.Builder
		for i := range columns {
			fmt.Fprintf(&out, `<c r="%s" t="s"><v>0</v></c>`, table.CellName(i, row))
		}
		return out.String()
	}
}

func withShared(t *testing.T, sheet, texts string) []byte {
	t.Helper()
	return part(t, part(t, book(t, nil), "xl/worksheets/sheet1.xml", sheet), "xl/sharedStrings.xml", texts)
}

func withSheet(t *testing.T, sheet string) []byte {
	t.Helper()
	return part(t, book(t, nil), "xl/worksheets/sheet1.xml", sheet)
}

// What is small on its way and huge in memory is refused before it is built.
func TestAnUploadTakesABoundedMemory(t *testing.T) {
	for name, c := range map[string]struct {
		file func() []byte
		want string // a word of the reason; empty: it is read
	}{
		"a long text in every cell": {func() []byte {
			return withShared(t, sheetOf(10_000, shared(50)), "<sst><si><t>"+strings.Repeat("x", 8<<10)+"</t></si></sst>")
		}, "16 MiB"},
		"a text that is too long for a cell": {func() []byte {
			return withShared(t, sheetOf(2, shared(1)), "<sst><si><t>"+strings.Repeat("x", 60<<10)+"</t></si></sst>")
		}, "8 KiB"},
		"a text of many runs": {func() []byte {
			return withShared(t, sheetOf(2, shared(1)), "<sst><si>"+strings.Repeat("<r><t>xxxxxxxx</t></r>", 1<<20)+"</si></sst>")
		}, "8 KiB"},
		"a text of 32 MiB": {func() []byte {
			return withShared(t, sheetOf(2, shared(1)), "<sst><si><t>"+strings.Repeat("x", 32<<20)+"</t></si></sst>")
		}, "8 KiB"},
		"five million shared texts": {func() []byte {
			return withShared(t, sheetOf(2, shared(1)), "<sst>"+strings.Repeat("<si></si>", 5<<20)+"</sst>")
		}, "16 MiB"},
		"a tag with a million attributes": {func() []byte {
			return withSheet(t, "<worksheet "+strings.Repeat(`a="" `, 1<<20)+"/>")
		}, "64 KiB"},
		"a comment of 32 MiB": {func() []byte {
			return withSheet(t, "<worksheet><!--"+strings.Repeat("<", 32<<20)+"--></worksheet>")
		}, "64 KiB"},
		"a document type of 32 MiB": {func() []byte {
			return withSheet(t, "<!DOCTYPE w ["+strings.Repeat(`<!ENTITY a "b">`, 2<<20)+"]><worksheet/>")
		}, "64 KiB"},
		"elements ten million deep": {func() []byte { return withSheet(t, strings.Repeat("<a>", 10<<20)) }, "nested"},
		"a sheet a thousand times": {func() []byte {
			sheets := strings.Repeat(`<sheet name="x" sheetId="1" r:id="rId1"/>`, 1000)
			return part(t, book(t, nil), "xl/workbook.xml",
				`<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>`+sheets+`</sheets></workbook>`)
		}, "64 sheets"},
		"a text that is not there": {func() []byte { return withShared(t, sheetOf(2, shared(1)), "<sst/>") }, "not there"},
		"a picture of 65 MiB, which is not unpacked": {func() []byte {
			return part(t, book(t, nil), "xl/media/a.bin", strings.Repeat("\x00", 65<<20))
		}, ""},
		"styles of 60 MiB, which are not unpacked": {func() []byte {
			return part(t, book(t, nil), "xl/styles.xml", "<styleSheet>"+strings.Repeat("<xf/>", 12<<20))
		}, ""},
		"an endless field of csv":         {func() []byte { return []byte("unit\n" + strings.Repeat("x", 8<<20)) }, "record from line 2"},
		"an endless field in quotes":      {func() []byte { return []byte("unit\n\"" + strings.Repeat("x\n", 4<<20)) }, "record from line 2"},
		"eight million fields":            {func() []byte { return []byte("unit\n" + strings.Repeat(",", 8<<20)) }, "record from line 2"},
		"a long cell of csv":              {func() []byte { return []byte("unit\n" + strings.Repeat("x", 9<<10)) }, "8 KiB"},
		"200,000 fields behind the table": {func() []byte { return []byte(strings.Repeat("x"+strings.Repeat(",", 200_000)+"\n", 40)) }, "16 MiB"},
		"eight million empty lines":       {func() []byte { return []byte("unit\nx\n" + strings.Repeat("\n", 8<<20)) }, "record from line"},
		"eight million spaces":            {func() []byte { return []byte("unit\nx\n" + strings.Repeat(" ", 8<<20)) }, "record from line 3"},
	} {
		t.Run(name, func(t *testing.T) {
			file := c.file()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			tables, faults := table.Read(file, func(string) bool { return false })
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > mostAllocated {
				t.Errorf("a file of %d KiB took %d MiB", len(file)>>10, took>>20)
			}
			switch {
			case c.want == "" && (len(faults) > 0 || len(tables) != 1):
				t.Errorf("%d tables, %v", len(tables), faults)
			case c.want != "" && (len(faults) == 0 || !strings.Contains(faults[0].Text.En, c.want)):
				t.Errorf("%d tables, %v; want %s", len(tables), faults, c.want)
			}
			t.Logf("%d KiB took %d MiB in all", len(file)>>10, (after.TotalAlloc-before.TotalAlloc)>>20)
		})
	}
}
