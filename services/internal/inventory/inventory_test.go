package inventory_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kaohe.dev/services/internal/inventory"
)

func fill(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"a": "one", "sub/b": strings.Repeat("two", 1_000_000), "sub/empty": "", "left/c": "three"} {
		put(t, dir, name, text)
	}
	return dir
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func take(t *testing.T, dir string, trust *inventory.Inventory) *inventory.Inventory {
	t.Helper()
	i, err := inventory.Take(dir, time.Now(), inventory.Options{Leave: func(path string) bool { return path == "left" }, Trust: trust})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func told(changes []inventory.Change) (text string) {
	for _, c := range changes {
		text += c.Path + ": " + c.String()
	}
	return text
}

func TestWhateverChangesIsSeen(t *testing.T) {
	for what, change := range map[string]func(dir string) error{
		"sub/b: the file, 3000000 bytes, has other content": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "sub/b"), []byte(strings.Repeat("two", 999_999)+"twO"), 0o600)
		},
		"a: the file had 3 bytes and has 2": func(dir string) error { return os.Truncate(filepath.Join(dir, "a"), 2) },
		"sub/empty: the file, 0 bytes, is gone": func(dir string) error {
			return os.Remove(filepath.Join(dir, "sub/empty"))
		},
		"d: the file, 3 bytes, was not there": func(dir string) error { return os.WriteFile(filepath.Join(dir, "d"), []byte("new"), 0o600) },
		"":                                    func(dir string) error { return os.WriteFile(filepath.Join(dir, "left/c"), []byte("new"), 0o600) },
	} {
		dir := fill(t)
		was := take(t, dir, nil)
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		if got := told(was.Changes(take(t, dir, nil))); got != what {
			t.Errorf("%s, want %s", got, what)
		}
		// What was written since is read anew, trust or not.
		if got := told(was.Changes(take(t, dir, was))); got != what {
			t.Errorf("with trust: %s, want %s", got, what)
		}
	}
}

func TestAnInventoryThatChangedIsNoInventory(t *testing.T) {
	dir := fill(t)
	if _, err := inventory.Load(dir); !errors.Is(err, inventory.ErrNone) {
		t.Errorf("of a directory without: %v", err)
	}
	was := take(t, dir, nil)
	text, err := was.Text()
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, inventory.Name, string(text))
	read, err := inventory.Load(dir)
	if err != nil || len(was.Changes(read)) > 0 || len(read.Files) != 3 {
		t.Fatalf("%+v (%v)", read, err)
	}
	for at := range text {
		text[at] ^= 1
		put(t, dir, inventory.Name, string(text))
		if _, err := inventory.Load(dir); !errors.Is(err, inventory.ErrDamaged) {
			t.Fatalf("byte %d changed: %v", at, err)
		}
		text[at] ^= 1
	}
}
