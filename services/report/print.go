package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
)

//go:embed print.css
var printCSS string

//go:embed print.html
var printHTML string

// StyleSource names the one style of the page, for a content security policy:
// the page runs nothing and asks for nothing.
func StyleSource() string {
	hash := sha256.Sum256([]byte(printCSS))
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

// Page writes a book as one HTML page to print: a unit begins a sheet of paper,
// the titles are repeated. Nothing outside it is asked for.
func (b *Book) Page(w io.Writer) error {
	page := struct {
		Title, Lang string
		Style       template.CSS
		Sheets      []*printed
	}{b.Title, sayer(b.Lang)("zh-CN", "en"), template.CSS(printCSS), nil} //nolint:gosec // our own
	for _, s := range b.Sheets {
		if !b.alone || s.Table != Ranking {
			page.Sheets = append(page.Sheets, newPrinted(s))
		}
	}
	layout, err := template.New("print").Parse(printHTML)
	if err != nil {
		return fmt.Errorf("read the layout of the page: %w", err)
	}
	if err := layout.Execute(w, page); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// printed is a sheet as the page has it.
type printed struct {
	*Sheet
	Shares []string // of the width
	Across int
}

func newPrinted(s *Sheet) *printed {
	p, all := &printed{Sheet: s, Across: len(s.Columns)}, 0.0
	for _, c := range s.Columns {
		all += c.Width
	}
	for _, c := range s.Columns {
		p.Shares = append(p.Shares, fmt.Sprintf("%.2f%%", 100*c.Width/all))
	}
	return p
}

// Class is a column's, for the page.
func (p *printed) Class(column int) string {
	if p.Columns[column].numeric() {
		return "n"
	}
	return "t"
}
