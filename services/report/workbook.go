package report

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Workbook writes a book as xlsx: a sheet each, fit to the width of A4, with
// titles that stay on screen and are printed on every page.
func (b *Book) Workbook(w io.Writer) (err error) {
	file := excelize.NewFile()
	defer func() { err = errors.Join(err, file.Close()) }()
	looks, err := newStyles(file, b.Lang)
	if err != nil {
		return fmt.Errorf("make the workbook: %w", err)
	}
	names := tabs(b.Sheets)
	for i, s := range b.Sheets {
		if i == 0 {
			err = file.SetSheetName("Sheet1", names[i])
		} else {
			_, err = file.NewSheet(names[i])
		}
		if err != nil {
			return fmt.Errorf("make the workbook: %w", err)
		}
		if err := (&tab{file: file, looks: looks, sheet: s, name: names[i], lang: b.Lang}).write(); err != nil {
			return fmt.Errorf("write the sheet %s: %w", names[i], err)
		}
	}
	if err := file.SetDocProps(&excelize.DocProperties{Title: b.Title, Creator: "kaohe"}); err != nil {
		return fmt.Errorf("make the workbook: %w", err)
	}
	if err := file.Write(w); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	return nil
}

// longestTab is how many UTF-16 units the name of a tab may have.
const longestTab = 31

// tabs gives the sheets names that a workbook takes: none twice, none too long.
func tabs(sheets []*Sheet) (names []string) {
	taken := map[string]bool{}
	for _, s := range sheets {
		base := strings.Trim(strings.Map(func(r rune) rune {
			if strings.ContainsRune(`[]:*?/\'`, r) || r > 0xffff {
				return '_'
			}
			return r
		}, s.Name), " ")
		if base == "" {
			base = string(s.Table)
		}
		name := cut(base, "")
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = cut(base, fmt.Sprintf(" (%d)", n))
		}
		taken[strings.ToLower(name)] = true
		names = append(names, name)
	}
	return names
}

func cut(base, suffix string) string {
	if runes := []rune(base); len(runes)+len(suffix) > longestTab {
		base = string(runes[:longestTab-len(suffix)])
	}
	return base + suffix
}

// tab is one sheet being written.
type tab struct {
	file  *excelize.File
	looks *styles
	sheet *Sheet
	name  string
	lang  string
	out   *excelize.StreamWriter
	row   int // the last written
}

func (t *tab) write() (err error) {
	if err := t.paper(); err != nil {
		return err
	}
	if t.out, err = t.file.NewStreamWriter(t.name); err != nil {
		return err
	}
	if err := t.columns(); err != nil {
		return err
	}
	if err := t.head(); err != nil {
		return err
	}
	for _, row := range t.sheet.Rows {
		if err := t.body(row); err != nil {
			return err
		}
	}
	if err := t.foot(); err != nil {
		return err
	}
	return t.out.Flush()
}

// columns sets widths, and freezes what stands above the rows.
func (t *tab) columns() error {
	for i, c := range t.sheet.Columns {
		if err := t.out.SetColWidth(i+1, i+1, c.Width); err != nil {
			return err
		}
	}
	above := t.headerRow()
	return t.out.SetPanes(&excelize.Panes{Freeze: true, YSplit: above, TopLeftCell: fmt.Sprintf("A%d", above+1), ActivePane: "bottomLeft"})
}

// headerRow is the row of the columns' titles.
func (t *tab) headerRow() int {
	n := 2 + len(t.sheet.Facts)
	if t.sheet.Warning != "" {
		n++
	}
	return n
}

func (t *tab) head() error {
	if err := t.across(t.sheet.Title, t.looks.title, 30); err != nil {
		return err
	}
	for _, fact := range t.sheet.Facts {
		if err := t.across(fact, t.looks.fact, t.height(fact)); err != nil {
			return err
		}
	}
	if t.sheet.Warning != "" {
		if err := t.across(t.sheet.Warning, t.looks.warning, t.height(t.sheet.Warning)); err != nil {
			return err
		}
	}
	titles := make([]any, len(t.sheet.Columns))
	for i, c := range t.sheet.Columns {
		titles[i] = excelize.Cell{StyleID: t.looks.header, Value: c.Title}
	}
	return t.next(titles, excelize.RowOpts{Height: 32})
}

func (t *tab) body(row Row) error {
	if row.Look == Band {
		return t.across(row.Cells[0], t.looks.band, t.height(row.Cells[0])+4)
	}
	cells := make([]any, len(t.sheet.Columns))
	for i, c := range t.sheet.Columns {
		cell := excelize.Cell{StyleID: t.looks.of(row.Look, c.Form)}
		if d, is := c.number(row.Cells[i]); is {
			cell.Value = d.InexactFloat64()
		} else if row.Cells[i] != "" {
			cell.Value = row.Cells[i] // a text is never computed
		}
		cells[i] = cell
	}
	return t.next(cells, excelize.RowOpts{Height: t.rowHeight(row)})
}

// foot writes the notes, and the line that is signed.
func (t *tab) foot() error {
	for _, note := range t.sheet.Notes {
		if err := t.across(note, t.looks.note, t.height(note)); err != nil {
			return err
		}
	}
	if len(t.sheet.Signatures) == 0 {
		return nil
	}
	t.row++ // room for the pen
	return t.across(t.sheet.signing(t.lang), t.looks.signature, 34)
}

// signing is the line that is signed.
func (s *Sheet) signing(lang string) string {
	var places []string
	for _, who := range s.Signatures {
		places = append(places, who+sayer(lang)("：", ": ")+strings.Repeat("_", 16))
	}
	return strings.Join(places, "   ")
}

func (t *tab) next(cells []any, options ...excelize.RowOpts) error {
	t.row++
	return t.out.SetRow(fmt.Sprintf("A%d", t.row), cells, options...)
}

// across writes a text over all columns.
func (t *tab) across(text string, style int, height float64) error {
	cells := make([]any, len(t.sheet.Columns))
	for i := range cells {
		cells[i] = excelize.Cell{StyleID: style}
	}
	cells[0] = excelize.Cell{StyleID: style, Value: text}
	if err := t.next(cells, excelize.RowOpts{Height: height}); err != nil {
		return err
	}
	last, err := excelize.CoordinatesToCellName(len(t.sheet.Columns), t.row)
	if err != nil {
		return err
	}
	return t.out.MergeCell(fmt.Sprintf("A%d", t.row), last)
}
