package cli

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func quiet(env map[string]string) Terminal {
	return Terminal{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, Getenv: func(k string) string { return env[k] }}
}

func chinese(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// everyCommand visits our commands; help and completion are cobra's.
func everyCommand(root *cobra.Command, visit func(*cobra.Command)) {
	visit(root)
	for _, c := range root.Commands() {
		if c.Name() != "help" && c.Name() != "completion" {
			everyCommand(c, visit)
		}
	}
}

func TestEveryCommandHasAnExampleAndBothLanguages(t *testing.T) {
	for language, wantChinese := range map[string]bool{"zh": true, "en": false} {
		root := newSession([]string{"--lang", language}, quiet(nil)).root()
		count := 0
		everyCommand(root, func(c *cobra.Command) {
			count++
			if !strings.Contains(c.Example, "kaohe") {
				t.Errorf("%s: %s has no example", language, c.CommandPath())
			}
			for what, text := range map[string]string{"short": c.Short, "long": c.Long} {
				if text == "" || chinese(text) != wantChinese {
					t.Errorf("%s: the %s words of %s are %q", language, what, c.CommandPath(), text)
				}
			}
			c.LocalFlags().VisitAll(func(f *pflag.Flag) {
				if f.Usage == "" || chinese(f.Usage) != wantChinese {
					t.Errorf("%s: %s --%s says %q", language, c.CommandPath(), f.Name, f.Usage)
				}
			})
		})
		if count < 19 {
			t.Errorf("%d commands visited, expected at least 19", count)
		}
	}
}

func TestEveryEventOfTheFeedHasAChineseName(t *testing.T) {
	for name := range eventTypes() {
		if !chinese(eventNames()[name]) {
			t.Errorf("event %s has no Chinese name", name)
		}
	}
}

func TestTheLanguageIsTheFlagsThenTheEnvironments(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"nothing said":        {nil, nil, "zh"},
		"C":                   {nil, map[string]string{"LANG": "C.UTF-8"}, "zh"},
		"locale":              {nil, map[string]string{"LANG": "en_US.UTF-8"}, "en"},
		"own before locale":   {nil, map[string]string{"LANG": "en_US.UTF-8", "KAOHE_LANG": "zh"}, "zh"},
		"flag before all":     {[]string{"scores", "--lang=en"}, map[string]string{"KAOHE_LANG": "zh"}, "en"},
		"flag in two":         {[]string{"--lang", "en", "scores"}, nil, "en"},
		"flag without a word": {[]string{"--lang"}, nil, "zh"},
	} {
		if got := newSession(c.args, quiet(c.env)).lang; string(got) != c.want {
			t.Errorf("%s: language %s, want %s", name, got, c.want)
		}
	}
}

func TestWhatComesFromOutsideCannotMoveTheCursor(t *testing.T) {
	if got := printable("a\x1b[2Jb\nc\u009bd\u007f好"); got != "a [2Jb c d 好" {
		t.Errorf("printable gives %q", got)
	}
}

func TestAMistakeInTheCommandLineSaysWhereToLook(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"unknown command":  {[]string{"scoers"}, "scores"},
		"unknown flag":     {[]string{"scores", "--mnth", "2026-03"}, "kaohe scores --help"},
		"missing argument": {[]string{"explain"}, "kaohe explain --help"},
		"unknown output":   {[]string{"units", "-o", "xml"}, "csv"},
		"unknown target":   {[]string{"serve", "--target", "slar"}, "sla-timer"},
		"no mapping":       {[]string{"import", "x.csv"}, "--map"},
		"bad month":        {[]string{"demo", "--month", "March"}, "--month"},
		"no such file":     {[]string{"report", "2026-03", "--file", "x.pdf"}, ".xlsx"},
		"no such table":    {[]string{"report", "2026-03", "--table", "all"}, "entries"},
		"bad size":         {[]string{"bench", "--events", "0"}, "positive"},
	} {
		t.Run(name, func(t *testing.T) {
			terminal := quiet(map[string]string{"KAOHE_LANG": "en", "KAOHE_TOKEN": "x"})
			code := Run(t.Context(), c.args, terminal)
			if out := terminal.Err.(*bytes.Buffer).String(); code != exitUsage || !strings.Contains(out, c.says) {
				t.Errorf("exit %d, said %q, want %q", code, out, c.says)
			}
		})
	}
}
