package sqlitestore

import (
	"context"
	"database/sql"
	"time"
)

const (
	// restWrites is how many writes wait in the log: pages written again
	// meanwhile are moved once, so few checkpoints write and sync much less.
	restWrites = 5000
	// checkpointPause is how often it is looked whether so many wait.
	checkpointPause = 250 * time.Millisecond
	// resetPages is how long the log may grow while commits never pause: then one
	// waits until all of it is in the file, and the log begins anew. 64 MiB.
	resetPages = 16_000
)

// checkpoints moves pages from the log into the file, beside the commits: in
// the commit that happens to reach the limit, as SQLite does it by itself, the
// syncs would hold up a service for the tenth of a second.
//
// A failed checkpoint loses nothing, since the log keeps what is not in the
// file; a full disk is told by the next commit.
func (f *file) checkpoints() {
	defer close(f.checkpointed)
	pause := time.NewTicker(checkpointPause)
	defer pause.Stop()
	for {
		select {
		case <-f.closing:
			return
		case <-pause.C:
		}
		if f.written.Load() < restWrites {
			continue
		}
		f.written.Store(0)
		if pages := f.checkpoint(); pages > resetPages {
			f.writing.Lock()
			_ = f.checkpoint()
			f.writing.Unlock()
		}
	}
}

// checkpoint gives how many pages the log has.
func (f *file) checkpoint() int {
	var busy, pages, moved int
	row := f.move.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
	if err := row.Scan(&busy, &pages, &moved); err != nil {
		return 0
	}
	return pages
}

// close ends the checkpoints and closes the connections; the last one brings
// the rest of the log into the file.
func (f *file) close() []error {
	close(f.closing)
	<-f.checkpointed
	f.writing.Lock()
	defer f.writing.Unlock()
	var errs []error
	for _, db := range []*sql.DB{f.move, f.read, f.write} {
		errs = append(errs, db.Close())
	}
	return errs
}
