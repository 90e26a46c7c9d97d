package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/xuri/excelize/v2"
)

// paper says how a sheet is printed: A4, as wide as the paper, the titles on
// every page, pages numbered. Margins are in inches; 9 is A4 and a height of 0 as
// many pages as it takes.
func (t *tab) paper() error {
	way := "portrait"
	if t.sheet.Wide {
		way = "landscape"
	}
	if err := t.file.SetSheetProps(t.name, &excelize.SheetPropsOptions{FitToPage: new(true)}); err != nil {
		return err
	}
	if err := t.file.SetPageLayout(t.name, &excelize.PageLayoutOptions{Size: new(9), Orientation: &way, FitToWidth: new(1), FitToHeight: new(0)}); err != nil {
		return err
	}
	if err := t.file.SetPageMargins(t.name, &excelize.PageLayoutMarginsOptions{
		Left: new(0.4), Right: new(0.4), Top: new(0.6), Bottom: new(0.6), Header: new(0.3), Footer: new(0.3), Horizontally: new(true),
	}); err != nil {
		return err
	}
	if err := t.file.SetHeaderFooter(t.name, &excelize.HeaderFooterOptions{OddFooter: "&L&A&R&P / &N"}); err != nil {
		return err
	}
	row := t.headerRow()
	return t.file.SetDefinedName(&excelize.DefinedName{
		Name: "_xlnm.Print_Titles", Scope: t.name, RefersTo: fmt.Sprintf("'%s'!$%d:$%d", strings.ReplaceAll(t.name, "'", "''"), row, row),
	})
}

// line is how high a line of text is, in points.
const line = 15

// height is what a text across all columns takes, in points: spreadsheets do not
// find out for merged cells, and not all of them for others.
func (t *tab) height(text string) float64 {
	room := 0.0
	for _, c := range t.sheet.Columns {
		room += c.Width
	}
	return line * lines(text, room)
}

// rowHeight is what the longest cell of a row takes.
func (t *tab) rowHeight(row Row) float64 {
	most := 1.0
	for i, text := range row.Cells {
		most = math.Max(most, lines(text, t.sheet.Columns[i].Width))
	}
	return 2 + line*most
}

// lines is how many lines a text takes in so many digits' room, of which indents
// and words that do not fit at the end of a line take some.
func lines(text string, room float64) float64 {
	if digits(text) <= room-2 {
		return 1
	}
	return math.Max(1, math.Ceil(digits(text)/(0.9*(room-2))))
}

// digits is how wide a text is: a Chinese character as two digits.
func digits(text string) (wide float64) {
	for _, r := range text {
		if r > 0x2e7f {
			wide++
		}
		wide++
	}
	return wide
}
