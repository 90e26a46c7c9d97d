//go:build movedclock

package main

import (
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// now is a clock that a test moves: KAOHE_CLOCK names a file with the seconds
// that it goes wrong by. It is in no program but that of a test, which is built
// with the tag movedclock.
//
// As when somebody sets the clock of a machine, what it shows jumps, and what is
// measured between two looks at it does not: only the wall's part of the time is
// moved, which package time keeps as seconds in the upper bits.
func now() time.Time {
	t := time.Now()
	raw, err := os.ReadFile(os.Getenv("KAOHE_CLOCK"))
	if err != nil {
		return t // it goes right
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
	if err != nil {
		return t
	}
	const nanosecondBits = 30
	*(*uint64)(unsafe.Pointer(&t)) += uint64(seconds) << nanosecondBits
	return t
}
