package store

import (
	"errors"
	"fmt"
)

// MaxBody is how large a document may be in a store's own form: MongoDB takes 16 MiB with all that is around the body.
const MaxBody = 15 << 20

// ErrUnfit says that a write can never be stored, however often it is tried.
var ErrUnfit = errors.New("it can never be stored")

// UnfitError names a write that can never be stored.
type UnfitError struct {
	Collection, Key string
	Cause           error
}

// Error names the document and why it is not taken.
func (e *UnfitError) Error() string {
	return fmt.Sprintf("%s %.200q: %v: %v", e.Collection, e.Key, ErrUnfit, e.Cause)
}

// Unwrap lets errors.Is find ErrUnfit and the cause.
func (e *UnfitError) Unwrap() []error { return []error{ErrUnfit, e.Cause} }

// Unfit says why a write can never be stored.
func Unfit(w *Write, cause error) error {
	return &UnfitError{Collection: w.Collection, Key: w.Doc.Key, Cause: cause}
}

// TooLarge is the cause for a document of so many bytes; nil where it is not.
func TooLarge(size int) error {
	if size <= MaxBody {
		return nil
	}
	return fmt.Errorf("the document has %d bytes, at most %d can be kept", size, MaxBody)
}
