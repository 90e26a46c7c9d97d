package importer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"kaohe.dev/services/internal/budget"
)

// maxRecord is the longest record of csv that is read.
const maxRecord = 1 << 20

// csvTable reads csv with a header.
type csvTable struct {
	csv     *csv.Reader
	pieces  *budget.Pieces // a record each
	columns []use
	line    int   // of the last record that could be read
	places  []int // of the mapping's columns in a record
	values  []string
}

func (m *Mapping) openCSV(r io.Reader) (*csvTable, error) {
	pieces := budget.NewPieces(r, maxRecord, nil)
	t := &csvTable{csv: csv.NewReader(pieces), pieces: pieces, columns: m.uses, values: make([]string, len(m.uses))}
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
	t.pieces.Next()
	record, err := t.csv.Read()
	var parse *csv.ParseError
	switch {
	case err == nil:
	case errors.Is(err, budget.ErrPiece):
		return nil, t.line + 1, wrong("long_record", "该行起的记录超过 %d 字节，可能缺少引号", "the record from this line on is longer than %d bytes; perhaps a quote is missing", maxRecord), nil
	case errors.As(err, &parse):
		return nil, parse.StartLine, malformed(err, len(record), t.csv.FieldsPerRecord), nil
	default:
		return nil, 0, nil, err // io.EOF, or the file cannot be read
	}
	line, _ := t.csv.FieldPos(0)
	t.line = line
	for i, place := range t.places {
		v := strings.TrimSpace(record[place])
		if bad := unfit(t.columns[i].column, v); bad != nil {
			return nil, line, bad, nil
		}
		t.values[i] = v
	}
	return t.values, line, nil, nil
}

// absent is table: the header was checked on opening.
func (t *csvTable) absent() []string { return nil }

func malformed(err error, got, want int) *fault {
	if errors.Is(err, csv.ErrFieldCount) {
		return wrong("field_count", "应有 %d 列，实有 %d 列", "%[1]d columns are expected, there are %[2]d", want, got)
	}
	return wrong("bad_csv", "CSV 格式错误：%v", "the csv is broken: %v", err)
}

// maxValue is how many bytes a value of a column that is read may have.
const maxValue = 64 << 10

// unfit reports a value that is too long, or no text.
func unfit(column, v string) *fault {
	if len(v) <= maxValue {
		return notText(v)
	}
	f := wrong("long_value", "此列的值超过 %d 字节，请缩短", "the value is longer than %d bytes; shorten it", maxValue)
	f.column, f.value = column, v
	return f
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
