package blocks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	messages = "msgs"
	suffix   = ".blk"
	// farthest is how much larger than the last sequence that was read the next
	// one may be, when it is looked for among bytes that cannot be read.
	farthest = 1 << 24
)

// Stream is a stream's directory.
type Stream struct {
	// Dir is the directory, and Name the stream's name.
	Dir, Name string
	// First is the sequence that it is known to begin with; 0: it is not known.
	First uint64
	// Valid tells whether a message is one that the stream may have; nil: every
	// one is.
	Valid func(r Record) bool
}

// Damage is a piece of a stream that cannot be read.
type Damage struct {
	// From and To are the sequences that are missing; none, when nothing is:
	// From is larger then.
	From, To uint64
	// Earliest and Latest are when the messages before and behind it were stored;
	// zero: there is none.
	Earliest, Latest time.Time
	// File is the block, and Offset and Size where in it what cannot be read is;
	// empty: a block is missing.
	File         string
	Offset, Size int
	// End says that nothing comes behind it: it may be what was being written
	// when the process ended.
	End bool
}

// Report is what a stream has.
type Report struct {
	// First and Last are its sequences; 0: it has none.
	First, Last uint64
	Messages    int64
	Damage      []Damage
}

// scan is reading a stream.
type scan struct {
	stream Stream
	report Report
	last   Record // without its data
	open   *Damage
	// take takes a record that was read, and which are missing before it.
	take func(block uint32, raw []byte, r Record, missing Missing) error
}

// Missing are sequences of which nothing is left, both ends included; none, when
// From is larger.
type Missing struct{ From, To uint64 }

// Scan reads all blocks. A stream that is not there has nothing. Told hears how
// many bytes were read; it may be nil.
func (s Stream) Scan(told func(bytes int64)) (Report, error) {
	names, err := s.blocks()
	if err != nil {
		return Report{}, err
	}
	return s.scan(names, func(bytes int64) error {
		if told != nil {
			told(bytes)
		}
		return nil
	})
}

// ScanFull reads all blocks but the last, which the server may be writing to. An
// error of told ends it.
func (s Stream) ScanFull(told func(bytes int64) error) (Report, error) {
	names, err := s.blocks()
	if err != nil || len(names) == 0 {
		return Report{}, err
	}
	return s.scan(names[:len(names)-1], told)
}

func (s Stream) scan(names []uint32, told func(bytes int64) error) (Report, error) {
	c := &scan{stream: s}
	for i, number := range names {
		raw, err := os.ReadFile(s.path(number))
		if err != nil {
			return Report{}, fmt.Errorf("read a block of %s: %w", s.Name, err)
		}
		if err := c.block(number, raw, i == len(names)-1); err != nil {
			return Report{}, err
		}
		if err := told(int64(len(raw))); err != nil {
			return Report{}, err
		}
	}
	return c.end(), nil
}

// blocks gives the numbers of the blocks, in order.
func (s Stream) blocks() (numbers []uint32, err error) {
	entries, err := os.ReadDir(filepath.Join(s.Dir, messages))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the blocks of %s: %w", s.Name, err)
	}
	for _, e := range entries {
		text, isBlock := strings.CutSuffix(e.Name(), suffix)
		if number, err := strconv.ParseUint(text, 10, 32); isBlock && err == nil {
			numbers = append(numbers, uint32(number))
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func (s Stream) path(block uint32) string {
	return filepath.Join(s.Dir, messages, strconv.FormatUint(uint64(block), 10)+suffix)
}

// block reads one block; last says that none comes behind it.
func (c *scan) block(number uint32, raw []byte, last bool) error {
	sums, err := newSum(c.stream.Name, number)
	if err != nil {
		return err
	}
	for at := 0; at < len(raw); {
		r, size := c.record(sums, raw[at:])
		if size > 0 {
			if err := c.good(number, raw[at:at+size], r); err != nil {
				return err
			}
			at += size
			continue
		}
		next := c.next(sums, raw, at+1)
		c.bad(Damage{File: c.stream.path(number), Offset: at, Size: next - at, End: last && next == len(raw)})
		at = next
	}
	return nil
}

func (c *scan) record(sums sum, raw []byte) (Record, int) {
	r, size := sums.parse(raw)
	if size > 0 && !r.gone && c.stream.Valid != nil && !c.stream.Valid(r) {
		return r, 0
	}
	return r, size
}

// next looks for a record behind what cannot be read.
func (c *scan) next(sums sum, raw []byte, from int) int {
	for at := from; at+headerSize+checksumSize <= len(raw); at++ {
		r, size := c.record(sums, raw[at:])
		if size > 0 && r.Sequence > c.last.Sequence && r.Sequence < c.last.Sequence+farthest {
			return at
		}
	}
	return len(raw)
}

// bad notes what cannot be read; which sequences it had shows what comes behind.
func (c *scan) bad(d Damage) {
	d.From, d.Earliest = max(c.last.Sequence+1, c.stream.First), c.last.Stored
	if c.open != nil {
		c.open.To = c.open.From - 1 // told with the one behind it
		c.report.Damage = append(c.report.Damage, *c.open)
	}
	c.open = &d
}

// good takes a record that was read.
func (c *scan) good(block uint32, raw []byte, r Record) error {
	if r.gone {
		return nil
	}
	missing := c.before(r)
	switch {
	case c.open != nil:
		c.open.From, c.open.To, c.open.Latest = missing.From, missing.To, r.Stored
		c.report.Damage = append(c.report.Damage, *c.open)
		c.open = nil
	case missing.From <= missing.To:
		c.report.Damage = append(c.report.Damage, Damage{From: missing.From, To: missing.To, Earliest: c.last.Stored, Latest: r.Stored})
	}
	if c.report.First == 0 {
		c.report.First = r.Sequence
	}
	c.report.Messages++
	c.report.Last = max(c.report.Last, r.Sequence)
	c.last = Record{Sequence: r.Sequence, Stored: r.Stored}
	if c.take != nil {
		return c.take(block, raw, r, missing)
	}
	return nil
}

// before gives what is missing before a record.
func (c *scan) before(r Record) Missing {
	from := c.last.Sequence + 1
	if c.report.Last == 0 {
		switch from = c.stream.First; {
		case from == 0 && c.open != nil:
			from = r.Sequence - 1 // it was there, and perhaps more
		case from == 0:
			from = r.Sequence
		}
	}
	return Missing{From: from, To: r.Sequence - 1}
}

func (c *scan) end() Report {
	if c.open != nil {
		c.open.To = c.open.From - 1 // how many there were is not known
		if !c.open.End {
			c.open.To = c.open.From
		}
		c.report.Damage = append(c.report.Damage, *c.open)
	}
	return c.report
}
