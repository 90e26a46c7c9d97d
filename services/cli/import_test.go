package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const mapping = `name: mine
source: desk
shape: ticket
zone: Asia/Shanghai
times: ["%Y-%m-%d %H:%M"]
missing: [""]
ticket: no
events:
  - type: ticket_opened
    at: {column: opened}
    set: {kind: {value: fault}, unit: {column: unit}, due_at: {column: due}}
  - type: ticket_closed
    when: has(row.closed)
    at: {column: closed}
  - type: source_verdict_reported
    when: has(row.closed) && has(row.met)
    at: {column: closed}
    set: {met: {cel: row.met == 'Y'}}
`

const tickets = `no,unit,opened,due,closed,met
A1,chengqu,2026-03-02 09:00,2026-03-03 09:00,2026-03-02 10:00,Y
A2,chengqu,2026-03-02 09:00,2026-03-03 09:00,2026-03-04 10:00,N
A3,chengqu,yesterday,2026-03-03 09:00,,
`

func TestAnImportEndsWithItsSummaryAndRejects(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	c.must(feed[:strings.Index(feed, "\n")+1], "push")
	dir := t.TempDir()
	for name, text := range map[string]string{"map.yaml": mapping, "tickets.csv": tickets} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rejects := filepath.Join(dir, "rejects.csv")
	args := []string{"import", "--map", filepath.Join(dir, "map.yaml"), "--as-of", "2026-04-01T00:00:00+08:00",
		"--rejects", rejects, filepath.Join(dir, "tickets.csv")}
	out := c.must("", args...)
	for _, want := range []string{"rows 3, rejected 1", "duplicates 0", "2 the same (met 1, missed 1)", rejects} {
		if !strings.Contains(out, want) {
			t.Errorf("the summary is\n%s\nwant %q", out, want)
		}
	}
	if raw, err := os.ReadFile(rejects); err != nil || !strings.Contains(string(raw), "bad_time") {
		t.Errorf("rejects %q, error %v", raw, err)
	}
	if again := c.must("", args...); !strings.Contains(again, "accepted 0") {
		t.Errorf("imported twice:\n%s", again)
	}
	if ledger := c.must("", "ledger", "--month", "2026-03", "-o", "csv"); strings.Count(ledger, "\n") != 2 {
		t.Errorf("the ledger is\n%s", ledger)
	}
}

func TestABrokenMappingNamesItsLine(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	name := filepath.Join(t.TempDir(), "map.yaml")
	if err := os.WriteFile(name, []byte(strings.Replace(mapping, "ticket_closed", "ticket_shut", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, err := c.run("", "import", "--map", name, "tickets.csv")
	if code != 1 || !strings.Contains(err, "line 12") || !strings.Contains(err, "ticket_closed") {
		t.Errorf("exit %d, said %q", code, err)
	}
}
