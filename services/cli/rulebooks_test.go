package cli_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kaohe.dev/services/rulebook"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what was shown with a file; -update writes it anew.
func golden(t *testing.T, name, shown string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(shown), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if shown != string(want) {
		t.Errorf("%s has changed; read it, and keep it with -update:\n%s", name, shown)
	}
}

// newRules writes the default with other points and a longer promise into a
// file, for a month that has not begun.
func newRules(t *testing.T) string {
	t.Helper()
	text := strings.NewReplacer(
		`version: "96766-1"`, `version: "96766-2"`, `effective_month: "2000-01"`, `effective_month: "2099-01"`,
		"points: -5\n    part: customer_service\n    item: CS10", "points: -4\n    part: customer_service\n    item: CS10",
		"within: 24h", "within: 36h",
	).Replace(string(rulebook.DefaultSource()))
	before, rest, _ := strings.Cut(text, "  - name: customer_praised")
	text = before + rest[strings.Index(rest, "  - name: "):]
	file := filepath.Join(t.TempDir(), "new.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// month is a month of one unit: a ticket overdue by a promised date, one that a
// day and a half would have been enough for, and praise.
const month = `{"id":"t2","source":"mine","occurredAt":"2026-03-04T09:00:00+08:00","ticketOpened":{"ticket":"T2","kind":"TICKET_KIND_FAULT","category":"no sound","unit":"chengqu","customer":"C2","commitmentClass":"urban-24h"}}
{"id":"t2c","source":"mine","occurredAt":"2026-03-05T20:00:00+08:00","ticketClosed":{"ticket":"T2"}}
`

func TestARulebookIsComparedTriedAndPublished(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	c.must(feed+month+praise, "push")
	file := newRules(t)
	for _, language := range []string{"zh", "en"} {
		shown := ""
		for _, command := range []string{
			"rulebook diff 96766-1 " + file,
			"whatif --months 2026-02..2026-03 --entries --rulebook " + file,
			"whatif --months 2026-03 -o csv --rulebook " + file,
			"whatif --months 2026-03 --rulebook 96766-1",
			"rulebook list",
		} {
			code, out, err := c.run("", append(strings.Fields(command), "--lang", language)...)
			if code != 0 {
				t.Fatalf("%s: exit %d: %s", command, code, err)
			}
			shown += "$ kaohe " + strings.ReplaceAll(command, file, "new.yaml") + "\n" + out + "\n"
		}
		golden(t, "rulebook."+language+".txt", shown)
	}
	if verified := c.must("", "verify", "--month", "2026-03"); !strings.Contains(verified, "the same") {
		t.Errorf("after the trials: %s", verified)
	}

	for _, try := range []struct {
		command, want string
		code          int
	}{
		{"rulebook publish " + file + " --month 2026-03", "--rejudge", 1},
		{"rulebook publish " + file, "published 96766-2, in force from 2099-01", 0},
		{"rulebook publish " + file, "published already", 0},
		{"rulebook publish " + file + " --month 2099-02", "another version", 1},
		{"rulebook list", "2098-12", 0},
		{"rulebook show 96766-2", "effective_month: \"2099-01\"", 0},
		{"rulebook show 96766-3", "did you mean", 1},
		{"rulebook diff 96766-1 96766-2", "points: -5 → -4", 0},
		{"rulebook diff 96766-1 96766-2 -o json", "\"scores\": true", 0},
		{"rulebook diff 96766-2 96766-2", "nothing changes", 0},
		{"whatif --rulebook 96766-2 --months 2026-3", "write 2026-03", 2},
		{"whatif --months 2026-03", "rulebook", 2},
		{"whatif --rulebook 96766-9 --months 2026-03", "did you mean", 1},
	} {
		code, out, err := c.run("", strings.Fields(try.command)...)
		if code != try.code || !strings.Contains(out+err, try.want) {
			t.Errorf("kaohe %s: exit %d, %s%s\nwant exit %d and %q", try.command, code, out, err, try.code, try.want)
		}
	}
}

func TestWhatTheCheckRefusesIsNotPublished(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	file := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(rulebook.DefaultSource()), "points: -5", "points: 5", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	c.must("", "verify", "--month", "2026-03") // what is published at the start has come by then
	before := c.must("", "rulebook", "list", "-o", "csv")
	if code, out, _ := c.run("", "rulebook", "publish", file); code != 1 || !strings.Contains(out, "line ") {
		t.Errorf("exit %d: %s", code, out)
	}
	if after := c.must("", "rulebook", "list", "-o", "csv"); after != before {
		t.Errorf("published: %s", after)
	}
}

// A rejudged month shows what the trial showed.
func TestTheTrialShowsWhatPublishingDoes(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	c.must(feed+month+praise, "push")
	file := newRules(t)
	tried := c.must("", "whatif", "--months", "2026-03", "--rulebook", file, "-o", "csv")
	c.must("", "rulebook", "publish", file, "--month", "2026-03", "--rejudge")
	if again := c.must("", "whatif", "--months", "2026-03", "--rulebook", "96766-1", "-o", "csv"); swapped(tried) != again {
		t.Errorf("tried:\n%s\nafter publishing, back:\n%s", tried, again)
	}
}

// swapped exchanges old and new in what whatif gives as CSV.
func swapped(csv string) string {
	var out []string
	for i, line := range strings.Split(csv, "\n") {
		f := strings.Split(line, ",")
		if i > 0 && len(f) >= 7 {
			f[3], f[4] = f[4], f[3]
			if minus, negative := strings.CutPrefix(f[5], "-"); negative {
				f[5] = minus
			} else if f[5] != "0.00" {
				f[5] = "-" + f[5]
			}
		}
		out = append(out, strings.Join(f, ","))
	}
	return strings.Join(out, "\n")
}
