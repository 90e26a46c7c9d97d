package registry

import (
	"fmt"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/lang"
	"kaohe.dev/services/gateway/registry/table"
)

// Problem is something wrong with a file.
type Problem struct {
	table.Fault
	Column string // as the contract calls it; empty: none in particular
}

// wrong makes a problem of a row; the texts are formats of the same arguments.
func wrong(r Row, column, value, zh, en string, args ...any) Problem {
	f := table.Fault{Sheet: r.Sheet, Row: r.Number, Value: value, Text: lang.Text(fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...))}
	if place, there := r.places[column]; there {
		f.Cell = table.CellName(place, r.Number)
	}
	return Problem{f, column}
}

// Wrong makes a problem of a field that somebody else found wrong.
func (r Row) Wrong(column, value string, text *factv1.Text) Problem {
	p := wrong(r, column, value, "", "")
	p.Text = text
	return p
}

// label is a column's name for people.
func (c Column) label() *factv1.Text { return lang.Text(c.Zh, c.Name) }

// Proto shows a problem.
func (p Problem) Proto() *apiv1.ImportProblem {
	return &apiv1.ImportProblem{
		Sheet: p.Sheet, Cell: p.Cell, Row: int32(p.Row), //nolint:gosec // a row of a spreadsheet
		Column: p.Column, Value: door.Shorten(p.Value), Reason: p.Text,
	}
}

// Proto shows a change.
func (c Change) Proto() *apiv1.ImportChange {
	return &apiv1.ImportChange{
		Row:    int32(c.Row.Number), //nolint:gosec // a row of a spreadsheet
		Action: c.Action, Key: c.Key, EffectiveFrom: c.From, Differences: c.Differences, Kind: c.Row.Kind,
	}
}

// Faulty gives what is wrong with a file as problems.
func Faulty(faults []table.Fault) []Problem {
	problems := make([]Problem, len(faults))
	for i, f := range faults {
		problems[i].Fault = f
	}
	return problems
}

// Empty is what is wrong with a file without rows.
func Empty() []Problem {
	return []Problem{wrong(Row{}, "", "", "文件中没有数据行", "the file has no rows")}
}
