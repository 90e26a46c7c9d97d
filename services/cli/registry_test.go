package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// shows fails when a text lacks one of some words.
func shows(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

// TestTheRegistryOnTheCommandLine: the template filled in, looked at, applied,
// changed from a date on; then halls are drawn and the draw is checked.
func TestTheRegistryOnTheCommandLine(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	file := filepath.Join(t.TempDir(), "registry.xlsx")
	c.fill(file)

	_, out, said := c.run("", "registry", "import", file)
	shows(t, out+said, "chengqu", "new", "customers: 0 → 20000", "nothing was written")
	if out := c.must("", "units"); !strings.Contains(out, "(none)") {
		t.Errorf("a preview registered something: %s", out)
	}
	c.must("", "registry", "import", file, "--yes")
	if code, _, said := run(t.Context(), "", "registry", "template", file, "--lang", "en"); code == 0 {
		t.Errorf("the template was written over a file: %s", said)
	}
	shows(t, c.must("", "registry", "unit", "chengqu", "--customers", "30000", "--from", "2026-04-01"), "30000", "2026-04-01", "城区营业部", "admin")
	c.must("", "registry", "agent", "8001", "--left", "--from", "2026-06-01")
	c.must("", "registry", "manager", "chengqu", "孙丽", "--from", "2026-05-01")
	for command, wants := range map[string][]string{
		"registry units --unit chengqu":             {"20000", "30000", "always", "2026-04-01", "正阳路1号"},
		"registry agents --at 2026-05-31":           {"8001", "李静", "chengqu"},
		"registry agents --history -o csv":          {"8001,李静,chengqu,,,always", "8001,李静,chengqu,,yes,2026-06-01"},
		"registry managers":                         {"赵敏", "孙丽", "2026-05-01"},
		"registry commitments":                      {"urban-24h", "24h0m0s", "every hour", "96766-1"},
		"registry calendar cn --year 2026":          {"2026-03-02", "08:30-12:00 14:00-18:00"},
		"quota --unit chengqu --month 2026-03":      {"of 300"},
		"quota --unit chengqu --month 2026-04":      {"of 450"},
		"audit --what hall_manager_registered":      {"admin", "孙丽", "赵敏"},
		"draw --month 2026-03 --halls 1 --seed abc": {"chengqu", "abc (chosen)", "holds"},
		"draw list --month 2026-02":                 {"(none)"},
	} {
		shows(t, c.must("", strings.Fields(command)...), wants...)
	}

	id := regexp.MustCompile(`draw-\w+`).FindString(c.must("", "draw", "list", "--month", "2026-03"))
	shows(t, c.must("", "draw", "verify", id), "chengqu", "holds")
	c.must(`{"id":"d","source":"desk","occurredAt":"2026-03-05T09:00:00+08:00","hallsDrawn":{"draw":"chosen","month":"2026-03","seed":"s","eligible":["gongsi"],"drawn":["gongsi"],"person":"x"}}`, "push")
	c.settle()
	code, out, said := c.run("", "draw", "verify", "chosen")
	if code == 0 {
		t.Errorf("a draw that leaves a hall out holds: %s", out)
	}
	shows(t, out+said, "DOES NOT HOLD", "left out: chengqu")
}

// settle waits until what was pushed is kept: a verification ends with a marker,
// and what the first passed is committed when the second has passed.
func (c *client) settle() {
	c.t.Helper()
	c.must("", "verify", "--month", "2026-03")
	c.must("", "verify", "--month", "2026-03")
}

// fill makes the template and fills it in.
func (c *client) fill(name string) {
	c.t.Helper()
	if code, _, said := run(c.t.Context(), "", "registry", "template", name, "--lang", "en"); code != 0 {
		c.t.Fatal(said)
	}
	book, err := excelize.OpenFile(name)
	if err != nil {
		c.t.Fatal(err)
	}
	for sheet, rows := range map[string][][]any{
		"units":    {{"chengqu", "城区营业部", "", "outlet", 20000, "", "正阳路1号"}, {"gongsi", "代维公司", "", "contractor", 800}},
		"agents":   {{"8001", "李静", "chengqu"}},
		"managers": {{"chengqu", "赵敏"}},
	} {
		for i, row := range rows {
			cell, err := excelize.CoordinatesToCellName(1, i+2)
			if err == nil {
				err = book.SetSheetRow(sheet, cell, &row)
			}
			if err != nil {
				c.t.Fatal(err)
			}
		}
	}
	if err := book.Save(); err != nil {
		c.t.Fatal(err)
	}
	if err := book.Close(); err != nil {
		c.t.Fatal(err)
	}
}

func TestARegistryFileWithProblemsSaysWhere(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	file := filepath.Join(t.TempDir(), "units.csv")
	if err := os.WriteFile(file, []byte("unit,name_zh,kind,customers\nchengqu,城区营业部,outlet,abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, said := c.run("", "registry", "import", file, "--yes")
	if code == 0 {
		t.Error("it was taken")
	}
	shows(t, out+said, "D2", "abc", "digits", "nothing was written")
	shows(t, c.must("", "units"), "(none)")
}

// TestEvidenceIsReadableOnTheCommandLine: where it is kept and its hash.
func TestEvidenceIsReadableOnTheCommandLine(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	hash := strings.Repeat("a1", 32)
	c.must("", "registry", "unit", "chengqu", "--name-zh", "城区营业部", "--kind", "outlet")
	c.must(`{"id":"v","source":"desk","occurredAt":"2026-03-05T09:00:00+08:00","hallAssessed":{"visit":"V1","unit":"chengqu","month":"2026-03","method":"ASSESSMENT_METHOD_INSPECTION","person":"x","findings":[{"check":"hall_process","level":"fairly"}],"evidence":[{"uri":"https://files.example/1.jpg","sha256":"`+hash+`"}]}}`, "push")
	c.settle()
	entry := regexp.MustCompile(`\bE[0-9A-Z]{12,}\b`).FindString(c.must("", "ledger", "--month", "2026-03", "-o", "csv"))
	shows(t, c.must("", "explain", entry, "-o", "json"), "https://files.example/1.jpg", hash)
	shows(t, c.must("", "explain", entry), "evidence=(uri=https://files.example/1.jpg sha256="+hash+")", "findings=(check=hall_process level=fairly)")
}
