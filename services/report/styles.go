package report

import "github.com/xuri/excelize/v2"

// How a workbook looks; colours are RGB.
const (
	grey   = "BFBFBF"
	shade  = "DCE6F1"
	pale   = "F2F2F2"
	amber  = "FFF2CC"
	ink    = "1F3864"
	scarce = "C00000" // lost points
)

// styles are the styles of one workbook.
type styles struct {
	title, fact, warning, header, band, note, signature int

	cells map[Look]map[Form]int
}

func (s *styles) of(look Look, form Form) int { return s.cells[look][form] }

// newStyles makes them; the fonts are those that an office in China has.
func newStyles(file *excelize.File, lang string) (*styles, error) {
	indent := map[string]int{"left": 1, "right": 1} // away from the lines
	family := sayer(lang)("微软雅黑", "Calibri")
	var failure error
	style := func(size float64, bold bool, colour, fill string, centre string, number string, lined bool) int {
		made := &excelize.Style{
			Font:      &excelize.Font{Family: family, Size: size, Bold: bold, Color: colour},
			Alignment: &excelize.Alignment{Horizontal: centre, Vertical: "center", WrapText: true},
		}
		if fill != "" {
			made.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{fill}}
		}
		if number != "" {
			made.CustomNumFmt = &number
		}
		if lined {
			made.Alignment.Indent = indent[centre]
			for _, side := range []string{"left", "top", "right", "bottom"} {
				made.Border = append(made.Border, excelize.Border{Type: side, Color: grey, Style: 1})
			}
		}
		id, err := file.NewStyle(made)
		if err != nil {
			failure = err
		}
		return id
	}
	s := &styles{
		title: style(16, true, ink, "", "center", "", false), fact: style(10, false, "", "", "left", "", false),
		warning: style(11, true, scarce, amber, "left", "", false), header: style(10, true, ink, shade, "center", "", true),
		band: style(11, true, ink, shade, "left", "", true), note: style(9, false, "595959", "", "left", "", false),
		signature: style(11, false, "", "", "left", "", false), cells: map[Look]map[Form]int{},
	}
	fills := map[Look]string{Heading: pale, Open: amber, Sum: shade, Total: shade}
	for _, look := range []Look{Plain, Heading, Worn, Beside, Open, Sum, Total} {
		s.cells[look] = map[Form]int{}
		for form, number := range numbers() {
			bold, colour, align := look == Heading || look == Sum || look == Total, "", "right"
			if look == Worn {
				colour = scarce
			}
			if form == Text {
				align = "left"
			}
			s.cells[look][form] = style(10, bold, colour, fills[look], align, number, true)
		}
	}
	return s, failure
}

// numbers are how the forms are shown.
func numbers() map[Form]string {
	return map[Form]string{Text: "", Count: "0", Points: "0.00", Change: "+0.00;-0.00;0.00", Climb: "+0;-0;0"}
}
