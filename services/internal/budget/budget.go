// Package budget bounds what somebody else can make kaohe do: the bytes that an
// upload, an unpacked archive or a single piece of one may have, the bytes that
// are on their way at once, how many of something a caller may have open, how
// long a body may take to come and an answer to go, how many connections there
// may be.
//
// In flow readers, writers and listeners; out flow the same, bounded. Never
// here: what the bytes mean, and what a caller is told.
//
//  1. What is counted is what is really there, never what somebody says there is.
//  2. It is counted before it is built: a parser behind a budget can take no more
//     than a known multiple of it.
//  3. Room is taken when it is used and not before: who says much and sends
//     nothing holds nothing.
//  4. Whatever is taken is given back by one func, which may be called again and
//     again.
package budget

import (
	"bufio"
	"errors"
	"io"
)

var (
	// ErrPiece says that a single piece is longer than it may be.
	ErrPiece = errors.New("a single piece is longer than it may be")
	// ErrWhole says that the whole is more than it may be.
	ErrWhole = errors.New("the whole is more than it may be")
)

// Pieces reads a stream for a parser that keeps one piece at a time in memory (a
// tag, a record): a piece that does not end is an error, not memory.
type Pieces struct {
	in    *bufio.Reader
	whole *int64
	most  int
	left  int
}

// NewPieces reads pieces of at most so many bytes each, and no more than what is
// left of the whole, which several streams may share. Nil sets no limit to it.
//
// A parser that reads ahead may get a piece that is longer by what it has read.
func NewPieces(in io.Reader, piece int, whole *int64) *Pieces {
	return &Pieces{in: bufio.NewReader(in), whole: whole, most: piece, left: piece}
}

// Next begins another piece.
func (p *Pieces) Next() { p.left = p.most }

// may gives how many of some bytes may be read.
func (p *Pieces) may(bytes int) (int, error) {
	if p.left <= 0 {
		return 0, ErrPiece
	}
	if p.whole == nil {
		return min(bytes, p.left), nil
	}
	if *p.whole <= 0 {
		return 0, ErrWhole
	}
	return int(min(int64(bytes), int64(p.left), *p.whole)), nil
}

func (p *Pieces) took(bytes int) {
	p.left -= bytes
	if p.whole != nil {
		*p.whole -= int64(bytes)
	}
}

// Read reads.
func (p *Pieces) Read(into []byte) (int, error) {
	most, err := p.may(len(into))
	if err != nil {
		return 0, err
	}
	n, err := p.in.Read(into[:most])
	p.took(n)
	return n, err
}

// ReadByte reads a byte: with it parsers do not read ahead.
func (p *Pieces) ReadByte() (byte, error) {
	if _, err := p.may(1); err != nil {
		return 0, err
	}
	b, err := p.in.ReadByte()
	if err == nil {
		p.took(1)
	}
	return b, err
}
