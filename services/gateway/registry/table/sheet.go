package table

import (
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// looking is a sheet being read, cell by cell.
type looking struct {
	book   *workbook
	table  Table
	row    Row // being read
	cell   string
	number int    // the row of the cell
	column int    // and its column; the first is 1
	kind   string // how it keeps its value
	text   text
	has    bool // the cell has a value
	faults []Fault
}

// read reads a sheet. Formulas, errors, merged cells and more than a table may
// have are told.
func (b *workbook) read(s sheet) (Table, []Fault) {
	l := &looking{book: b, table: Table{Sheet: s.name}}
	if whole := b.walk(s.part, l.see); whole != nil {
		if len(l.faults) >= maxFaults {
			return l.table, l.faults
		}
		return l.table, []Fault{*whole}
	}
	if f := l.endRow(); f != nil {
		return l.table, []Fault{*f}
	}
	return l.table, l.faults
}

// see sees a token; a fault of the whole sheet ends it, and so do enough of
// single cells.
func (l *looking) see(token xml.Token) *Fault {
	if f := l.text.see(token); f != nil {
		*f = f.at(l.cell, l.number, "")
		f.Sheet = l.table.Sheet
		return f
	}
	switch e := token.(type) {
	case xml.StartElement:
		if f := l.begin(e); f != nil {
			return f
		}
	case xml.EndElement:
		if e.Name.Local == "c" && l.has {
			if f := l.end(); f != nil {
				return f
			}
		}
	}
	if len(l.faults) >= maxFaults {
		return &l.faults[0]
	}
	return nil
}

func (l *looking) begin(e xml.StartElement) *Fault {
	sheet := l.table.Sheet
	switch e.Name.Local {
	case "c":
		l.cell, l.kind, l.text, l.has = attribute(e, "r"), attribute(e, "t"), text{}, false
		column, row, err := excelize.CellNameToCoordinates(l.cell)
		if err != nil || row < l.number {
			f := fault(sheet, "单元格位置无效：%q；请重新保存文件", "a cell says it is at %q; save the file anew", l.cell)
			return &f
		}
		l.column, l.number = column, row
	case "f":
		l.faults = append(l.faults, isFormula(sheet).at(l.cell, l.number, ""))
	case "v", "is":
		l.has = true
	case "mergeCell":
		area := attribute(e, "ref")
		f := fault(sheet, "%s 是合并单元格，分不清属于哪一行；请取消合并", "%s are merged cells, which belong to no row; unmerge them", area)
		l.faults = append(l.faults, f.at(area, 0, ""))
	}
	return nil
}

// end takes a cell with a value.
func (l *looking) end() *Fault {
	if l.column > MaxColumns {
		f := tooManyColumns(l.table.Sheet, l.number)
		return &f
	}
	if l.number != l.row.Number {
		if f := l.endRow(); f != nil {
			return f
		}
		l.row = Row{Number: l.number}
	}
	value, f := l.value()
	if f != nil {
		return f
	}
	for len(l.row.Cells) < l.column {
		l.row.Cells = append(l.row.Cells, "")
	}
	l.row.Cells[l.column-1] = value
	return l.book.room.take(len(value))
}

// value is what a cell keeps.
func (l *looking) value() (string, *Fault) {
	value := l.text.String()
	switch l.kind {
	case "s":
		place, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || place < 0 || place >= len(l.book.shared) {
			f := fault(l.table.Sheet, "引用的文本 %q 不存在；请重新保存文件", "it refers to the text %q, which is not there; save the file anew", value).at(l.cell, l.number, value)
			return "", &f
		}
		return l.book.shared[place], nil
	case "e":
		f := fault(l.table.Sheet, "是错误值（例如 #N/A），请改成正确的值", "it is an error such as #N/A; write the right value")
		l.faults = append(l.faults, f.at(l.cell, l.number, ""))
	case "d": // a date and its time, of which a registry has none
		value, _, _ = strings.Cut(value, "T")
	}
	return value, nil
}

// endRow hands the row on that was read.
func (l *looking) endRow() *Fault {
	if l.row.Number == 0 {
		return nil
	}
	return l.table.take(l.row)
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}
