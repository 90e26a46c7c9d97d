package disk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// mounted mounts a disk until the test ends.
func mounted(t testing.TB, d *Disk) string {
	t.Helper()
	dir := t.TempDir()
	unmount, err := d.Mount(dir)
	if err != nil {
		t.Skipf("a disk with a plug needs /dev/fuse and the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func write(t testing.TB, file *os.File, at int64, data []byte) {
	t.Helper()
	if _, err := file.WriteAt(data, at); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasSyncedIsFoundAndWhatWasNotMayBeLost(t *testing.T) {
	d := New()
	dir := mounted(t, d)
	synced, later := bytes.Repeat([]byte("s"), 3*page+7), bytes.Repeat([]byte("l"), 9*page)
	file, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	write(t, file, 0, synced)
	if err := file.Sync(); err != nil {
		t.Fatal(err)
	}
	write(t, file, int64(len(synced)), later)
	if err := os.WriteFile(filepath.Join(dir, "unsynced"), later, 0o600); err != nil {
		t.Fatal(err)
	}
	lengths := map[string]bool{}
	for seed := range uint64(50) {
		found := d.Pull(rand.New(rand.NewPCG(seed, 1)))
		got := found.names["log"].live
		if !bytes.HasPrefix(got, synced) {
			t.Fatalf("seed %d: of what was synced %d bytes are left", seed, len(got))
		}
		lengths[fmt.Sprint("log ", len(got))] = true
		if f := found.names["unsynced"]; f == nil {
			lengths["unsynced is gone"] = true
		} else {
			lengths[fmt.Sprint("unsynced ", len(f.live))] = true
		}
	}
	for _, want := range []string{
		fmt.Sprint("log ", len(synced)), fmt.Sprint("log ", len(synced)+len(later)), "unsynced is gone", "unsynced 0", fmt.Sprint("unsynced ", len(later)),
	} {
		if !lengths[want] {
			t.Errorf("never found: %s", want)
		}
	}
	if err := file.Sync(); err == nil {
		t.Error("it can be synced without power")
	}
}

func TestASyncCommitsTheNamesBeforeIt(t *testing.T) {
	d := New()
	dir := mounted(t, d)
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.Mkdir(in("a"), 0o700), os.WriteFile(in("a/old"), []byte("old"), 0o600), os.Rename(in("a"), in("b")),
		os.WriteFile(in("gone"), nil, 0o600), os.Link(in("gone"), in("b/other")), os.Remove(in("gone")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.Sync(); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(20) {
		found := d.Pull(rand.New(rand.NewPCG(seed, 2)))
		if len(found.names) != 3 || found.names["b/other"] == nil || found.names["b"] == nil || found.names["b/old"] == nil {
			t.Fatalf("seed %d: found %v", seed, found.names)
		}
		if again := mounted(t, found); seed == 0 {
			if _, err := os.Stat(filepath.Join(again, "b", "old")); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestATruncatedFileComesBackOrNot(t *testing.T) {
	d := New()
	path := filepath.Join(mounted(t, d), "wal")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_SYNC, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	write(t, file, 0, bytes.Repeat([]byte("o"), 2*page)) // synced by how it was opened
	if err := file.Truncate(10); err != nil {
		t.Fatal(err)
	}
	lengths := map[int]bool{}
	for seed := range uint64(50) {
		lengths[len(d.Pull(rand.New(rand.NewPCG(seed, 3))).names["wal"].live)] = true
	}
	if len(lengths) != 2 || !lengths[10] || !lengths[2*page] {
		t.Errorf("found with lengths %v", lengths)
	}
}
