package table_test

import (
	"slices"
	"testing"

	"kaohe.dev/services/gateway/registry/table"
)

// A program that writes workbooks has many ways to keep the same text.
func TestACellIsReadHoweverItIsKept(t *testing.T) {
	texts := `<sst><si><t>plain</t></si><si><r><t>two </t></r><r><t>runs</t></r></si>` +
		`<si><t>東京</t><rPh sb="0" eb="2"><t>とうきょう</t></rPh></si><si><t xml:space="preserve">a_x000A_b</t></si><si><t/></si></sst>`
	sheet := `<x:worksheet xmlns:x="y"><x:sheetData><x:row r="2">` +
		`<x:c r="A2" t="s"><x:v>0</x:v></x:c><x:c r="B2" t="s"><x:v>1</x:v></x:c><x:c r="C2" t="s"><x:v>2</x:v></x:c><x:c r="D2" t="s"><x:v>3</x:v></x:c>` +
		`<x:c r="E2" t="inlineStr"><x:is><x:r><x:t>in</x:t></x:r><x:r><x:t>line</x:t></x:r></x:is></x:c><x:c r="F2" t="str"><x:v>&lt;str&gt;</x:v></x:c>` +
		`<x:c r="G2"><x:v>46082</x:v></x:c><x:c r="H2" t="b"><x:v>1</x:v></x:c><x:c r="J2" t="d"><x:v>2026-03-01T00:00:00Z</x:v></x:c>` +
		`<x:c r="K2" s="1"/><x:c r="L2" t="s"><x:v>4</x:v></x:c></x:row></x:sheetData></x:worksheet>`
	tables, faults := table.Read(withShared(t, sheet, texts), func(string) bool { return false })
	if len(faults) > 0 || len(tables) != 1 {
		t.Fatalf("%d tables, %v", len(tables), faults)
	}
	want := []string{"plain", "two runs", "東京", "a\nb", "inline", "<str>", "46082", "1", "", "2026-03-01"}
	if got := tables[0].Header; got.Number != 2 || !slices.Equal(got.Cells, want) {
		t.Errorf("row %d: %q, want %q", got.Number, got.Cells, want)
	}
}
