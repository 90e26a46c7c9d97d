package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
)

// BatchSize is how many events are handed on at once: as many as the feed
// takes in one atomic append.
const BatchSize = 1000

// Item is an event with where it came from.
type Item struct {
	Event *feedv1.Event
	File  string
	Line  int
}

// Outcome is what the door made of a batch.
type Outcome struct {
	Accepted, Duplicates int
	Refused              []Refusal
}

// Refusal is an event the door did not take.
type Refusal struct {
	// Index is the event's place in the batch.
	Index  int
	Reason *factv1.Reason
}

// Emit hands a batch to the door. An error stops the import; it can be run
// again from the start, since the ids stay the same.
type Emit func(context.Context, []Item) (Outcome, error)

// Options say how to import.
type Options struct {
	// Batch names the import's clock, which is "import:" and the batch; empty:
	// the mapping's name. A later import of the same log under the same batch
	// moves the same clock on, so that tickets still open are judged anew.
	Batch string
	// AsOf is the instant beyond which nothing is read; zero: everything is.
	AsOf time.Time
	// CreateUnits registers units that are not known.
	CreateUnits bool
	// Known says whether a unit is registered; nil: none is.
	Known func(unit string) bool
	// Rejects receives the rejects file (csv); nil: it is thrown away.
	Rejects io.Writer
	// Progress is told how many bytes of how many were read, from time to time.
	Progress func(done, total int64)
}

// Clock is the named clock of an import.
func (o Options) Clock(m *Mapping) string { return "import:" + o.batch(m) }

func (o Options) batch(m *Mapping) string {
	if o.Batch != "" {
		return o.Batch
	}
	return m.Name
}

// Run imports files and says what it did. The summary counts what was done
// even when there is an error.
func Run(ctx context.Context, m *Mapping, o Options, emit Emit, files ...string) (*Summary, error) {
	r := newRun(m, o, emit)
	err := r.files(ctx, files)
	if err == nil {
		err = r.flush(ctx)
	}
	return r.summary, errors.Join(err, r.rejects.flush())
}

// run is one import.
type run struct {
	m       *Mapping
	o       Options
	clock   string
	emit    Emit
	rejects *rejects
	summary *Summary
	batch   []Item
	units   map[string]string // id to name, of units known or created
	kept    []*row            // PerUpdate: the rows to order
	sized   int64             // bytes of all files
	passed  int64             // bytes of the files done
}

func newRun(m *Mapping, o Options, emit Emit) *run {
	return &run{
		m: m, o: o, emit: emit, clock: o.Clock(m), rejects: newRejects(o.Rejects), units: map[string]string{},
		summary: &Summary{Batch: o.batch(m), AsOf: o.AsOf, Events: map[string]int64{}, Reasons: map[string]int64{}},
	}
}

func (r *run) files(ctx context.Context, names []string) error {
	opened := make([]*file, 0, len(names))
	defer func() {
		for _, f := range opened {
			f.close()
		}
	}()
	for _, name := range names { // all headers are checked before anything is sent
		f, err := r.m.open(name)
		if err != nil {
			return err
		}
		opened = append(opened, f)
		r.sized += f.size
	}
	for _, f := range opened {
		if err := r.file(ctx, f); err != nil {
			return err
		}
		r.passed += f.size
		r.progress(0)
	}
	return r.updates(ctx)
}

func (r *run) progress(read int64) {
	if r.o.Progress != nil {
		r.o.Progress(r.passed+read, r.sized)
	}
}

// file reads a file's rows.
func (r *run) file(ctx context.Context, f *file) error {
	for {
		values, line, bad, err := f.next()
		if errors.Is(err, io.EOF) {
			return r.absent(f)
		}
		if err != nil {
			return fmt.Errorf("read %s after line %d: %w", f.name, line, err)
		}
		r.summary.Rows++
		if r.summary.Rows%1024 == 0 {
			r.progress(f.read.n)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		row := &row{mapping: r.m, file: f.name, line: line, values: values}
		if bad != nil {
			row.values = nil
		}
		if err := r.row(ctx, row, bad); err != nil {
			return err
		}
	}
}

// absent warns about columns that a file of ndjson never had.
func (r *run) absent(f *file) error {
	for _, column := range f.absent() {
		bad := wrong("absent_column", "文件的任何一行都没有此列", "no row of the file has this column")
		bad.column = column
		if err := r.reject(&row{mapping: r.m, file: f.name}, kindWarning, bad); err != nil {
			return err
		}
	}
	return nil
}

// row deals with a row as read: it is kept to be ordered, or used at once.
func (r *run) row(ctx context.Context, row *row, bad *fault) error {
	if bad == nil {
		bad = r.place(row)
	}
	switch {
	case bad != nil:
		return r.reject(row, kindRejected, bad)
	case r.m.Shape == PerTicket:
		return r.ticket(ctx, row)
	case !r.o.AsOf.IsZero() && row.at.After(r.o.AsOf):
		r.summary.Later++
		return nil
	default:
		row.keep()
		r.kept = append(r.kept, row)
		return nil
	}
}

// place finds a row's ticket and its own time, and hides what it cannot know.
func (r *run) place(row *row) *fault {
	row.at = r.o.AsOf
	if r.m.Shape == PerUpdate {
		text := row.get(r.m.time)
		t, err := r.m.parseTime(text)
		if err != nil {
			return badTime(r.m.time, text)
		}
		row.at = t
	}
	if bad := row.blank(); bad != nil {
		return bad
	}
	if row.get(r.m.ticket) == "" {
		bad := wrong("no_ticket", "没有工单编号", "there is no ticket number")
		bad.column = r.m.ticket
		return bad
	}
	return nil
}

// reject sets a row aside, or warns about it.
func (r *run) reject(row *row, kind string, f *fault) error {
	if kind == kindWarning {
		r.summary.Warnings++
	} else {
		r.summary.Rejected++
	}
	r.summary.Reasons[f.reason.Code]++
	return r.rejects.write(row.file, row.line, kind, row.get(r.m.ticket), f)
}

// send queues items and hands full batches on.
func (r *run) send(ctx context.Context, items []Item) error {
	for _, item := range items {
		r.batch = append(r.batch, item)
		if len(r.batch) == BatchSize {
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush hands the batch to the door and notes what came of it.
func (r *run) flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	batch := r.batch
	r.batch = make([]Item, 0, BatchSize)
	outcome, err := r.emit(ctx, batch)
	if err != nil {
		return fmt.Errorf("hand on events: %w", err)
	}
	r.summary.Accepted += int64(outcome.Accepted)
	r.summary.Duplicates += int64(outcome.Duplicates)
	r.summary.Refused += int64(len(outcome.Refused))
	for _, refused := range outcome.Refused {
		item := batch[refused.Index]
		r.summary.Reasons[refused.Reason.Code]++
		f := &fault{column: "event", value: item.Event.Id, reason: refused.Reason}
		if err := r.rejects.write(item.File, item.Line, kindRefused, "", f); err != nil {
			return err
		}
	}
	return nil
}
