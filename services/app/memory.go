package app

import (
	"math"
	"runtime/debug"

	"kaohe.dev/services/internal/run"
)

// budget is what the parts of a process may keep in memory. Zero values leave a
// part at its default.
type budget struct {
	admitted  int64 // bytes of bodies on their way through the door
	cache     int64 // bytes of pages kept of each SQLite file
	ahead     int   // bytes each reader of a stream fetches ahead
	documents int   // documents each runner keeps decoded
}

// What a memory limit is spent on. The rest is for what comes and goes: packs
// on their way, the server's blocks, and what the collector has not freed yet.
const (
	// goShare of the whole is what the Go runtime may take at most; the program
	// itself and SQLite's pages are beside it.
	goShare = 0.7
	// In parts of the whole.
	cacheShare     = 8
	documentsShare = 8
	aheadShare     = 5
	admittedShare  = 16
	// documentSize is about what a decoded document takes, measured on the
	// simulated month.
	documentSize = 4 << 10
	// minDocuments is one batch.
	minDocuments = 1000
	// keptFiles are the SQLite files of the gateway and the layout, readers those
	// who read streams for it.
	keptFiles, gatewayReaders = 4, 2
)

// limitMemory lets the process stay within a memory, or else within GOMEMLIMIT,
// gives the budget of the parts, and what ends it. Without either nothing is
// bounded.
func limitMemory(memory uint64, runners int) (b budget, release func()) {
	was := debug.SetMemoryLimit(-1)
	asked := int64(min(memory, math.MaxInt64))
	if asked == 0 && was < math.MaxInt64 {
		asked = was
	}
	if asked == 0 {
		return budget{}, func() {}
	}
	stop := keepWithin(asked)
	return budgetOf(asked, runners), func() { stop(); debug.SetMemoryLimit(was) }
}

// budgetOf spends a memory; 0 bounds nothing.
func budgetOf(memory int64, runners int) budget {
	if memory == 0 {
		return budget{}
	}
	return budget{
		admitted:  memory / admittedShare,
		cache:     memory / cacheShare / int64(runners+keptFiles),
		ahead:     int(memory / aheadShare / int64(runners+gatewayReaders)),
		documents: int(min(max(memory/documentsShare/documentSize/int64(max(runners, 1)), minDocuments), run.DefaultDocuments)),
	}
}
