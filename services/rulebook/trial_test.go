package rulebook_test

import (
	"strings"
	"testing"

	"kaohe.dev/services/rulebook"
)

func TestATrialHoldsInItsMonthsOnly(t *testing.T) {
	tried := revised(t)
	trial := rulebook.NewPolicy(nil, nil).Trial(tried, "2026-02", "2026-03")
	for month, want := range map[string]string{"2026-01": "96766-1", "2026-02": "96766-2", "2026-03": "96766-2", "2026-04": "96766-1"} {
		if got := trial.In("U", month).Version; got != want {
			t.Errorf("%s: %s, want %s", month, got, want)
		}
	}
	if zone := trial.Zone("U").String(); zone != "Asia/Shanghai" {
		t.Errorf("the months moved to %s", zone)
	}
}

// Points are scoring's alone; all that services read is asked for.
func TestATrialIsAskedForWhereServicesMayFindSomethingElse(t *testing.T) {
	source := string(rulebook.DefaultSource())
	for change, want := range map[[2]string]bool{
		{"points: -5", "points: -4"}:                            false,
		{"share: 1.5%", "share: 2%"}:                            false,
		{"{id: CS10, max: 10", "{id: CS10, max: 12"}:            false,
		{`version: "96766-1"`, `version: "x"`}:                  false,
		{"within: 24h", "within: 36h"}:                          true,
		{"  reply:\n    value: 24h", "  reply:\n    value: 2h"}: true,
		{"grading: {value: lowest", "grading: {value: latest"}:  true,
		{"en: knows the process", "en: knows it"}:               true,
	} {
		text := strings.Replace(source, change[0], change[1], 1)
		if text == source {
			t.Fatalf("the default has no %q", change[0])
		}
		book, err := rulebook.Load("", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		asked := false
		watched := rulebook.NewPolicy(nil, nil).Trial(book, "2026-02", "2026-03").Watched(&asked)
		if watched.In("U", "2026-01"); asked {
			t.Errorf("%q: asked for a month that is not tried", change[1])
		}
		if watched.In("U", "2026-02"); asked != want {
			t.Errorf("%q: asked %v, want %v", change[1], asked, want)
		}
	}
}
