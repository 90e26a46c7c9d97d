package report_test

import (
	"bytes"
	"os"
	"testing"

	"kaohe.dev/services/report"
)

// TestTheSheetsOfTheScriptedMonth: the sheets as csv and as the page to print, in
// both languages, as a person has read them. Run with -update after a change, and
// read them.
func TestTheSheetsOfTheScriptedMonth(t *testing.T) {
	r := published(t)
	for _, lang := range []string{"zh", "en"} {
		book := report.Layout(r, lang)
		for _, table := range report.Tables() {
			var out bytes.Buffer
			must(t, book.CSV(&out, table))
			golden(t, string(table)+"."+lang+".csv", out.Bytes())
		}
		var out bytes.Buffer
		must(t, book.Page(&out))
		golden(t, "month."+lang+".html", out.Bytes())
	}
}

// TestARunningMonthIsMarkedProvisional: so is every item that nobody assessed.
func TestARunningMonthIsMarkedProvisional(t *testing.T) {
	r := march(t, day(20), "xinqu")
	for _, lang := range []string{"zh", "en"} {
		var out bytes.Buffer
		must(t, report.Layout(r, lang).Page(&out))
		golden(t, "running."+lang+".html", out.Bytes())
		warning := map[string]string{"zh": "暂计：本月尚未关账", "en": "Provisional: the month is not closed"}[lang]
		if !bytes.Contains(out.Bytes(), []byte(warning)) {
			t.Errorf("%s: the page does not say %q", lang, warning)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		must(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(want, got) {
		t.Errorf("%s has changed; read it, and keep it with -update:\n%s", path, got)
	}
}
