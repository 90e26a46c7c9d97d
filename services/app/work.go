package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/durable"
)

// What is done to a log, or to all that is derived from it, as a whole. While it
// lasts, and when it was interrupted, nothing else uses the data directory or
// the streams: they are whole, or refused.
const (
	WorkRestore = "restore"
	WorkRebuild = "rebuild"
	WorkArchive = "archive"
	WorkDemo    = "demo"
)

// The phases of a work.
const (
	// Clearing: something is deleted or written that the rest must fit.
	Clearing = "clearing"
	// Deciding: the log is whole, and all else is decided from it.
	Deciding = "deciding"
)

// UnfinishedName is the file of the mark of a data directory. It is made before the first
// change, and removed when all is done.
const UnfinishedName = "unfinished"

// Work is what a mark says.
type Work struct {
	Name string `json:"work"`
	// Source is what it is done with: the directory of a backup or an archive.
	Source string `json:"source,omitempty"`
	// ID tells one source from another in the same place.
	ID    string `json:"id,omitempty"`
	Phase string `json:"phase"`
	// Seal is a kaohe.api.v1.Seal: what the result is compared with.
	Seal json.RawMessage `json:"seal,omitempty"`
}

// ErrUnfinished says that a data directory, or the streams, are not whole.
var ErrUnfinished = bus.ErrUnfinished

// goOn says how each work is gone on with.
var goOn = map[string]string{
	WorkRestore: "kaohe restore %s with the same --data, --nats and --store: what was written is written anew; or delete the data directory",
	WorkRebuild: "kaohe rebuild%.0s with the same --data, --nats and --store: it goes on where it was",
	WorkArchive: "kaohe archive --purge %s with the same --before, --data, --nats and --store: it goes on where it was",
	WorkDemo:    "kaohe demo%.0s with the same --data, or delete the directory",
}

func (w *Work) String() string {
	return fmt.Sprintf("kaohe %s was interrupted, or goes on: nothing else is done with it until that is finished; run "+goOn[w.Name], w.Name, w.Source)
}

// decides reports whether nothing but deciding is left of a work with a source.
func (w *Work) decides(id string) bool { return w != nil && w.ID == id && w.Phase == Deciding }

// Unfinished gives what was begun with a data directory and is not done; nil:
// nothing.
func Unfinished(dir string) (*Work, error) {
	path := filepath.Join(dir, UnfinishedName)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	w := &Work{}
	if err == nil {
		err = json.Unmarshal(raw, w)
	}
	if err == nil && goOn[w.Name] == "" {
		err = fmt.Errorf("%q is nothing that this kaohe does; use the kaohe that began it", w.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("read what is being done to the data directory, %s: %w", path, err)
	}
	return w, nil
}

// Renewing reports whether what was interrupted is to build documents anew that
// nobody could use, and so have nothing to be compared with: a start goes on with
// that by itself.
func Renewing(dir string) bool {
	w, err := Unfinished(dir)
	return err == nil && w != nil && w.Name == WorkRebuild && len(w.Seal) == 0
}

// checkWhole refuses a data directory that something else is done to.
func checkWhole(dir, work string) error {
	w, err := Unfinished(dir)
	if err != nil || w == nil || w.Name == work {
		return err
	}
	return fmt.Errorf("the data directory %s is not whole: %s: %w", dir, w, ErrUnfinished)
}

// Begin marks a data directory, or notes how far the work is. Who calls it has
// the directory to himself.
func Begin(dir string, w Work) error {
	raw, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return fmt.Errorf("encode what is being done: %w", err)
	}
	return durable.Replace(filepath.Join(dir, UnfinishedName), append(raw, '\n'))
}

// begin marks the data directory and the streams of a server elsewhere.
func (a *App) begin(ctx context.Context, b *bus.Bus, w Work) error {
	if err := Begin(a.config.Data, w); err != nil || a.config.NATS == "" {
		return err
	}
	return b.Mark(ctx, w.Name, w.String())
}

// Finish takes the mark of a work away: all is done.
func Finish(ctx context.Context, config Config) error {
	if config.NATS != "" {
		err := withBus(ctx, config, func(_ *App, b *bus.Bus) error { return b.Mark(ctx, "", "") })
		if err != nil {
			return err
		}
	}
	return durable.Remove(filepath.Join(config.Data, UnfinishedName))
}
