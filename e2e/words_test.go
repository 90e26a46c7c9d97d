package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// reworded builds the program with every sentence of both languages changed, as
// a release that words them better would be.
func reworded(t *testing.T) string {
	t.Helper()
	source, err := filepath.Abs("../services/words/sentences.go")
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`(?m)^(\s+"[a-z_]+":\s+\{")(.*)(", ")(.*)("\},)$`)
	raw := mustRead(t, source)
	if n := len(said.FindAllString(raw, -1)); n < 100 {
		t.Fatalf("%d sentences were found in %s", n, source)
	}
	dir := t.TempDir()
	changed := write(t, "sentences.go", said.ReplaceAllString(raw, "${1}新写法：${2}${3}reworded: ${4}${5}"))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	if err != nil {
		t.Fatal(err)
	}
	output := filepath.Join(dir, "kaohe")
	build := exec.Command("go", "build", "-overlay", write(t, "overlay.json", string(overlay)), "-o", output, "./cmd/kaohe")
	build.Dir = "../services"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build it reworded: %v\n%s", err, out)
	}
	return output
}

// TestARewordedReleaseReversesNothing (49): sentences are in no hash, equality or
// stored verdict. With every sentence of both languages changed, open and closed
// months verify to the hashes they had, nothing is taken back, nothing waits to
// be restated, and a backup of before is restored with the same hashes.
func TestARewordedReleaseReversesNothing(t *testing.T) {
	t.Parallel()
	next := reworded(t)
	data := t.TempDir()
	s := up(t, data)
	s.pushes(aMonth)
	s.pushes(waivedItems())
	s.pushes(`[{"id":"w11","source":"desk","occurredAt":"2026-04-01T09:00:00+08:00","itemWaived":{"unit":"chengqu","month":"2026-03","item":"H11","person":"孙莉","reason":"停业装修"}},
		{"id":"o2","source":"96766","occurredAt":"2026-04-02T09:00:00+08:00","ticketOpened":{"ticket":"T2","kind":"TICKET_KIND_FAULT","unit":"chengqu","customer":"C2","dueAt":"2026-04-03T09:00:00+08:00"}}]`)
	if code := s.call("POST", "/v1/months/2026-03/closure", "{}", nil); code != 200 {
		t.Fatalf("close the month: %d", code)
	}
	s.call("POST", "/v1/barriers", "{}", nil)
	closed, open := s.verify("2026-03"), s.verify("2026-04")
	before := append(s.entries("2026-03", ""), s.entries("2026-04", "")...)
	backup := filepath.Join(t.TempDir(), "backup")
	s.mustKaohe("backup", backup)
	s.stop()

	s = upWith(t, next, data)
	s.call("POST", "/v1/barriers", "{}", nil)
	after := append(s.entries("2026-03", ""), s.entries("2026-04", "")...)
	if len(after) != len(before) {
		t.Errorf("%d entries, there were %d: %+v", len(after), len(before), after)
	}
	for _, e := range after {
		if !strings.Contains(e.Reason.Zh, "新写法") || !strings.Contains(e.Reason.En, "reworded") {
			t.Errorf("%s still says %q, %q", e.Rule, e.Reason.Zh, e.Reason.En)
		}
	}
	if got, want := s.verify("2026-03")+s.verify("2026-04"), closed+open; got != want {
		t.Errorf("hashes %s, they were %s", got, want)
	}
	var waiting struct{ Restatements []any }
	if s.call("GET", "/v1/months/2026-03/restatements", "", &waiting); len(waiting.Restatements) > 0 {
		t.Errorf("waits to be restated: %v", waiting.Restatements)
	}
	s.stop()

	restored := filepath.Join(t.TempDir(), "data")
	if out, err := exec.Command(next, "restore", backup, "--data", restored, "--lang", "en").CombinedOutput(); err != nil || !strings.Contains(string(out), closed) || !strings.Contains(string(out), open) {
		t.Errorf("restored: %v\n%s", err, out)
	}
	if _, err := os.Stat(restored); err != nil {
		t.Error(err)
	}
}
