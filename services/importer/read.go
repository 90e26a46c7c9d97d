package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

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
		return &jsonTable{mapping: m, lines: buffered}, nil
	}
	return m.openCSV(buffered)
}

// csvTable reads csv with a header.
type csvTable struct {
	csv    *csv.Reader
	places []int // of the mapping's columns in a record
	values []string
}

func (m *Mapping) openCSV(r io.Reader) (*csvTable, error) {
	t := &csvTable{csv: csv.NewReader(r), values: make([]string, len(m.uses))}
	t.csv.ReuseRecord, t.csv.Comma = true, m.delimiter
	header, err := t.csv.Read()
	if err != nil {
		return nil, fmt.Errorf("read the header line: %w", err)
	}
	header = slices.Clone(header)
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	var problems Problems
	for _, u := range m.uses {
		place := slices.Index(header, u.column)
		if place < 0 {
			near := nearest(u.column, header)
			problems = append(problems, Problem{
				Line: u.line, Field: u.column,
				Zh: "文件中没有此列，最接近的是 " + near,
				En: "the file has no such column; the nearest is " + near,
			})
		}
		t.places = append(t.places, place)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return t, nil
}

func (t *csvTable) next() ([]string, int, *fault, error) {
	record, err := t.csv.Read()
	var parse *csv.ParseError
	switch {
	case err == nil:
	case errors.As(err, &parse):
		return nil, parse.StartLine, malformed(err, len(record), t.csv.FieldsPerRecord), nil
	default:
		return nil, 0, nil, err // io.EOF, or the file cannot be read
	}
	line, _ := t.csv.FieldPos(0)
	for i, place := range t.places {
		v := strings.TrimSpace(record[place])
		if bad := notText(v); bad != nil {
			return nil, line, bad, nil
		}
		t.values[i] = v
	}
	return t.values, line, nil, nil
}

func malformed(err error, got, want int) *fault {
	if errors.Is(err, csv.ErrFieldCount) {
		return wrong("field_count", "应有 %d 列，实有 %d 列", "%[1]d columns are expected, there are %[2]d", want, got)
	}
	return wrong("bad_csv", "CSV 格式错误：%v", "the csv is broken: %v", err)
}

// notText reports a value that is not UTF-8, or lost characters on decoding.
func notText(v string) *fault {
	if utf8.ValidString(v) && !strings.ContainsRune(v, utf8.RuneError) {
		return nil
	}
	f := wrong("bad_encoding", "文字编码不对，请检查映射中的 encoding", "the text's encoding is wrong; check encoding in the mapping")
	f.value = strings.ToValidUTF8(v, "�")
	return f
}

// maxLine is the longest line of ndjson that is read.
const maxLine = 1 << 20

// jsonTable reads one JSON object a line. A key that is absent, null or empty
// is a missing value.
type jsonTable struct {
	mapping *Mapping
	lines   *bufio.Reader
	line    int
}

func (t *jsonTable) next() ([]string, int, *fault, error) {
	for {
		raw, tooLong, err := t.readLine()
		if err != nil && (len(raw) == 0 || !errors.Is(err, io.EOF)) {
			return nil, t.line, nil, err
		}
		t.line++
		if tooLong {
			return nil, t.line, wrong("long_line", "该行超过 %d 字节", "the line is longer than %d bytes", maxLine), nil
		}
		if raw = bytes.TrimSpace(raw); len(raw) > 0 {
			values, bad := t.object(raw)
			return values, t.line, bad, nil
		}
	}
}

// readLine reads to the end of the line, keeping at most maxLine bytes.
func (t *jsonTable) readLine() (line []byte, tooLong bool, err error) {
	for {
		part, err := t.lines.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			tooLong = true
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}

func (t *jsonTable) object(raw []byte) ([]string, *fault) {
	if bad := notText(string(raw)); bad != nil {
		return nil, bad
	}
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil || decoder.More() {
		return nil, wrong("bad_json", "该行不是一个 JSON 对象", "the line is not one JSON object")
	}
	values := make([]string, len(t.mapping.uses))
	for i, u := range t.mapping.uses {
		switch v := object[u.column].(type) {
		case nil:
		case string:
			values[i] = strings.TrimSpace(v)
		case json.Number:
			values[i] = v.String()
		case bool:
			values[i] = fmt.Sprint(v)
		default:
			bad := wrong("nested", "此列不是单个值", "the column does not hold a plain value")
			bad.column = u.column
			return nil, bad
		}
	}
	return values, nil
}
