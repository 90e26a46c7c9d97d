package registry

import (
	"fmt"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/gateway/lang"
)

// Problem is something wrong with a table.
type Problem struct {
	Row           int // in the file; 0: the header or the whole
	Column, Value string
	Text          *factv1.Text
}

// wrong makes a problem; the texts are formats of the same arguments.
func wrong(row int, column, value, zh, en string, args ...any) Problem {
	return Problem{row, column, value, lang.Text(fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...))}
}

// label is a column's name for people.
func (c Column) label() *factv1.Text { return lang.Text(c.Zh, c.Name) }
