// Package table reads tables out of xlsx workbooks and csv files that people
// made by hand.
//
// In flow the bytes of a file; out flow rows of text, or all that is wrong with
// the file. Never here: what the columns mean.
//
//  1. A file is somebody else's: it may be huge when unpacked, hold macros, or
//     be cut off. Everything is counted before it is kept.
//  2. What a program would have to compute is no value: formulas are refused.
//  3. A cell is given as it is kept, not as it is shown: a date of a workbook is
//     its number of days.
package table

import (
	"bytes"
	"fmt"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/gateway/lang"
)

// What a table may have.
const (
	// MaxRows is how many rows, the header aside.
	MaxRows = 10_000
	// MaxColumns is how many columns.
	MaxColumns = 50
	// maxUnpacked is how many bytes of a workbook are unpacked at most.
	maxUnpacked = 32 << 20
	// maxCell is how many bytes a cell may have.
	maxCell = 8 << 10
	// maxRecord is how many bytes a record of csv may have.
	maxRecord = 256 << 10
	// maxText is how many bytes all cells of a file may have, and the texts that
	// they share: a text that many cells share counts in each, as it will be kept.
	maxText = 16 << 20
	// cellCost is what a cell costs beside its text.
	cellCost = 16
	// maxFaults is how many faults of a file are told.
	maxFaults = 100
)

// Table is a sheet of a workbook, or a csv file.
type Table struct {
	Sheet  string // its name; empty: csv
	Header Row
	Rows   []Row
}

// Row is a row with something in it.
type Row struct {
	Number int // as a spreadsheet counts; the first is 1
	Cells  []string
}

// Fault is something wrong with a file.
type Fault struct {
	Sheet, Cell string // empty: the whole
	Row         int    // 0: the whole
	Value       string
	Text        *factv1.Text
}

// fault makes a fault of a whole file or sheet; the texts are formats of the
// same arguments.
func fault(sheet, zh, en string, args ...any) Fault {
	return Fault{Sheet: sheet, Text: lang.Text(fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...))}
}

// at names the cell a fault is about.
func (f Fault) at(cell string, row int, value string) Fault {
	f.Cell, f.Row, f.Value = cell, row, value
	return f
}

// Read gives the tables of a file that are not empty, or what is wrong with it.
// Sheets to skip are not looked at.
func Read(file []byte, skip func(sheet string) bool) ([]Table, []Fault) {
	switch {
	case bytes.HasPrefix(file, []byte("PK\x03\x04")):
		return readWorkbook(file, skip)
	case bytes.HasPrefix(file, []byte("\xD0\xCF\x11\xE0")):
		return nil, []Fault{fault("", "这是旧式 .xls 工作簿，或设有打开密码；请另存为不带密码的 .xlsx",
			"it is an old .xls workbook, or one with a password; save it as .xlsx without one")}
	default:
		return readCSV(file)
	}
}

// tooManyRows refuses what is too long; it is the same for all files.
func tooManyRows(sheet string) Fault {
	return fault(sheet, "超过 %d 行，请分成几个文件", "it has more than %d rows; split it into several files", MaxRows)
}

func tooManyColumns(sheet string, row int) Fault {
	f := fault(sheet, "第 %[2]d 行超过 %[1]d 列，请删去多余的列", "row %[2]d has more than %[1]d columns; remove those that are not needed", MaxColumns, row)
	f.Row = row
	return f
}

// room is how many bytes of text a file may still have.
type room int

// take takes room for a cell.
func (r *room) take(bytes int) *Fault {
	if *r -= room(bytes + cellCost); *r >= 0 {
		return nil
	}
	f := fault("", "各单元格的内容合计超过 %d MiB，请分成几个文件，或删去过长的内容", "its cells have more than %d MiB in all; split it into several files, or shorten what is long", maxText>>20)
	return &f
}

func tooLong(row int) *Fault {
	f := fault("", "单元格超过 %d KiB，请缩短", "a cell has more than %d KiB; shorten it", maxCell>>10).at("", row, "")
	return &f
}
