package table

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"

	"github.com/xuri/excelize/v2"
)

// looking is a sheet being looked through, cell by cell.
type looking struct {
	sheet  string
	cell   string // where it is; empty: outside a cell
	row    int
	column int
	isBad  bool // the cell holds an error such as #N/A
	rows   int  // with something in them
	filled int  // the last such row
	faults []Fault
}

// look finds formulas, errors, merged cells, and more than a table may have,
// without building the sheet.
func (s sheet) look(archive *zip.Reader) []Fault {
	in, err := archive.Open(s.part)
	if err != nil {
		return []Fault{*broken(s.part, err)}
	}
	defer func() { _ = in.Close() }() // only read
	l := &looking{sheet: s.name}
	for tokens := xml.NewDecoder(in); len(l.faults) < maxFaults; {
		token, err := tokens.Token()
		if errors.Is(err, io.EOF) {
			return l.faults
		}
		if err != nil {
			return []Fault{*broken(s.part, err)}
		}
		element, is := token.(xml.StartElement)
		if !is {
			continue
		}
		if whole := l.at(element); whole != nil {
			return []Fault{*whole}
		}
	}
	return l.faults
}

// at looks at an element; a fault of the whole sheet ends it.
func (l *looking) at(e xml.StartElement) *Fault {
	switch e.Name.Local {
	case "c":
		l.cell, l.isBad = attribute(e, "r"), attribute(e, "t") == "e"
		column, row, err := excelize.CellNameToCoordinates(l.cell)
		if err != nil {
			f := fault(l.sheet, "单元格位置无效：%q；请重新保存文件", "a cell says it is at %q; save the file anew", l.cell)
			return &f
		}
		l.column, l.row = column, row
	case "f":
		l.faults = append(l.faults, isFormula(l.sheet).at(l.cell, l.row, ""))
	case "v", "is":
		return l.filledCell()
	case "mergeCell":
		area := attribute(e, "ref")
		f := fault(l.sheet, "%s 是合并单元格，分不清属于哪一行；请取消合并", "%s are merged cells, which belong to no row; unmerge them", area)
		l.faults = append(l.faults, f.at(area, 0, ""))
	}
	return nil
}

func (l *looking) filledCell() *Fault {
	if l.column > MaxColumns {
		f := tooManyColumns(l.sheet, l.row)
		return &f
	}
	if l.row != l.filled {
		l.filled = l.row
		if l.rows++; l.rows > MaxRows+1 { // one is the header
			f := tooManyRows(l.sheet)
			return &f
		}
	}
	if l.isBad {
		f := fault(l.sheet, "是错误值（例如 #N/A），请改成正确的值", "it is an error such as #N/A; write the right value")
		l.faults = append(l.faults, f.at(l.cell, l.row, ""))
	}
	return nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}
