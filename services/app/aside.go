package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kaohe.dev/services/internal/blocks"
	"kaohe.dev/services/internal/durable"
)

// asideName is the directory, below the data directory, of what was damaged as
// it was found. Nothing reads it; it can be deleted when nobody needs it.
const asideName = "damaged"

// aside gives the directory that this start puts things aside in.
func (a *App) aside() string {
	if a.asideDir == "" {
		a.asideDir = filepath.Join(a.config.Data, asideName, a.config.Now().UTC().Format("20060102T150405.000"))
	}
	return a.asideDir
}

// moveAside takes a file or a directory of the data directory out of the way.
func (a *App) moveAside(path string) error {
	from, to := filepath.Join(a.config.Data, path), filepath.Join(a.aside(), path)
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for {
		if _, err := os.Lstat(to); err != nil {
			break
		}
		to += ".more" // a part of it was put aside before
	}
	if err := durable.Dir(filepath.Dir(to)); err != nil {
		return fmt.Errorf("put %s aside: %w", path, err)
	}
	if err := errors.Join(os.Rename(from, to), durable.Sync(filepath.Dir(from)), durable.Sync(filepath.Dir(to))); err != nil {
		return fmt.Errorf("put %s aside: %w", path, err)
	}
	return nil
}

// copyAside keeps a copy of a directory as it is.
func (a *App) copyAside(path string) error {
	from, to := filepath.Join(a.config.Data, path), filepath.Join(a.aside(), path)
	err := filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return durable.Dir(filepath.Join(to, inside))
		}
		return copyFile(name, filepath.Join(to, inside))
	})
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", path, to, err)
	}
	return nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // it was only read
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) { // it was put aside before
		return nil
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	return errors.Join(err, file.Sync(), file.Close())
}

// keepTorn keeps a copy of an end that the server cuts off.
func (a *App) keepTorn(d blocks.Damage) error {
	raw, err := os.ReadFile(d.File)
	if err != nil {
		return err
	}
	path, err := filepath.Rel(a.config.Data, d.File)
	if err != nil {
		return err
	}
	to := filepath.Join(a.aside(), "ends", path)
	if err := durable.Dir(filepath.Dir(to)); err != nil {
		return err
	}
	return durable.Replace(to, raw[d.Offset:])
}

// putDerivedAside takes everything out of the way that is decided anew from the
// log, as far as it is in the data directory: documents first, so that an
// interruption leaves none that contradict the streams unseen.
func (a *App) putDerivedAside() error {
	if a.anew { // it was done
		return nil
	}
	if err := a.noteAnew(); err != nil {
		return err
	}
	a.anew = true
	if err := a.putDocumentsAside(); err != nil || a.config.NATS != "" {
		return err
	}
	for _, stream := range derivedStreams {
		if err := a.moveAside(filepath.Join(streamsPath, stream)); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) putDocumentsAside() error {
	if a.config.Store != "" {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(a.config.Data, stateName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("put the documents aside: %w", err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".db") && !original(groupOf(e.Name())) {
			if err := a.moveAside(filepath.Join(stateName, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
