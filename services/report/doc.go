// Package report lays out a month as it is handed to the committee: the ranking,
// the sheet 测评表 of every unit and the rules that cost most, as a workbook, as
// lines for a spreadsheet and as a page to print.
//
// In flow scorecards, the entries that count and a language; out flow a report
// and its bytes. Never here: a store, a clock, or arithmetic on points other than
// exact decimals. What is shown is laid out once (Layout), so that workbook,
// lines and page cannot differ.
package report

import "github.com/shopspring/decimal"

// points reads a decimal of our own making; what is none counts as 0.
func points(text string) decimal.Decimal {
	d, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Zero
	}
	return d
}
