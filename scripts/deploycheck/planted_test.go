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
	asked := kaohe(t)
	for _, mistakes := range [][]planted{processMistakes, podMistakes, togetherMistakes, networkMistakes} {
		for _, m := range mistakes {
			t.Run(m.check+"/"+m.says, func(t *testing.T) {
				t.Parallel()
				var found Problems
				checks[m.check](Deploy{Dir: m.plant(t), Program: asked}, &found)
				if !strings.Contains(strings.Join(found, "\n"), m.says) {
					t.Errorf("%s with %q for %q: %q is not said, only %q", m.file, m.by, m.old, m.says, found)
				}
			})
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
