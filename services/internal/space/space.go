// Package space guards the room on a disk: a store that meets a full disk in
// the midst of a write stops for good, one that was not asked to write does not.
//
// In flows a directory; out flows whether there is room, and what to do when
// not. Never here: what is written.
package space

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"
)

// FullError says that too little room is left.
type FullError struct {
	// Dir is on the disk that is full.
	Dir string
	// Free and Reserve are in bytes.
	Free, Reserve uint64
}

// Error tells the operator what to do.
func (e *FullError) Error() string {
	return fmt.Sprintf("the disk of %s is full: %s are free and %s are kept in reserve; free some space, or lower --reserve",
		e.Dir, humanize.IBytes(e.Free), humanize.IBytes(e.Reserve))
}

// Guard keeps a reserve on the disk of a directory. A nil guard keeps none.
type Guard struct {
	Dir string
	// Reserve in bytes.
	Reserve uint64
}

// ForMore reports a FullError when there is no room to take more in.
func (g *Guard) ForMore() error { return g.room(1) }

// ForRest reports a FullError when there is no room even for finishing what was
// taken in; it may use half of the reserve.
func (g *Guard) ForRest() error { return g.room(2) }

func (g *Guard) room(share uint64) error {
	if g == nil || g.Reserve == 0 {
		return nil
	}
	var disk unix.Statfs_t
	err := unix.Statfs(g.Dir, &disk)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // whoever makes the directory tells what is wrong with it
	}
	if err != nil {
		return fmt.Errorf("look at the room left in %s: %w", g.Dir, err)
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < g.Reserve/share {
		return &FullError{Dir: g.Dir, Free: free, Reserve: g.Reserve}
	}
	return nil
}
