package sqlitestore

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"kaohe.dev/services/internal/store"
)

var errClosed = errors.New("the store is closed")

// explain maps a driver error to what the operator has to know and do.
func (f *file) explain(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return f.full(err)
	}
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return err
	}
	switch se.Code() & 0xff { // the low byte is the primary code
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %s cannot be read; stop kaohe and %s: %w", store.ErrCorrupt, f.path, f.anew(), err)
	case sqlite3.SQLITE_FULL:
		return f.full(err)
	}
	return fmt.Errorf("%s: %w", f.path, err)
}

// anew says what to do with a file that is of no use.
func (f *file) anew() string {
	if f.original {
		return "put it back from a copy of the disk: it holds what is not in the log; if there is no copy, delete it together with " +
			"its -wal and -shm files, and make anew what was in it (kaohe token create, kaohe webhook add)"
	}
	return "delete it together with its -wal and -shm files: its content is derived and is rebuilt from the log"
}

func (f *file) full(err error) error {
	return fmt.Errorf("%w: %s could not grow; nothing of this commit was stored, make room and it is tried again: %w",
		store.ErrFull, f.path, err)
}
