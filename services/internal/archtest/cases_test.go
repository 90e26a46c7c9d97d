package archtest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	aTest    = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	namesOne = regexp.MustCompile("`(Test\\w+)`")
)

// tests are the names of all tests below a folder.
func tests(t *testing.T, folder string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, match := range aTest.FindAllSubmatch(raw, -1) {
			names[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// allTests are the names of all tests there are.
func allTests(t *testing.T) map[string]bool {
	t.Helper()
	names := tests(t, "../../../services")
	for _, folder := range []string{"../../../e2e", "../../../scripts"} {
		for name := range tests(t, folder) {
			names[name] = true
		}
	}
	return names
}

// heldBy gives what stands in the first column of a page's tables where the line
// names a test, each of which must exist.
func heldBy(t *testing.T, page string) map[string]bool {
	t.Helper()
	names := allTests(t)
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(line, "|")
		for _, match := range namesOne.FindAllStringSubmatch(line, -1) {
			if !names[match[1]] {
				t.Errorf("%s is no test, in %s", match[1], line)
			}
			if len(cells) > 1 {
				held[strings.TrimSpace(cells[1])] = true
			}
		}
	}
	return held
}

// TestEveryCaseIsHeldByATest: the page of cases names tests that exist, for
// every case.
func TestEveryCaseIsHeldByATest(t *testing.T) {
	held := heldBy(t, "../../../e2e/cases.md")
	for number := range 40 {
		if !held[fmt.Sprint(number+1)] {
			t.Errorf("case %d is held by no test", number+1)
		}
	}
}

// TestEveryAttackIsHeldByATest: the page of attacks names tests that exist.
func TestEveryAttackIsHeldByATest(t *testing.T) {
	if held := heldBy(t, "../../../e2e/attacks.md"); len(held) < 20 {
		t.Errorf("the page of attacks names tests for %d attacks", len(held))
	}
}
