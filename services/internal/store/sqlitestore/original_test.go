package sqlitestore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
)

// TestFilesAreTheOwnersAlone: with what SQLite makes beside them, whatever the
// umask is, and also those an older kaohe has made.
func TestFilesAreTheOwnersAlone(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(t.TempDir(), "state")
	old := filepath.Join(dir, "old.db-wal")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(old, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, collection("sla/docs"))
	if err := s.Commit(t.Context(), []store.Write{write("sla/docs", "a", 0, 10)}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has %v", path, info.Mode())
		}
		seen[strings.TrimPrefix(path, dir)] = true
		return err
	})
	if err != nil || !seen["/sla.db"] || !seen["/sla.db-wal"] || !seen["/sla.db-shm"] || !seen["/old.db-wal"] {
		t.Errorf("looked at %v: %v", seen, err)
	}
}

// TestWhatIsOriginalIsSyncedAndOverwritten: every connection that writes syncs
// with each commit, and what is deleted or replaced is not left on a free page.
func TestWhatIsOriginalIsSyncedAndOverwritten(t *testing.T) {
	c := collection("tokens/docs")
	c.Original = true
	dir := t.TempDir()
	s := start(t, dir, c, collection("sla/docs"))
	for group, want := range map[string]int{"tokens": 2, "sla": 1} {
		var level int
		if err := s.files[group].write.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&level); err != nil || level != want {
			t.Errorf("%s is synchronous %d, want %d (%v)", group, level, want, err)
		}
	}
	secret := bytes.Repeat([]byte("secret!"), 100)
	in := func(version int64, body []byte) store.Write {
		return store.Write{Collection: c.Name, Doc: store.Doc{Key: "a", Version: version, Body: wrapperspb.Bytes(body)}}
	}
	for version, body := range [][]byte{secret, []byte("nothing")} {
		if err := s.Commit(t.Context(), []store.Write{in(int64(version), body)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "tokens.db")); err != nil || bytes.Contains(raw, []byte("secret!")) {
		t.Errorf("what was replaced is still in the file, or %v", err)
	}
}

// TestAGroupIsOriginalAsAWhole: a commit goes to a group, and is synced or not.
func TestAGroupIsOriginalAsAWhole(t *testing.T) {
	c := collection("tokens/docs")
	c.Original = true
	s := start(t, t.TempDir(), c)
	if err := s.Ensure(t.Context(), collection("tokens/others")); err == nil || !strings.Contains(err.Error(), "original") {
		t.Errorf("got %v", err)
	}
}

// TestADamagedOriginalIsNotToBeRebuilt: nobody is told to delete what is nowhere
// else.
func TestADamagedOriginalIsNotToBeRebuilt(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tokens.db"), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	c := collection("tokens/docs")
	c.Original = true
	if err := s.Ensure(t.Context(), c); !errors.Is(err, store.ErrCorrupt) || strings.Contains(err.Error(), "rebuilt") || !strings.Contains(err.Error(), "copy of the disk") {
		t.Errorf("got %v", err)
	}
}
