// Package archive keeps the oldest part of the log in compressed files, each
// sealed with its hash, so that the stream need not have it any more.
//
// In flow the messages of the log in their order; out flow the same, from any
// of them on. Never here: which months may go, or who reads.
//
// An archive is a directory. Its files are those of a backup: batches of events,
// one after the other, each with its length before it. A message of the log is
// one batch, so a file's messages are numbered from that of its first. The
// manifest is written last, and what it does not name does not count.
package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kaohe.dev/services/internal/durable"
	"kaohe.dev/services/internal/sealed"
)

const (
	manifestName = "archive.json"
	// format changes when an older kaohe could not read it.
	format = 1
)

// Archive is what is in a directory.
type Archive struct {
	dir      string
	manifest manifest
}

type manifest struct {
	Format int `json:"format"`
	// Log names the log: when its stream was made.
	Log string `json:"log"`
	// Before is the month that begins behind it, yyyy-mm.
	Before string `json:"before"`
	Files  []File `json:"files"`
}

// File is one file of an archive.
type File struct {
	Name string `json:"name"`
	// First is the number of its first message, in the log.
	First    uint64 `json:"first"`
	Messages uint64 `json:"messages"`
	Events   int64  `json:"events"`
	SHA256   string `json:"sha256"`
}

// Open reads what is in a directory, and checks that every file is as it was
// sealed. A directory that is empty or not there is an archive of nothing.
func Open(dir string) (*Archive, error) {
	a := &Archive{dir: dir, manifest: manifest{Format: format}}
	raw, err := os.ReadFile(a.path(manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	if err := json.Unmarshal(raw, &a.manifest); err != nil {
		return nil, fmt.Errorf("read the archive %s: %w", a.path(manifestName), err)
	}
	if a.manifest.Format != format {
		return nil, fmt.Errorf("the archive %s has format %d, this kaohe reads %d; use the kaohe that made it, or a newer one", dir, a.manifest.Format, format)
	}
	next := uint64(1)
	for _, f := range a.manifest.Files {
		if f.First != next {
			return nil, fmt.Errorf("the archive %s lacks the messages from %d to %d", dir, next, f.First-1)
		}
		if err := a.check(f); err != nil {
			return nil, err
		}
		next += f.Messages
	}
	return a, nil
}

func (a *Archive) path(name string) string { return filepath.Join(a.dir, name) }

// check compares a file with its seal.
func (a *Archive) check(f File) error {
	sum, err := sealed.Hash(a.path(f.Name))
	if err != nil {
		return fmt.Errorf("read the archive: %w", err)
	}
	if sum != f.SHA256 {
		return fmt.Errorf("%s is damaged: it has not the hash it was archived with; use another copy of the archive", a.path(f.Name))
	}
	return nil
}

// Log names the log it is of; empty: nothing is archived.
func (a *Archive) Log() string { return a.manifest.Log }

// Before is the month that begins behind it.
func (a *Archive) Before() string { return a.manifest.Before }

// Dir is where it is.
func (a *Archive) Dir() string { return a.dir }

// Last is the number of its last message; 0: nothing is archived.
func (a *Archive) Last() uint64 {
	if len(a.manifest.Files) == 0 {
		return 0
	}
	last := a.manifest.Files[len(a.manifest.Files)-1]
	return last.First + last.Messages - 1
}

// Events is how many events it has.
func (a *Archive) Events() (n int64) {
	for _, f := range a.manifest.Files {
		n += f.Events
	}
	return n
}

// save writes the manifest, whole or not at all.
func (a *Archive) save() error {
	raw, err := json.MarshalIndent(a.manifest, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(a.path(manifestName), append(raw, '\n'))
}
