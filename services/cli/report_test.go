package cli_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/xuri/excelize/v2"
)

// TestTheReportOnTheCommandLine: as the guide has it, on the terminal and as
// files; a file that is there is kept.
func TestTheReportOnTheCommandLine(t *testing.T) {
	c, dir := running(t, t.TempDir(), "127.0.0.1:0"), t.TempDir()
	c.must(`{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00+08:00","unitRegistered":{"unit":"chengqu","nameZh":"城区营业部","nameEn":"Town outlet","kind":"UNIT_KIND_OUTLET","customers":"20000"}}
{"id":"o","source":"96766","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"T1","kind":"TICKET_KIND_FAULT","unit":"chengqu","customer":"C1","dueAt":"2026-03-03T09:00:00+08:00"}}
`, "push")
	c.settle()
	shows(t, c.must("", "report", "2026-03"), "Town outlet", "97.50", "open", "the most costly rules", "100.00%")
	shows(t, c.must("", "report", "2026-03", "-o", "json", "--entries"), `"rulebookVersion": "96766-1"`, `"points": "-5.00"`, `"lastMonth": "2026-02"`)
	shows(t, c.must("", "report", "2026-03", "-o", "csv"), "1,chengqu,Town outlet,97.50,5.00,0.00,1,,,,,open,0")

	file := func(name string) string { return filepath.Join(dir, name) }
	c.must("", "report", "2026-03", "--file", file("2026-03.xlsx"))
	book, err := excelize.OpenFile(file("2026-03.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	if tabs := book.GetSheetList(); len(tabs) != 4 || tabs[1] != "Town outlet" || book.Close() != nil {
		t.Errorf("tabs %v", tabs)
	}
	c.must("", "report", "2026-03", "--unit", "chengqu", "--file", file("chengqu.html"), "--lang", "zh")
	c.must("", "report", "2026-03", "--file", file("rules.csv"), "--table", "rules")
	for name, wants := range map[string][]string{"chengqu.html": {"月度服务考核测评表", "城区营业部", "暂计"}, "rules.csv": {"\ufeffmonth,kind,No", "六.1"}} {
		raw, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		shows(t, string(raw), wants...)
	}
	if code, _, said := c.run("", "report", "2026-03", "--file", file("rules.csv")); code == 0 {
		t.Errorf("a file was written over: %s", said)
	}
	c.must("", "report", "2026-03", "--file", file("rules.csv"), "--force")
	_, _, said := c.run("", "report", "2026-03", "--correction", "0")
	shows(t, said, "not closed")
	_, _, said = c.run("", "report", "2020-01", "--file", file("none.xlsx"))
	shows(t, said, "nothing was scored in 2020-01")
}
