package deploycheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// planted is a mistake: in a file, something is replaced, and what is said
// about it.
type planted struct{ check, file, old, by, says string }

// A check that does not see a mistake is worth nothing: here are the mistakes.
func TestPlantedMistakesAreSeen(t *testing.T) {
	asked, builds := kaohe(t), toolchain(t)
	for _, mistakes := range [][]planted{processMistakes, podMistakes, togetherMistakes, networkMistakes} {
		for _, m := range mistakes {
			t.Run(m.check+"/"+m.says, func(t *testing.T) {
				t.Parallel()
				var found Problems
				checks[m.check](Deploy{Dir: m.plant(t), Program: asked, Toolchain: builds}, &found)
				if !strings.Contains(strings.Join(found, "\n"), m.says) {
					t.Errorf("%s with %q for %q: %q is not said, only %q", m.file, m.by, m.old, m.says, found)
				}
			})
		}
	}
}

// A release names what it fetches by digest: one that is missing, or cut short, is
// seen, and images that have theirs are not complained of.
func TestAReleaseNeedsDigests(t *testing.T) {
	pinned := planted{file: "kubernetes/base/nats.yaml", old: "nats:2.15-alpine", by: "nats:2.15-alpine@sha256:" + strings.Repeat("0", 64)}
	cut := planted{file: "kubernetes/base/nats.yaml", old: "nats:2.15-alpine", by: "nats:2.15-alpine@sha256:00"}
	for says, m := range map[string]planted{"": pinned, "kubernetes/try: image nats:2.15-alpine@sha256:00 is not named by its digest": cut} {
		var found Problems
		Deploy{Dir: m.plant(t), Program: kaohe(t), Toolchain: toolchain(t), Release: true}.CheckImages(&found)
		all := strings.Join(found, "\n")
		if !strings.Contains(all, "image mongo:8 is not named by its digest") || !strings.Contains(all, says) ||
			says == "" && strings.Contains(all, "kubernetes/try: image nats") {
			t.Errorf("%s: %s", m.by, all)
		}
	}
}

// plant copies deploy/ and makes the mistake in the copy.
func (m planted) plant(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../deploy")); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, m.file)
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), m.old) {
		t.Fatalf("%s does not say %q any more", m.file, m.old)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(raw), m.old, m.by, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
