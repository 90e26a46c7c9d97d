package registry

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/xuri/excelize/v2"
)

// Template makes the workbook to fill in: a sheet for each kind of table with
// its columns, and one that explains them.
func Template(english bool) (file []byte, err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	for i, kind := range Kinds() {
		name, header := sheetNames(kind)[0], []any{}
		if english {
			name = sheetNames(kind)[1]
		}
		for _, c := range Columns(kind) {
			header = append(header, c.title(english))
		}
		if i == 0 {
			err = book.SetSheetName("Sheet1", name)
		} else {
			_, err = book.NewSheet(name)
		}
		if err = errors.Join(err, book.SetSheetRow(name, "A1", &header), book.SetColWidth(name, "A", "I", 18)); err != nil {
			return nil, fmt.Errorf("make the template: %w", err)
		}
	}
	if err := notes(book, english); err != nil {
		return nil, fmt.Errorf("make the template: %w", err)
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		return nil, fmt.Errorf("make the template: %w", err)
	}
	return out.Bytes(), nil
}

func (c Column) title(english bool) string {
	if english {
		return c.Name
	}
	return c.Zh
}

// notes adds the sheet that explains the others; it is not read.
func notes(book *excelize.File, english bool) error {
	name, lines := "说明", []string{
		"本表不导入。每个工作表一行一条，首行为列名，列的次序不限。",
		"单位类型：营业部 或 代维公司。营业厅、营业厅地址只有营业部可填；营业厅为空时与单位同名。",
		"生效日期：例如 2026-03-01，从当天 0 时起；新登记的可留空，表示一直如此。",
		"改变已登记的内容，须写明从哪天起；以前的登记保留，可随时查看。",
		"营业厅主任留空，表示从生效日期起无人负责。离职：是 或 否。",
	}
	if english {
		name, lines = "notes", []string{
			"This sheet is not read. In the others a row is a registration; the first row names the columns, in any order.",
			"kind: outlet or contractor. Only an outlet has a hall and hall_address; an empty hall is called like the unit.",
			"effective_from: for example 2026-03-01, from midnight on; empty, for what is new: it has always been so.",
			"What changes something that is registered says from which date; what was registered before is kept.",
			"An empty person: nobody manages the hall from that date on. left: yes or no.",
		}
	}
	if _, err := book.NewSheet(name); err != nil {
		return err
	}
	for i, line := range lines {
		if err := book.SetCellValue(name, fmt.Sprintf("A%d", i+1), line); err != nil {
			return err
		}
	}
	return nil
}
