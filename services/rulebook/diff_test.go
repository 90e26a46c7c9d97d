package rulebook_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kaohe.dev/services/rulebook"
)

var update = flag.Bool("update", false, "write the golden files anew")

// revised is the default with a change of every kind.
func revised(t *testing.T) *rulebook.Rulebook {
	t.Helper()
	text := string(rulebook.DefaultSource())
	for _, change := range [][2]string{
		{`version: "96766-1"`, `version: "96766-2"`},
		{`effective_month: "2000-01"`, `effective_month: "2026-07"`},
		{"zone: Asia/Shanghai", "zone: Asia/Urumqi"},
		{"within: 24h", "within: 36h"},
		{"  - class: rural-48h\n    within: 48h\n    clock: wall\n    label: {zh: 乡镇 48 小时, en: \"country, 48 hours\"}\n    clause: 六.1\n    basis: assumption\n", ""},
		{"  reply:\n    value: 24h", "  reply:\n    value: 48h"},
		{"[已处理, 处理, ", "[已办, 处理, "},
		{"overflow: {value: carry", "overflow: {value: drop"},
		{"share: 1.5%", "share: 2%"},
		{"{id: CS10, max: 10", "{id: CS10, max: 12"},
		{"en: appearance}", "en: looks}"},
		{"zero_at: 3", "zero_at: 4"},
		{"fairly: -2", "fairly: -3"},
		{"{value: lowest", "{value: latest"},
		{"    points: -5\n    part: customer_service\n    item: CS10", "    points: -4\n    part: customer_service\n    item: CS10"},
		{"branch: -10, province: -15", "branch: -8, province: -15"},
		{"when: \"!fact.satisfied\"", "when: \"!fact.satisfied && route.unit != ''\""},
		{"  - name: ticket_reworked\n    on: ticket_reworked\n    points: -2\n    part: customer_service\n    item: CS13\n    label: {zh: 返工, en: rework}\n    clause: 测评表\n    basis: assumption\n",
			"  - name: source_overdue\n    on: ticket_overdue\n    when: fact.cycle > 1\n    points: -2\n    part: customer_service\n    item: CS13\n    label: {zh: 返工超时, en: rework overdue}\n    clause: 测评表\n    basis: assumption\n"},
	} {
		if strings.Count(text, change[0]) < 1 {
			t.Fatalf("the default has no %q", change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	book, err := rulebook.Load("", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// TestADifferenceIsToldInBothLanguages reads testdata/diff.zh.txt and
// diff.en.txt; -update writes them anew.
func TestADifferenceIsToldInBothLanguages(t *testing.T) {
	before, after := rulebook.Default(), revised(t)
	found, err := rulebook.Diff(before, after)
	if err != nil {
		t.Fatal(err)
	}
	back, err := rulebook.Diff(after, before)
	if err != nil {
		t.Fatal(err)
	}
	for name, say := range map[string]func(rulebook.Text) string{
		"zh": func(t rulebook.Text) string { return t.Zh }, "en": func(t rulebook.Text) string { return t.En },
	} {
		var told strings.Builder
		for _, d := range found {
			fmt.Fprintf(&told, "%-7s %-5v %v %s\n        %s\n", d.Kind, d.Scores, d.For, d.Path, say(d.Text))
		}
		fmt.Fprintln(&told, "\nand back")
		for _, d := range back {
			fmt.Fprintf(&told, "%-7s %s\n", d.Kind, say(d.Text))
		}
		golden := filepath.Join("testdata", "diff."+name+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(told.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if told.String() != string(want) {
			t.Errorf("%s has changed; read it, and keep it with -update:\n%s", golden, told.String())
		}
	}
}

func TestNothingChangesFromARulebookToItself(t *testing.T) {
	reordered := strings.Replace(string(rulebook.DefaultSource()), "zone: Asia/Shanghai\n", "", 1) + "\nzone: Asia/Shanghai # moved\n"
	book, err := rulebook.Load("", []byte(reordered))
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []*rulebook.Rulebook{rulebook.Default(), book} {
		if found, err := rulebook.Diff(rulebook.Default(), other); err != nil || len(found) > 0 {
			t.Errorf("differences %v, error %v", found, err)
		}
	}
}
