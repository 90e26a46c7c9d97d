package gateway_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
)

// wordsOf gives the keys of the page's words in a language.
func wordsOf(t *testing.T, text, lang string) map[string]bool {
	t.Helper()
	_, rest, there := strings.Cut(text, "\n  "+lang+": {")
	block, _, ends := strings.Cut(rest, "\n  },")
	if !there || !ends {
		t.Fatalf("words.js has no %s", lang)
	}
	block = regexp.MustCompile(`'[^']*'`).ReplaceAllString(block, "''")
	keys := map[string]bool{}
	for _, found := range regexp.MustCompile(`(\w+): ''`).FindAllStringSubmatch(block, -1) {
		keys[found[1]] = true
	}
	return keys
}

// TestThePageSaysEverythingInBothLanguages: the same keys in both, and each that
// the page asks for is there.
func TestThePageSaysEverythingInBothLanguages(t *testing.T) {
	raw, err := os.ReadFile("web/words.js")
	must(t, err)
	zh, en := wordsOf(t, string(raw), "zh"), wordsOf(t, string(raw), "en")
	if !maps.Equal(zh, en) || len(zh) < 100 {
		t.Errorf("zh has %d words, en %d: %v", len(zh), len(en), slices.Sorted(maps.Keys(zh)))
	}
	files, err := filepath.Glob("web/*")
	must(t, err)
	asked := regexp.MustCompile(`\bt\('(\w+)'\)|data-(?:t|label)="(\w+)"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, found := range asked.FindAllStringSubmatch(string(text), -1) {
			if key := found[1] + found[2]; !zh[key] {
				t.Errorf("%s asks for %q, which words.js has not", file, key)
			}
		}
	}
}

// TestWhoAmITellsWhatTheRoleMay: a page offers what the server would not refuse
// for the role.
func TestWhoAmITellsWhatTheRoleMay(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "]")
	h.call("POST", "/v1/barriers", "{}")
	for role, want := range map[contractv1.Role]map[string]bool{
		contractv1.Role_ROLE_FEED:         {"PushEvents": true, "ListScorecards": false, "ticketOpened": true, "itemWaived": false},
		contractv1.Role_ROLE_UNIT_MANAGER: {"RaiseObjection": true, "CloseMonth": false, "DecideObjection": false, "itemWaived": false},
		contractv1.Role_ROLE_ASSESSOR:     {"CloseMonth": true, "DecideRestatement": false, "RaiseObjection": false, "itemWaived": true},
		contractv1.Role_ROLE_COMMITTEE:    {"CloseMonth": false, "DecideRestatement": true, "PublishMonth": true, "itemWaived": false},
		// Also what is in no row of the table.
		contractv1.Role_ROLE_ADMINISTRATOR: {"CreateToken": true, "CloseMonth": true, "itemWaived": true, "callMade": false},
	} {
		var me struct{ Calls, Events []string }
		h.call("GET", "/v1/me", "", h.as(role)...).into(t, &me)
		for name, may := range want {
			if got := slices.Contains(slices.Concat(me.Calls, me.Events), name); got != may {
				t.Errorf("%s: %s is told as %v, want %v", role, name, got, may)
			}
		}
	}
}
