package archive

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// extend adds messages to the archive in a directory and seals it.
func extend(t testing.TB, dir string, batches ...string) *Archive {
	t.Helper()
	a, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := a.Extend("log")
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range batches {
		if err := w.Add([]byte(batch), perFile/2); err != nil { // so that two fill a file
			t.Fatal(err)
		}
	}
	if err := w.Seal("2026-01"); err != nil {
		t.Fatal(err)
	}
	return a
}

func read(t testing.TB, a *Archive, from uint64) string {
	t.Helper()
	var got []string
	if err := a.Read(from, func(message uint64, batch []byte) error {
		got = append(got, fmt.Sprintf("%d:%s", message, batch))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(got, " ")
}

func TestWhatIsArchivedIsReadWithItsNumbers(t *testing.T) {
	dir := t.TempDir()
	extend(t, dir, "a", "b", "", "d", "e")
	extend(t, dir) // nothing new
	a := extend(t, dir, "f")
	if a.Last() != 6 || a.Events() != 6*perFile/2 || a.Before() != "2026-01" || a.Log() != "log" {
		t.Errorf("it ends at %d and has %d events", a.Last(), a.Events())
	}
	again, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[uint64]string{0: "1:a 2:b 3: 4:d 5:e 6:f", 2: "2:b 3: 4:d 5:e 6:f", 4: "4:d 5:e 6:f", 6: "6:f", 7: ""} {
		if got := read(t, again, from); got != want {
			t.Errorf("from %d: %s, want %s", from, got, want)
		}
	}
}

func TestWhatWasNotSealedDoesNotCount(t *testing.T) {
	dir := t.TempDir()
	extend(t, dir, "a")
	a, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := a.Extend("log")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Add(bytes.Repeat([]byte("x"), 100_000), 1), w.Close()); err != nil {
		t.Fatal(err)
	}
	if got := read(t, extend(t, dir, "b"), 0); got != "1:a 2:b" {
		t.Errorf("it has %s", got)
	}
}

func TestAnArchiveThatIsDamagedIsRefused(t *testing.T) {
	for what, damage := range map[string]func(dir string) error{
		"is damaged": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "events-00001.pb.gz"), []byte("x"), 0o600)
		},
		"no such file": func(dir string) error { return os.Remove(filepath.Join(dir, "events-00002.pb.gz")) },
		"lacks the messages from 1 to 2": func(dir string) error {
			return replaceIn(filepath.Join(dir, manifestName), `"first": 1,`, `"first": 3,`)
		},
		"has format 2": func(dir string) error {
			return replaceIn(filepath.Join(dir, manifestName), `"format": 1`, `"format": 2`)
		},
	} {
		dir := t.TempDir()
		extend(t, dir, "a", "b", "c")
		if err := damage(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("want %q, got %v", what, err)
		}
	}
}

func replaceIn(name, old, with string) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return os.WriteFile(name, bytes.Replace(raw, []byte(old), []byte(with), 1), 0o600)
}

func TestAnArchiveOfAnotherLogIsNotGoneOnWith(t *testing.T) {
	dir := t.TempDir()
	a := extend(t, dir, "a")
	if _, err := a.Extend("another"); !errors.Is(err, ErrOtherLog) {
		t.Errorf("got %v", err)
	}
}
