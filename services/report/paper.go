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

// height is what a text across all columns takes, in points: spreadsheets do not
// find out for merged cells.
func (t *tab) height(text string) float64 {
	room := 0.0
	for _, c := range t.sheet.Columns {
		room += c.Width
	}
	return 16 * math.Max(1, math.Ceil(digits(text)/(room-2)))
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
