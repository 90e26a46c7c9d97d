package app

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// How the runtime's limit follows what the process has resident: the program's
// own pages and SQLite's lie outside of what the runtime counts, and it may
// exceed its limit for a while.
const (
	lookEvery = 200 * time.Millisecond
	// aimShare of what is asked is aimed at, so that a moment's more stays below it.
	aimShare = 0.94
	// leastShare is what the runtime gets in any case: with less the collector
	// would do nothing but collect.
	leastShare = 0.4
	// giveBack is the part of what is free that a limit rises by at a time; it
	// falls by the whole excess at once.
	giveBack = 0.1
)

// keepWithin sets the runtime's limit so that the process stays within a memory,
// until it is stopped. Where a system does not tell what is resident the limit
// stays at its share.
func keepWithin(asked int64) (stop func()) {
	limit := nextLimit(asked, 0, 0)
	debug.SetMemoryLimit(limit)
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		look := time.NewTicker(lookEvery)
		defer look.Stop()
		for {
			select {
			case <-stopped:
				return
			case <-look.C:
			}
			if next := nextLimit(asked, resident(), limit); next != limit {
				limit = next
				debug.SetMemoryLimit(limit)
			}
		}
	}()
	return func() { close(stopped); <-ended }
}

// nextLimit gives the runtime's limit from what the process has resident and the
// limit so far, all in bytes; nothing resident: it is not known.
func nextLimit(asked, resident, limit int64) int64 {
	most, least := int64(goShare*float64(asked)), int64(leastShare*float64(asked))
	if resident == 0 {
		return most
	}
	free := int64(aimShare*float64(asked)) - resident
	if free > 0 {
		free = int64(giveBack * float64(free))
	}
	return min(max(limit+free, least), most)
}

// resident gives how many bytes of the process are in memory; 0: the system does
// not tell.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
