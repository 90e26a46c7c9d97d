package report

import "github.com/shopspring/decimal"

// number reads a cell of a numeric column; false: it is to be shown as text.
func (c Column) number(text string) (decimal.Decimal, bool) {
	if c.Form == Text || text == "" {
		return decimal.Zero, false
	}
	d, err := decimal.NewFromString(text)
	return d, err == nil
}

// numeric reports whether a column's cells stand at the right.
func (c Column) numeric() bool { return c.Form != Text }
