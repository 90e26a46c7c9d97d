package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats-server/v2/server"

	"kaohe.dev/services/internal/durable"
	"kaohe.dev/services/internal/embedded"
)

// With an interval between syncs the streams can lose their ends in a power
// loss, each another piece, while the documents say what was in them. Nothing
// but the feed can be trusted then, so all else has to be built anew from what
// is left of it. A file says that the streams may not be on disk, and since
// which start of the machine: as long as that is the same, no power was lost.
const (
	unsyncedName = "unsynced"
	natsName     = "nats"
	bootName     = "/proc/sys/kernel/random/boot_id"
)

// ErrUnsynced says that the machine went down while the log was not on disk.
var ErrUnsynced = errors.New("the machine went down while kaohe ran with --sync INTERVAL: the last events may be lost, and what was decided may " +
	"not fit what is left. Run kaohe rebuild, then push again what was sent in the last interval before; what is not lost is recognised")

// embed starts the server in the process.
func (a *App) embed() (*server.Server, error) {
	if a.config.SyncEvery > 0 {
		a.config.Logger.Warn("a power loss takes what was acknowledged since the last sync", "sync", a.config.SyncEvery)
		if err := markUnsynced(a.config.Data); err != nil {
			return nil, err
		}
	}
	started, err := embedded.Start(embedded.Options{
		Dir: filepath.Join(a.config.Data, natsName), SyncEvery: a.config.SyncEvery, Logger: a.config.Logger,
	})
	if err != nil {
		return nil, err
	}
	a.later("embedded NATS", func(context.Context) error {
		started.Stop()
		return nowSynced(a.config.Data)
	})
	return started.Server, nil
}

// markUnsynced notes that the log is not on disk from now on; what was noted
// before a power loss stays.
func markUnsynced(dir string) error {
	if errors.Is(checkSynced(dir), ErrUnsynced) {
		return nil
	}
	return durable.Create(filepath.Join(dir, unsyncedName), []byte(boot()+"\n"))
}

// nowSynced syncs a log that nobody writes to any more, if it has to be.
func nowSynced(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, unsyncedName)); errors.Is(err, fs.ErrNotExist) || checkSynced(dir) != nil {
		return nil
	}
	if err := syncAll(filepath.Join(dir, natsName)); err != nil {
		return fmt.Errorf("sync the log: %w", err)
	}
	return forgetUnsynced(dir)
}

// syncAll brings to the disk what is in a directory.
func syncAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = durable.Sync(path)
		}
		if errors.Is(err, fs.ErrNotExist) { // it was taken away meanwhile
			return nil
		}
		return err
	})
}

// forgetUnsynced notes that nothing depends on what was not synced.
func forgetUnsynced(dir string) error {
	return durable.Remove(filepath.Join(dir, unsyncedName))
}

// checkSynced makes sure that no power was lost since the log was written
// without syncing.
func checkSynced(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, unsyncedName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read whether the log is on disk: %w", err)
	}
	if strings.TrimSpace(string(raw)) != boot() {
		return ErrUnsynced
	}
	return nil
}

// boot names this start of the machine; empty: it cannot be told.
func boot() string {
	raw, err := os.ReadFile(bootName)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
}
