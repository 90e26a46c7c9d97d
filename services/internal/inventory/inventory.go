// Package inventory lists the files of a directory with their sizes and hashes,
// so that whatever changes while nobody uses it is seen.
//
// In flow a directory at rest; out flow its list, and how it differs from an
// earlier one. Never here: what a file means, and what is done about it.
package inventory

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Name is the file that a directory's inventory is kept in.
const Name = "inventory"

// Inventory is the list of the files of a directory.
type Inventory struct {
	// Taken is when it was made.
	Taken time.Time `json:"taken"`
	// Partial says that it was made while the directory was in use, and has only
	// what does not change then.
	Partial bool   `json:"partial,omitempty"`
	Files   []File `json:"files"`
}

// File is one file. Its path is relative, with slashes.
type File struct {
	Path     string    `json:"path"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Hash     string    `json:"hash"`
}

// Options say how an inventory is taken.
type Options struct {
	// Leave tells which paths are not listed; directories, too.
	Leave func(path string) bool
	// Told hears how many bytes of how many are read; may be nil.
	Told func(done, all int64)
	// Trust is an earlier inventory: what has the size and the instant that it
	// says is not read again. Nil: everything is read.
	Trust *Inventory
}

// Take reads the files of a directory.
func Take(dir string, now time.Time, opts Options) (*Inventory, error) {
	files, err := list(dir, opts.Leave)
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", dir, err)
	}
	old := map[string]File{}
	if opts.Trust != nil {
		for _, f := range opts.Trust.Files {
			old[f.Path] = f
		}
	}
	var all int64
	var unread []*File
	for i := range files {
		f := &files[i]
		if was, there := old[f.Path]; there && was.Size == f.Size && was.Modified.Equal(f.Modified) {
			f.Hash = was.Hash
			continue
		}
		all += f.Size
		unread = append(unread, f)
	}
	if err := read(dir, unread, all, opts.Told); err != nil {
		return nil, err
	}
	return &Inventory{Taken: now.UTC(), Files: files}, nil
}

// list gives the files of a directory, without their hashes, by their paths.
func list(dir string, leave func(string) bool) (files []File, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return present(err)
		}
		name, err := filepath.Rel(dir, path)
		if name = filepath.ToSlash(name); err != nil || name == "." {
			return err
		}
		if name == Name || leave != nil && leave(name) {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		info, err := e.Info()
		if err == nil {
			files = append(files, File{Path: name, Size: info.Size(), Modified: info.ModTime().UTC()})
		}
		return present(err)
	})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}

// present is no error where something was taken away meanwhile.
func present(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// read hashes files, as many at once as there are processors.
func read(dir string, files []*File, all int64, told func(done, all int64)) error {
	var (
		mu     sync.Mutex
		done   int64
		failed error
		next   = make(chan *File)
		work   sync.WaitGroup
	)
	progress := func(n int64) {
		mu.Lock()
		defer mu.Unlock()
		if done += n; told != nil {
			told(done, all)
		}
	}
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			buffer := make([]byte, 1<<20)
			for f := range next {
				hash, err := hashOf(filepath.Join(dir, filepath.FromSlash(f.Path)), buffer, progress)
				f.Hash = hash
				mu.Lock()
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	for _, f := range files {
		next <- f
	}
	close(next)
	work.Wait()
	return failed
}

func hashOf(path string, buffer []byte, progress func(int64)) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	hash := xxhash.New()
	for err == nil {
		var n int
		n, err = file.Read(buffer)
		_, _ = hash.Write(buffer[:n]) // a hash takes everything
		progress(int64(n))
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, file.Close())
}

// Change is how a directory differs from its inventory.
type Change struct {
	Path string
	// Was and Is are the sizes; -1: there was, or is, no such file.
	Was, Is int64
}

// String tells it in words, without the path.
func (c Change) String() string {
	switch {
	case c.Was < 0:
		return fmt.Sprintf("the file, %d bytes, was not there", c.Is)
	case c.Is < 0:
		return fmt.Sprintf("the file, %d bytes, is gone", c.Was)
	case c.Was != c.Is:
		return fmt.Sprintf("the file had %d bytes and has %d", c.Was, c.Is)
	}
	return fmt.Sprintf("the file, %d bytes, has other content", c.Is)
}

// Changes gives what differs between two inventories, by paths.
func (i *Inventory) Changes(now *Inventory) (all []Change) {
	was := map[string]File{}
	for _, f := range i.Files {
		was[f.Path] = f
	}
	for _, f := range now.Files {
		old, there := was[f.Path]
		delete(was, f.Path)
		switch {
		case !there:
			all = append(all, Change{f.Path, -1, f.Size})
		case old.Hash != f.Hash || old.Size != f.Size:
			all = append(all, Change{f.Path, old.Size, f.Size})
		}
	}
	for _, f := range was {
		all = append(all, Change{f.Path, f.Size, -1})
	}
	slices.SortFunc(all, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// ErrNone says that a directory has no inventory: it was not left in order.
var ErrNone = errors.New("there is no inventory")

// ErrDamaged says that an inventory is not as it was written.
var ErrDamaged = errors.New("the inventory is not as it was written")

// Text gives an inventory as it is kept: its own hash in the first line.
func (i *Inventory) Text() ([]byte, error) {
	raw, err := json.MarshalIndent(i, "", " ")
	if err != nil {
		return nil, err
	}
	raw = append(raw, '\n')
	return append(fmt.Appendf(nil, "%016x\n", xxhash.Sum64(raw)), raw...), nil
}

// Load reads what Text gave.
func Load(dir string) (*Inventory, error) {
	raw, err := os.ReadFile(filepath.Join(dir, Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("read the inventory: %w", err)
	}
	hash, text, _ := strings.Cut(string(raw), "\n")
	i := &Inventory{}
	if hash != fmt.Sprintf("%016x", xxhash.Sum64String(text)) || json.Unmarshal([]byte(text), i) != nil {
		return nil, ErrDamaged
	}
	return i, nil
}
