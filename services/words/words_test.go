package words

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
)

// placeholders are the names in braces of a sentence, sorted.
func placeholders(sentence string) []string {
	names := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(sentence, -1)
	slices.Sort(names)
	return slices.Compact(names)
}

// TestEverySentenceIsWholeInBothLanguages: each says the same things, and no
// number of its own: numbers come from what was decided, and nowhere else.
func TestEverySentenceIsWholeInBothLanguages(t *testing.T) {
	number := regexp.MustCompile(`[1-9]|[一二三四五六七八九十两]起`)
	for code, said := range sentences() {
		if said.zh == "" || said.en == "" {
			t.Errorf("%s is not said in both languages", code)
		}
		if zh, en := placeholders(said.zh), placeholders(said.en); !slices.Equal(zh, en) {
			t.Errorf("%s tells %v in Chinese and %v in English", code, zh, en)
		}
		if number.MatchString(said.zh) || number.MatchString(said.en) {
			t.Errorf("%s has a number of its own: %s | %s", code, said.zh, said.en)
		}
	}
}

// TestEveryCodeHasItsWordsAndEveryWordItsCode: what is decided can be said, and
// what is said is decided somewhere.
func TestEveryCodeHasItsWordsAndEveryWordItsCode(t *testing.T) {
	said, quoted := map[string]string{}, map[string]bool{}
	because := regexp.MustCompile(`Because\("([a-z_]+)"[,)]`)
	text := regexp.MustCompile(`"([a-z_]+)"`)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Base(filepath.Dir(path)) == "words" {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, match := range because.FindAllStringSubmatch(string(raw), -1) {
			said[match[1]] = path
		}
		for _, match := range text.FindAllStringSubmatch(string(raw), -1) {
			quoted[match[1]] = true
		}
		return err
	})
	if err != nil || len(said) < 50 {
		t.Fatalf("%d codes were found (%v)", len(said), err)
	}
	for code, path := range said {
		if _, known := sentences()[code]; !known {
			t.Errorf("%s says %q, which has no words", path, code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(sentences())) {
		made := slices.ContainsFunc([]string{"shown_by_", "unannounced_", "not_told_", "told_late_"}, func(prefix string) bool {
			return strings.HasPrefix(code, prefix) && quoted[prefix]
		})
		if !quoted[code] && !made {
			t.Errorf("nobody decides %q, and it has words", code)
		}
	}
}

func TestArgumentsAreWordedInTheLanguage(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	due := time.Date(2026, 3, 3, 1, 0, 0, 0, time.UTC)
	why := flow.Because("retracted", flow.Part("because", flow.Because("completed_late",
		flow.Instant("due", due, zone), flow.Instant("done", due.Add(150*time.Minute), zone), flow.Length("late", 150*time.Minute))))
	want := &factv1.Text{
		Zh: "撤销原记分：应于 2026-03-03 09:00 前完成，实际 2026-03-03 11:30 完成，超时 2小时30分",
		En: "taken back: due 2026-03-03 09:00, completed 2026-03-03 11:30, 2 h 30 min late",
	}
	if got := Text(why); got.Zh != want.Zh || got.En != want.En || Check(why) != nil {
		t.Errorf("%v (%v), want %v", got, Check(why), want)
	}
	for name, wrong := range map[string]*factv1.Reason{
		"a code without words": flow.Because("no_such_code"), "too little said": flow.Because("not_completed"),
		"too much said": flow.Because("met_before", flow.Count("days", 3)), "a part without words": flow.Because("retracted", flow.Part("because", flow.Because("no_such_code"))),
	} {
		if Check(wrong) == nil {
			t.Errorf("%s is found in order", name)
		}
	}
}
