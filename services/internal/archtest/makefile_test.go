package archtest

import (
	"os"
	"regexp"
	"testing"
)

// TestWhatTheGuidesHaveOneMakeCanBeMade: every `make X` of the guides has a
// recipe.
func TestWhatTheGuidesHaveOneMakeCanBeMade(t *testing.T) {
	const root = "../../../"
	makefile, err := os.ReadFile(root + "Makefile")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("(?m)(?:^|`)make ([a-z]+)")
	for _, guide := range []string{"README.md", "deploy/OPERATIONS.md"} {
		text, err := os.ReadFile(root + guide)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range named.FindAllSubmatch(text, -1) {
			recipe := regexp.MustCompile(`(?m)^` + string(match[1]) + `:.*\n\t`)
			if !recipe.Match(makefile) {
				t.Errorf("%s says make %s, for which the Makefile has no recipe", guide, match[1])
			}
		}
	}
}
