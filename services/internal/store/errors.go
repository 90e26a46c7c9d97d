package store

import (
	"errors"
	"fmt"
)

// Errors a caller branches on. Test with errors.Is.
var (
	// ErrConflict: the stored version is not the one the writer has seen. Reload and decide again.
	ErrConflict = errors.New("version conflict")
	// ErrCorrupt: the stored data cannot be read. It is derived: delete it, it is rebuilt from the log.
	ErrCorrupt = errors.New("store is corrupt")
	// ErrFull: no room left for the write; nothing is lost, make room and retry.
	ErrFull = errors.New("no space left for the store")
	// ErrCursor: a page token that was not made by this query.
	ErrCursor = errors.New("invalid page cursor")
)

// ConflictError says which document was changed by someone else. errors.Is(err, ErrConflict) holds for it.
type ConflictError struct{ Collection, Key string }

// Error names the document.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("version conflict on %s %q: changed by another writer, reload it", e.Collection, e.Key)
}

// Is makes errors.Is(err, ErrConflict) true.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }
