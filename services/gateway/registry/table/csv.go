package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"kaohe.dev/services/internal/budget"
)

// readCSV reads a table of text: UTF-8 with or without a mark, UTF-16 with one,
// or GB 18030 (which GBK is part of), as spreadsheets write it in Chinese.
func readCSV(file []byte) ([]Table, []Fault) {
	text, ok := decoded(file)
	if !ok {
		return nil, []Fault{fault("", "既不是 xlsx 工作簿，也不是 UTF-8 或 GBK 编码的文本；请另存为 .xlsx 或 UTF-8 编码的 .csv",
			"it is neither an xlsx workbook nor text in UTF-8 or GBK; save it as .xlsx, or as .csv in UTF-8")}
	}
	records := budget.NewPieces(strings.NewReader(text), maxRecord, nil)
	lines := csv.NewReader(records)
	lines.Comma, lines.FieldsPerRecord = separator(text), -1
	var t Table
	for room := room(maxText); ; records.Next() {
		from := lines.InputOffset()
		cells, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return found(t), nil
		}
		if errors.Is(err, budget.ErrPiece) {
			at := 1 + strings.Count(text[:from], "\n")
			f := fault("", "从第 %[1]d 行起的一条记录超过 %[2]d KiB，可能缺少引号", "the record from line %[1]d on has more than %[2]d KiB; perhaps a quote is missing", at, maxRecord>>10)
			return nil, []Fault{f.at("", at, "")}
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			f := fault("", "第 %[1]d 行的引号不成对（第 %[2]d 列附近），请检查引号", "the quotes in line %[1]d, near column %[2]d, do not match; correct them", broken.Line, broken.Column)
			return nil, []Fault{f.at("", broken.Line, "")}
		}
		if err != nil {
			return nil, []Fault{fault("", "无法读取：%v", "it cannot be read: %v", err)}
		}
		line, _ := lines.FieldPos(0)
		f := t.take(Row{line, cells})
		for i := 0; i < len(cells) && f == nil; i++ {
			if f = room.take(len(cells[i])); len(cells[i]) > maxCell {
				f = tooLong(line)
			}
		}
		if f != nil {
			return nil, []Fault{*f}
		}
	}
}

// decoded gives the text of a file; false: it is none.
func decoded(file []byte) (string, bool) {
	if bytes.HasPrefix(file, []byte("\xFF\xFE")) || bytes.HasPrefix(file, []byte("\xFE\xFF")) {
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(file)
		return string(text), err == nil && isText(text)
	}
	file = bytes.TrimPrefix(file, []byte("\xEF\xBB\xBF"))
	if utf8.Valid(file) {
		return string(file), isText(file)
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(file)
	return string(text), err == nil && isText(text)
}

// isText refuses what no text holds: zero bytes, and what could not be decoded.
func isText(b []byte) bool {
	return !bytes.ContainsRune(b, 0) && !bytes.ContainsRune(b, utf8.RuneError)
}

// separator is what stands most often in the first line.
func separator(text string) rune {
	first, _, _ := strings.Cut(text, "\n")
	best := ','
	for _, mark := range []rune{'\t', ';'} {
		if strings.Count(first, string(mark)) > strings.Count(first, string(best)) {
			best = mark
		}
	}
	return best
}

// take adds a row; the first with something in it is the header.
func (t *Table) take(r Row) *Fault {
	for len(r.Cells) > 0 && strings.TrimSpace(r.Cells[len(r.Cells)-1]) == "" {
		r.Cells = r.Cells[:len(r.Cells)-1]
	}
	switch {
	case len(r.Cells) == 0:
		return nil
	case len(r.Cells) > MaxColumns:
		f := tooManyColumns(t.Sheet, r.Number)
		return &f
	case len(t.Rows) == MaxRows:
		f := tooManyRows(t.Sheet)
		return &f
	}
	for i, cell := range r.Cells {
		if t.Sheet == "" && strings.HasPrefix(strings.TrimSpace(cell), "=") {
			f := isFormula("").at(CellName(i, r.Number), r.Number, cell)
			return &f
		}
	}
	r.Cells = slices.Clone(r.Cells) // what was cut off behind is not kept
	if t.Header.Number == 0 {
		t.Header = r
	} else {
		t.Rows = append(t.Rows, r)
	}
	return nil
}

// found gives a table that has a header.
func found(t Table) []Table {
	if t.Header.Number == 0 {
		return nil
	}
	return []Table{t}
}

// CellName names a cell as spreadsheets do; the first column is 0.
func CellName(column, row int) string {
	name, err := excelize.CoordinatesToCellName(column+1, row)
	if err != nil {
		return "" // beyond what a spreadsheet has
	}
	return name
}

func isFormula(sheet string) Fault {
	return fault(sheet, "是公式，不是值；请复制后“选择性粘贴为数值”", "it is a formula, not a value; copy it and paste the value only")
}
