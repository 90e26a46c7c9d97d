package importer

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/cost"
)

// Shape says what a row is.
type Shape string

// The shapes.
const (
	// PerTicket: one row per ticket, as known when the file was written.
	PerTicket Shape = "ticket"
	// PerUpdate: one row per update of a ticket, in any order.
	PerUpdate Shape = "update"
)

// Mapping is a compiled mapping. It is immutable and can serve many imports.
type Mapping struct {
	// Name names the mapping; the import's clock is called after it.
	Name string
	// Source is the source of the events.
	Source string
	Shape  Shape
	// Zone is where the file's times without an offset are meant.
	Zone *time.Location

	layouts   []string
	missing   map[string]bool
	gb18030   bool
	delimiter rune
	ticket    string
	time      string // PerUpdate: the column of the row's own time
	tiebreak  string // PerUpdate: orders rows of the same time; may be empty
	// final maps a column to the column whose time says from when it is known.
	final  map[string]string
	units  *unitRule
	checks []check
	events []eventRule
	// uses are the columns the mapping reads, with the line that first does.
	uses []use
}

// use is a column and the line of the mapping that names it.
type use struct {
	column string
	line   int
}

// unitRule says how a unit that a row names is registered.
type unitRule struct {
	kind feedv1.UnitKind
}

// check is a condition that rejects a row or warns about it.
type check struct {
	when   guard
	column string // shown in the rejects file; may be empty
	reject bool
	code   string
	zh, en string
}

// eventRule yields one event of a row when its condition holds.
type eventRule struct {
	name    string // the event type, for example "ticket_opened"
	payload protoreflect.FieldDescriptor
	line    int
	when    guard
	at      value
	id      *cost.Program // nil: ticket, type and occurrence
	set     []assignment
}

// guard is a condition. One that only asks for columns to hold a value is
// answered without the expression, which is what most rows come down to.
type guard struct {
	present []int         // the columns' places; all must hold a value
	program *cost.Program // nil: nothing else is asked
}

// assignment gives a payload's field its value.
type assignment struct {
	field protoreflect.FieldDescriptor
	value value
}

// value is where a value comes from: a constant, the first present of some
// columns, or an expression. Absent columns fall back to otherwise.
type value struct {
	columns   []string
	places    []int // of the columns
	program   *cost.Program
	constant  string
	otherwise string
	line      int
}

// Problem is one thing wrong with a mapping or with a mapping and a file.
type Problem struct {
	Line  int    // line in the mapping, from 1; 0 when it is not known
	Field string // path, for example events[0].set.due_at
	Zh    string
	En    string
}

// Error reads "line 12: events[0].at: …".
func (p Problem) Error() string { return p.in(p.En, "line %d: ") }

// Chinese is the problem in Chinese.
func (p Problem) Chinese() string { return p.in(p.Zh, "第 %d 行：") }

func (p Problem) in(text, line string) string {
	if p.Field != "" {
		text = p.Field + ": " + text
	}
	if p.Line > 0 {
		text = fmt.Sprintf(line, p.Line) + text
	}
	return text
}

// Problems is all that is wrong; it is an error when it is not empty.
type Problems []Problem

// Error lists the problems, one a line, in English.
func (p Problems) Error() string { return p.list(Problem.Error) }

// Chinese lists the problems, one a line, in Chinese.
func (p Problems) Chinese() string { return p.list(Problem.Chinese) }

func (p Problems) list(say func(Problem) string) string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = say(problem)
	}
	return strings.Join(lines, "\n")
}
