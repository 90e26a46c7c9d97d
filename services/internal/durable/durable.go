// Package durable keeps small files and directories that are there after a
// power loss, whole or not at all, and that nobody but their owner reads.
//
// In flow paths and bytes; out flows nothing that is not on the disk. Never
// here: what is in a file, or when it is written.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The rights of what is made, whatever the umask is: the owner's alone.
const (
	FileMode fs.FileMode = 0o600
	DirMode  fs.FileMode = 0o700
)

// Dir makes a directory and those above it, as far as they are not there. Each
// name that is new is on the disk when it returns.
func Dir(path string) error {
	info, err := os.Stat(path)
	if err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: path, Err: errors.New("it is there, and no directory")}
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(path)
	if err := Dir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(path, DirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return Sync(parent)
}

// Create writes a file. One that is there already stays as it is: processes that
// share a directory start at once.
func Create(path string, data []byte) error {
	if _, err := os.Lstat(path); err == nil {
		return Sync(filepath.Dir(path)) // who made it may not have come so far
	}
	return write(path, data, func(temporary string) error {
		err := os.Link(temporary, path)
		if errors.Is(err, fs.ErrExist) {
			err = nil
		}
		return errors.Join(err, os.Remove(temporary))
	})
}

// Replace writes a file, in the place of one of that name.
func Replace(path string, data []byte) error {
	return write(path, data, func(temporary string) error { return os.Rename(temporary, path) })
}

// write writes a temporary file, and then gives it its name.
func write(path string, data []byte, name func(temporary string) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // with FileMode
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = name(file.Name())
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, discard(file.Name())))
	}
	return Sync(filepath.Dir(path))
}

// discard removes a temporary file that may have got its name.
func discard(temporary string) error {
	if err := os.Remove(temporary); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Remove removes a file, or nothing where there is none.
func Remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, Sync(filepath.Dir(path)))
}

// Sync brings to the disk what a file holds, or the names in a directory.
func Sync(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// Own takes from everybody but the owner the rights to a file or directory: an
// older kaohe, or a copy, may have left more. What is not there nobody reads; what
// belongs to somebody else stays as he wants it.
func Own(path string) error {
	info, err := os.Lstat(path)
	if err == nil && (info.Mode().IsRegular() || info.IsDir()) && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(path, info.Mode().Perm()&^0o077)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
