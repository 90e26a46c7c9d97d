package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestOnlyTheOwnerReads: also when the umask takes nothing away.
func TestOnlyTheOwnerReads(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(t.TempDir(), "a", "b")
	file := filepath.Join(dir, "file")
	if err := errors.Join(Dir(dir), Create(file, []byte("x")), Replace(file, []byte("y"))); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{dir: DirMode, filepath.Dir(dir): DirMode, file: FileMode} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has %v, want %v (%v)", path, info.Mode().Perm(), want, err)
		}
	}
}

func TestWhatIsThereStaysOrIsReplaced(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	for _, step := range []struct {
		do   func(string, []byte) error
		text string
		want string
	}{{Create, "first", "first"}, {Create, "second", "first"}, {Replace, "third", "third"}} {
		if err := step.do(file, []byte(step.text)); err != nil {
			t.Fatal(err)
		}
		if raw, err := os.ReadFile(file); err != nil || string(raw) != step.want {
			t.Errorf("it holds %q, want %q (%v)", raw, step.want, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
	if err := errors.Join(Remove(file), Remove(file)); err != nil {
		t.Error(err)
	}
}

func TestWhatOthersMayReadIsTakenFromThem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	file := filepath.Join(dir, "file")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(file, nil, 0o644), Own(dir), Own(file), Own(file+" that is gone")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{dir: DirMode, file: FileMode} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has %v, want %v (%v)", path, info.Mode().Perm(), want, err)
		}
	}
}

func TestAFileIsNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := Create(file, nil); err != nil {
		t.Fatal(err)
	}
	if err := Dir(file); err == nil {
		t.Error("a directory was made of a file")
	}
}
