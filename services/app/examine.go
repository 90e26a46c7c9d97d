package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kaohe.dev/services/internal/blocks"
	"kaohe.dev/services/internal/durable"
	"kaohe.dev/services/internal/inventory"
	"kaohe.dev/services/internal/store/sqlitestore"
)

// A data directory that is left in order has an inventory. At the next start
// every file is compared with it; without one, after a crash, the checksums of
// the messages and of the documents are looked at. That is before anything is
// opened, because NATS cuts off what it cannot read.
//
// What the log can give back is given back by itself: facts, ledger and
// documents are put aside and decided anew. Of what nothing can give back people
// are told, and nothing is touched.

// stateName is where documents are kept.
const stateName = "state"

// examination is what was found before anything was opened.
type examination struct {
	// left says that the directory was left in order, so that nothing was being
	// written.
	left bool
	// lost cannot be had again from the rest of the directory, derived can.
	lost, derived []Damage
	// odd is told, and does no harm.
	odd []Damage
	// torn are ends of streams that cannot be read, which the server cuts off.
	torn []blocks.Damage
	// metaLost are the streams whose configuration is to be put back.
	metaLost []string
}

// looked are the files that people may change while kaohe does not run: of the
// keys of the instance the documents have fingerprints, and a key to sign with may
// be another one.
var looked = []string{adminToken, CustomerKey, SecretsKey, feedKeyName, signersName, unsyncedName}

// examine looks at the data directory, which is locked. What is damaged beyond
// repair is an error, unless it is being mended.
func (a *App) examine(ctx context.Context) error {
	if err := a.fresh(); err != nil {
		return err
	}
	if err := checkSynced(a.config.Data); errors.Is(err, ErrUnsynced) && a.mending == nil {
		return err
	}
	work, err := Unfinished(a.config.Data)
	if err != nil {
		return err
	}
	if work != nil && work.Name == WorkRestore && work.Phase == Clearing {
		return a.inUse() // all of it is deleted
	}
	start := time.Now()
	x := &examination{}
	clean, err := a.compareFiles(x)
	if err == nil {
		err = a.checkIndexes(x)
	}
	if err == nil && !clean {
		err = a.checkStructure(ctx, x)
	}
	if err != nil {
		return err
	}
	for _, d := range x.odd {
		a.config.Logger.Warn("something is not as it was left", "what", d.String())
	}
	for _, d := range x.derived {
		a.config.Logger.Error("something is damaged that the log can give back", "what", d.String())
	}
	if err := a.mend(x); err != nil {
		return err
	}
	if took := time.Since(start); took > time.Second {
		a.config.Logger.Info("the data directory was looked at", "took", took.Round(time.Millisecond), "left_in_order", clean)
	}
	return a.inUse()
}

// compareFiles compares the files with the inventory, and reports whether all
// was left in order and is as it was.
func (a *App) compareFiles(x *examination) (clean bool, err error) {
	was, err := inventory.Load(a.config.Data)
	switch {
	case errors.Is(err, inventory.ErrNone):
		return false, nil
	case errors.Is(err, inventory.ErrDamaged):
		x.odd = append(x.odd, Damage{Where: inventory.Name, What: err.Error() + "; what it told of the other files is lost, so their checksums are looked at"})
		return false, nil
	case err != nil:
		return false, err
	}
	leave := unlisted
	if was.Partial {
		leave = changing
	}
	now, err := inventory.Take(a.config.Data, a.config.Now(), inventory.Options{Leave: leave, Told: a.tellReading("comparing files with the inventory")})
	if err != nil {
		return false, err
	}
	changes := was.Changes(now)
	_, stateErr := os.Stat(filepath.Join(a.config.Data, stateName))
	for _, c := range changes {
		x.change(c, errors.Is(stateErr, os.ErrNotExist))
	}
	if was.Partial {
		return false, nil
	}
	a.inventory, x.left = now, true
	return len(changes) == 0, nil
}

// changing are the paths that may change while kaohe runs.
func changing(path string) bool { return !slices.Contains(fixed, path) }

// fixed are the files that are written once.
var fixed = []string{"format", adminToken, CustomerKey, SecretsKey, feedKeyName}

// unlisted are the paths that an inventory leaves out: what is locked, copies of
// what was damaged, with a dot what is being written or, of a stream, being
// deleted, and what the server writes when it likes, which has a checksum.
func unlisted(path string) bool {
	return filepath.Base(path) == indexName || path == "lock" || path == UnfinishedName || path == anewName || path == asideName || strings.HasPrefix(filepath.Base(path), ".")
}

// change sorts a change of a file. Who deletes the whole store wants it empty: what
// the log can give back is decided again.
func (x *examination) change(c inventory.Change, noStore bool) {
	d := Damage{Where: c.Path, What: c.String()}
	top, rest, _ := strings.Cut(c.Path, "/")
	switch {
	case top == stateName && noStore:
		x.odd = append(x.odd, d)
	case top == natsName:
		x.changeOfStream(d, rest, c)
	case top == stateName && c.Was < 0 && (c.Is == 0 || strings.HasSuffix(rest, "-shm")): // what a crash leaves
	case top == stateName && original(groupOf(rest)):
		x.lost = append(x.lost, d)
	case top == stateName:
		x.derived = append(x.derived, d)
	case c.Was < 0: // what somebody puts there is his
	case slices.Contains(looked, c.Path):
		x.odd = append(x.odd, d)
	default:
		x.lost = append(x.lost, d)
	}
}

// changeOfStream sorts a change of a file below the streams. Which messages a
// block has lost is told when it is read.
func (x *examination) changeOfStream(d Damage, path string, c inventory.Change) {
	switch stream, file := streamOf(path); {
	case strings.HasPrefix(file, "meta."):
		x.odd = append(x.odd, d) // it is put back
	case slices.Contains(derivedStreams, stream):
		x.derived = append(x.derived, d)
	case stream == feedName && strings.HasSuffix(file, ".blk"):
		x.lost = append(x.lost, d)
	default:
		x.odd = append(x.odd, d)
	}
}

// groupOf gives the group of documents that a file of the store belongs to.
func groupOf(file string) string {
	group, _, _ := strings.Cut(file, ".db")
	return group
}

// checkStructure reads all messages of the streams and all documents.
func (a *App) checkStructure(ctx context.Context, x *examination) error {
	if a.config.NATS == "" {
		if err := a.checkStreams(x); err != nil {
			return err
		}
	}
	if a.config.Store != "" {
		return nil
	}
	found, err := sqlitestore.Check(ctx, filepath.Join(a.config.Data, stateName), original, func(group string) {
		a.note(fmt.Errorf("looking at the documents of %s", group))
	})
	for _, f := range found {
		d := Damage{Where: filepath.Join(stateName, f.Group+".db"), What: f.Why}
		switch {
		case f.Replayed:
			d.What += "; what it had is decided again"
			x.odd = append(x.odd, d)
		case original(f.Group):
			x.lost = append(x.lost, d)
		default:
			x.derived = append(x.derived, d)
		}
	}
	return err
}

// inUse leaves of the inventory what stays true while the directory is used, and
// sees to it that there is a whole one when all is closed.
func (a *App) inUse() error {
	if err := a.takeInventory(true); err != nil {
		return err
	}
	a.later("the inventory", func(context.Context) error { return a.leaveInOrder() })
	return nil
}

// noteFixed notes the files that this start has made, and will not change.
func (a *App) noteFixed() error {
	if a.shared() {
		return nil
	}
	return a.takeInventory(true)
}

// takeInventory writes an inventory of all, or of what does not change now.
func (a *App) takeInventory(partial bool) error {
	leave := unlisted
	if partial {
		leave = changing
	}
	now, err := inventory.Take(a.config.Data, a.config.Now(), inventory.Options{Leave: leave})
	if err != nil {
		return err
	}
	now.Partial = partial
	text, err := now.Text()
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(a.config.Data, inventory.Name), text)
}

// leaveInOrder writes the inventory of a directory that nobody uses any more,
// unless something was found that has to be looked at.
func (a *App) leaveInOrder() error {
	if a.suspect.Load() {
		return nil
	}
	// An inventory of what is not on the disk would be wrong after a power loss.
	if err := syncAll(a.config.Data); err != nil {
		return fmt.Errorf("sync the data directory: %w", err)
	}
	return a.takeInventory(false)
}

// tellEvery is how often long work is told of.
const tellEvery = 5 * time.Second

// tellReading tells how far reading is, in the log and to who asks whether this
// is ready.
func (a *App) tellReading(what string) func(done, all int64) {
	told := time.Now()
	return func(done, all int64) {
		if time.Since(told) < tellEvery {
			return
		}
		told = time.Now()
		a.note(fmt.Errorf("%s: %d of %d MB", what, done>>20, all>>20))
		a.config.Logger.Warn(what, slog.Int64("done_mb", done>>20), slog.Int64("all_mb", all>>20))
	}
}
