// Package plaincsv writes csv that no spreadsheet computes anything of.
//
// In flow rows of text, some of it from strangers; out flows csv. Never here:
// what the columns mean.
//
//  1. A cell that a spreadsheet would take for a formula gets a quote before it,
//     which shows that it is text; a number stays a number.
//  2. Nobody else makes a writer of csv; a test sees to it.
package plaincsv

import (
	"encoding/csv"
	"io"
	"regexp"
	"strings"
)

// formulaMarks are what spreadsheets begin a formula with, or skip before one.
const formulaMarks = "=+-@\t\r\n＝＋－＠"

var number = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]+)*%?$`)

// Writer writes rows. Flush it at the end.
type Writer struct{ csv *csv.Writer }

// NewWriter writes rows that end with a line feed.
func NewWriter(w io.Writer) *Writer { return &Writer{csv.NewWriter(w)} }

// NewCRLFWriter writes rows that end as those of spreadsheets do.
func NewCRLFWriter(w io.Writer) *Writer {
	out := NewWriter(w)
	out.csv.UseCRLF = true
	return out
}

// Write writes a row.
func (w *Writer) Write(row []string) error {
	plain := make([]string, len(row))
	for i, cell := range row {
		plain[i] = cell
		if !number.MatchString(cell) {
			plain[i] = Text(cell)
		}
	}
	return w.csv.Write(plain)
}

// WriteAll writes rows and flushes them.
func (w *Writer) WriteAll(rows [][]string) error {
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Flush hands on what was written, and tells what went wrong with it.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// Text is a cell that stays a text, whatever it looks like; a single dash says
// that there is nothing.
func Text(cell string) string {
	if cell != "-" && strings.IndexAny(cell, formulaMarks) == 0 {
		return "'" + cell
	}
	return cell
}
