package adversary

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// loops are ten to the power of so many steps.
func loops(deep int) string {
	text := "true"
	for range deep {
		text = "[0,1,2,3,4,5,6,7,8,9].all(x, " + text + ")"
	}
	return text
}

// run runs a command and gives what it said and whether it succeeded.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.Command(program, append(args, "--lang", "en")...).CombinedOutput()
	return string(out), err
}

// TestDearExpressionsAreRefused offers a rulebook and a mapping whose expressions
// would work for hours.
func TestDearExpressionsAreRefused(t *testing.T) {
	base, err := os.ReadFile("../../services/rulebook/data/96766.yaml")
	must(t, err)
	rule := "  - {name: dear%d, on: ticket_overdue, when: \"%d >= 0 && %s\", points: -1, part: customer_service, item: CS10, label: {zh: 贵, en: dear}, clause: c, basis: assumption}\n"
	withRules := func(count, deep int) string {
		text := "\nrules:\n"
		for i := range count {
			text += fmt.Sprintf(rule, i, i, loops(deep))
		}
		return strings.Replace(string(base), "\nrules:\n", text, 1)
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	mapping := "name: x\nsource: x\nshape: ticket\ntimes: [\"%Y-%m-%d\"]\nticket: no\nevents:\n" +
		"  - {type: ticket_closed, when: \"" + loops(9) + "\", at: {column: day}}\n"
	rows := write("log.csv", "no,day\nA,2026-03-01\n")
	for name, args := range map[string][]string{
		"a rule of a billion steps":    {"rulebook", "check", write("one.yaml", withRules(1, 9))},
		"75 rules of a thousand steps": {"rulebook", "check", write("many.yaml", withRules(75, 3))},
		"a mapping":                    {"import", "--map", write("map.yaml", mapping), rows, "--token", "x"},
	} {
		begun := time.Now()
		out, err := run(t, args...)
		if err == nil || !strings.Contains(out, "units") || !strings.Contains(out, "more than") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if took := time.Since(begun); took > time.Minute {
			t.Errorf("%s was refused after %s", name, took)
		}
	}
}
