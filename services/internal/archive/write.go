package archive

import (
	"errors"
	"fmt"

	"kaohe.dev/services/internal/durable"
	"kaohe.dev/services/internal/sealed"
)

// perFile is about how many events a file has.
const perFile = 100_000

// Writer adds to an archive.
type Writer struct {
	archive *Archive
	files   []File
	file    *sealed.Writer
}

// ErrOtherLog says that an archive is not of the log it is used with.
var ErrOtherLog = errors.New("the archive is of another log; give the one of this, or a new directory")

// Extend goes on behind the last message that is archived. Log names the log.
func (a *Archive) Extend(log string) (*Writer, error) {
	if a.manifest.Log != "" && a.manifest.Log != log {
		return nil, fmt.Errorf("%s: %w", a.dir, ErrOtherLog)
	}
	a.manifest.Log = log
	return &Writer{archive: a}, durable.Dir(a.dir)
}

// Add adds the next message: a batch, encoded, of so many events.
func (w *Writer) Add(batch []byte, events int) error {
	if w.file != nil && w.files[len(w.files)-1].Events >= perFile {
		if err := w.end(); err != nil {
			return err
		}
	}
	if w.file == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	last := &w.files[len(w.files)-1]
	last.Messages++
	last.Events += int64(events)
	return w.file.Add(batch)
}

func (w *Writer) begin() error {
	first := w.archive.Last() + 1
	for _, f := range w.files {
		first += f.Messages
	}
	// Without a manifest that names it, a file is what an interruption left.
	name := fmt.Sprintf("events-%05d.pb.gz", len(w.archive.manifest.Files)+len(w.files)+1)
	file, err := sealed.Create(w.archive.path(name))
	if err != nil {
		return err
	}
	w.file = file
	w.files = append(w.files, File{Name: name, First: first})
	return nil
}

// end ends a file and notes its hash.
func (w *Writer) end() (err error) {
	if w.file == nil {
		return nil
	}
	w.files[len(w.files)-1].SHA256, err = w.file.Seal()
	w.file = nil
	return err
}

// Close ends writing; what was not sealed does not count.
func (w *Writer) Close() error { return w.end() }

// Seal reads back what was added, and then makes it count. Before is the month
// that begins behind it.
func (w *Writer) Seal(before string) error {
	if err := w.end(); err != nil {
		return err
	}
	a := w.archive
	for _, f := range w.files {
		messages := uint64(0)
		if err := a.read(f, func(uint64, []byte) error { messages++; return nil }); err != nil {
			return fmt.Errorf("read back what was archived: %w", err)
		}
		if messages != f.Messages {
			return fmt.Errorf("read back what was archived: %s has %d messages, %d were written", f.Name, messages, f.Messages)
		}
	}
	a.manifest.Files, w.files = append(a.manifest.Files, w.files...), nil
	a.manifest.Before = before
	if err := a.save(); err != nil {
		return fmt.Errorf("write the manifest of the archive: %w", err)
	}
	return nil
}
