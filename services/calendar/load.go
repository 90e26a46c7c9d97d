package calendar

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Problem is one thing wrong with a calendar's YAML.
type Problem struct {
	Line  int    // line in the document, from 1; 0 when it is not known
	Field string // path from the calendar's section, such as years.2026.off[1].to; empty for the whole of it
	Text  string // what is wrong and what to do
}

// Error reads "line 12: years.2026.off[1].to: …", leaving out what is not known.
func (p Problem) Error() string {
	text := p.Text
	if p.Field != "" {
		text = p.Field + ": " + text
	}
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	return text
}

// Problems is all that is wrong with a calendar's YAML; it is an error when it is not empty.
type Problems []Problem

// Error lists the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find a single Problem.
func (p Problems) Unwrap() []error {
	all := make([]error, len(p))
	for i, problem := range p {
		all[i] = problem
	}
	return all
}

// Locate fills in the lines of problems from Spec.Compile, where document is the YAML text and base the
// path of the calendar's section in it ("$" for the whole, "$.calendars[0]" for the first of a list). A
// field that is absent gets the line of what should hold it.
func (p Problems) Locate(document []byte, base string) Problems {
	located := slices.Clone(p)
	_ = survive(func() error { // a line that cannot be found stays 0; the problem itself is kept
		file, err := parser.ParseBytes(document, 0)
		if err != nil {
			return err
		}
		for i := range located {
			located[i].Line = lineOf(file, base, located[i].Field)
		}
		return nil
	})
	return located
}

// survive turns a panic of the YAML library into an error. The library panics on some documents, such as
// a tag without a value where a list is expected; a bad file must not bring the process down.
func survive(read func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the YAML cannot be read; look for a tag (!) or alias (*) without a value: %v", cause)
		}
	}()
	return read()
}

// lineOf finds the line of a field or, when it is absent, of the nearest thing around it; 0 if neither is.
func lineOf(file *ast.File, base, field string) int {
	for {
		whole := base
		if field != "" {
			whole += "." + field
		}
		if path, err := yaml.PathString(whole); err == nil {
			if node, err := path.FilterFile(file); err == nil && node != nil {
				return node.GetToken().Position.Line
			}
		}
		if field == "" {
			return 0
		}
		field = field[:max(strings.LastIndexAny(field, ".["), 0)]
	}
}

// Load reads one calendar from YAML written as Spec tells; unknown and repeated fields are errors. Its
// error wraps Problems, which name line and field.
func Load(document []byte) (*Calendar, error) {
	spec, err := decode(document)
	if err != nil {
		return nil, fmt.Errorf("load calendar: %w", err)
	}
	calendar, err := spec.Compile()
	if err == nil {
		return calendar, nil
	}
	var problems Problems
	if errors.As(err, &problems) {
		err = problems.Locate(document, "$")
	}
	return nil, fmt.Errorf("load calendar: %w", err)
}

func decode(document []byte) (Spec, error) {
	var spec Spec
	err := survive(func() error { return yaml.UnmarshalWithOptions(document, &spec, yaml.Strict()) })
	if err == nil {
		return spec, nil
	}
	problem := Problem{Text: err.Error()}
	var located yaml.Error
	if errors.As(err, &located) {
		problem.Text = located.GetMessage()
		if token := located.GetToken(); token != nil {
			problem.Line = token.Position.Line
			problem.Field = fieldAt(document, token.Position.Offset)
		}
	}
	return Spec{}, Problems{problem}
}

// fieldAt is the path of the innermost field that begins at an offset of the document; empty if there is none.
func fieldAt(document []byte, offset int) string {
	finder := &offsetFinder{offset: offset}
	_ = survive(func() error { // a field that cannot be found stays empty; the message is kept
		file, err := parser.ParseBytes(document, 0)
		if err != nil {
			return err
		}
		for _, doc := range file.Docs {
			if doc.Body != nil {
				ast.Walk(finder, doc.Body)
			}
		}
		return nil
	})
	return strings.TrimPrefix(strings.TrimPrefix(finder.path, "$"), ".")
}

// offsetFinder visits nodes until it has seen all that begin at the offset, keeping the last path.
type offsetFinder struct {
	offset int
	path   string
}

// Visit is part of ast.Visitor.
func (f *offsetFinder) Visit(node ast.Node) ast.Visitor {
	if token := node.GetToken(); token != nil && token.Position.Offset == f.offset {
		f.path = node.GetPath()
	}
	return f
}
