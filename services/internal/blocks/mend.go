package blocks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// index is where the server keeps what it knows of all blocks; without it, it
// reads them.
const index = "index.db"

// Lost is the header of a record that stands in the place of one that is lost,
// so that the sequences have no gap.
const Lost = "Kaohe-Lost"

// lostHeaders are those of such a record.
var lostHeaders = []byte("NATS/1.0\r\n" + Lost + ": 1\r\n\r\n")

// Mend writes the blocks anew that cannot be read whole: with all records that
// can, and one without data, of a subject, in the place of each that is missing.
// Nobody may have the stream open, and who calls has a copy of it. It gives how
// many records are lost. An end that cannot be read is cut.
func (s Stream) Mend(subject string) (lost int64, err error) {
	m := &mend{stream: s, subject: subject}
	numbers, err := s.blocks()
	if err != nil {
		return 0, err
	}
	c := &scan{stream: s, take: m.take}
	for i, number := range numbers {
		raw, err := os.ReadFile(s.path(number))
		if err != nil {
			return lost, fmt.Errorf("read a block of %s: %w", s.Name, err)
		}
		if m.sums, err = newSum(s.Name, number); err != nil {
			return lost, err
		}
		before := len(c.report.Damage)
		m.out, m.placed = m.out[:0], 0
		if err := c.block(number, raw, i == len(numbers)-1); err != nil {
			return lost, err
		}
		if c.open == nil && len(c.report.Damage) == before && m.placed == 0 {
			continue
		}
		if err := s.replace(number, m.out); err != nil {
			return lost, err
		}
		lost += m.placed
	}
	return lost, nil
}

// mend is what a block is written anew from.
type mend struct {
	stream  Stream
	subject string
	sums    sum
	out     []byte
	placed  int64
	stored  time.Time
}

func (m *mend) take(_ uint32, raw []byte, r Record, missing Missing) error {
	if m.stored.IsZero() {
		m.stored = r.Stored
	}
	for sequence := missing.From; sequence <= missing.To; sequence++ {
		m.out = append(m.out, m.sums.encode(Record{Sequence: sequence, Stored: m.stored, Subject: m.subject, Headers: lostHeaders})...)
		m.placed++
	}
	m.out, m.stored = append(m.out, raw...), r.Stored
	return nil
}

// replace writes a block in the place of the one that is there.
func (s Stream) replace(block uint32, raw []byte) error {
	if err := os.Remove(filepath.Join(s.Dir, messages, index)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("mend %s: %w", s.Name, err)
	}
	path := s.path(block)
	file, err := os.CreateTemp(filepath.Dir(path), "mended.*")
	if err != nil {
		return fmt.Errorf("mend %s: %w", s.Name, err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.Write(raw)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("mend %s: %w", s.Name, err)
	}
	return nil
}
