package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// ErrArchive says that a file is a zip archive (or an xlsx workbook, which is
// one) instead of a table.
var ErrArchive = errors.New("this is a zip archive or an xlsx workbook: unpack it, or save it as csv, and import the csv " +
	"(这是 zip 压缩包或 xlsx 工作簿：请先解压或另存为 csv 再导入)")

// ErrUTF16 says that a file is UTF-16 text.
var ErrUTF16 = errors.New("this is UTF-16 text: save it as UTF-8 (这是 UTF-16 文本：请另存为 UTF-8)")

// table reads the rows of a file one by one: the columns the mapping reads,
// and the line. A fault is a row that cannot be read; io.EOF is the end.
type table interface {
	next() (values []string, line int, bad *fault, err error)
	// absent lists columns of the mapping that no row so far had.
	absent() []string
}

// file is an opened file.
type file struct {
	table
	name    string
	size    int64
	read    *counter
	closers []io.Closer
}

// counter counts the bytes read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// open opens a file, finds out what it is, and checks its columns.
func (m *Mapping) open(name string) (*file, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the file to import: %w", err)
	}
	opened := &file{name: name, read: &counter{r: f}, closers: []io.Closer{f}}
	if info, err := f.Stat(); err == nil {
		opened.size = info.Size()
	}
	opened.table, err = m.decode(opened.read)
	if err != nil {
		opened.close()
		if problems := (Problems)(nil); errors.As(err, &problems) {
			return nil, err
		}
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return opened, nil
}

func (f *file) close() {
	for _, c := range f.closers {
		_ = c.Close() // it was only read
	}
}

// decode finds out what a stream is: gzip or not, then csv or ndjson.
func (m *Mapping) decode(r io.Reader) (table, error) {
	buffered := bufio.NewReaderSize(r, 256<<10)
	head, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return nil, ErrArchive
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("unpack gzip: %w", err)
		}
		buffered = bufio.NewReaderSize(unpacked, 256<<10)
	}
	head, _ = buffered.Peek(3)
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return nil, ErrUTF16
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, _ = buffered.Discard(3) // the three bytes were just seen
	}
	if m.gb18030 {
		buffered = bufio.NewReaderSize(simplifiedchinese.GB18030.NewDecoder().Reader(buffered), 256<<10)
	}
	if head, _ = buffered.Peek(1); len(head) == 1 && head[0] == '{' {
		return &jsonTable{mapping: m, lines: buffered, seen: make([]bool, len(m.uses))}, nil
	}
	return m.openCSV(buffered)
}
