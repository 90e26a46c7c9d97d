package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine is the longest line of ndjson that is read.
const maxLine = 1 << 20

// jsonTable reads one JSON object a line. A key that is absent, null or empty
// is a missing value.
type jsonTable struct {
	mapping *Mapping
	lines   *bufio.Reader
	line    int
	seen    []bool // the mapping's columns that occurred as keys
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
		v, present := object[u.column]
		t.seen[i] = t.seen[i] || present
		switch v := v.(type) {
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
		if bad := unfit(u.column, values[i]); bad != nil {
			return nil, bad
		}
	}
	return values, nil
}

// absent is table: a key that never occurred is likely misspelt.
func (t *jsonTable) absent() []string {
	var columns []string
	for i, u := range t.mapping.uses {
		if !t.seen[i] && t.line > 0 {
			columns = append(columns, u.column)
		}
	}
	return columns
}
