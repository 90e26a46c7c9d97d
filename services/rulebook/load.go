package rulebook

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"kaohe.dev/services/period"
)

const (
	maxBytes = 1_000_000 // of a document, as the feed's contract allows
	maxDepth = 100       // of nesting
	maxLines = 5_000     // of a document
	maxSigns = 20_000    // of structure: the parser's time grows with their square
	maxTold  = 200       // problems of a document; more help nobody
)

// Load compiles a rulebook. The version, unless empty, must be the one the
// document states. The error is a *CheckError.
func Load(version string, document []byte) (*Rulebook, error) {
	return loaded(&reader{words: wordings()}, version, document)
}

// Accepted compiles a rulebook that was accepted once: what earlier releases let
// expressions cost is no reason to judge without it now. Each evaluation is
// bounded all the same.
func Accepted(version string, document []byte) (*Rulebook, error) {
	return loaded(&reader{words: wordings(), anyCost: true}, version, document)
}

func loaded(r *reader, version string, document []byte) (*Rulebook, error) {
	book, problems := r.read(version, document)
	if book != nil {
		return book, nil
	}
	return nil, &CheckError{Problems: slices.DeleteFunc(problems, func(p Problem) bool { return p.Warning })}
}

// Check gives all that is wrong with a rulebook and, as warnings, all that its
// reader must know, in the order of the document.
func Check(document []byte) []Problem {
	_, problems := read("", document)
	return problems
}

// read compiles a document; the rulebook is nil when it cannot be used.
func read(version string, document []byte) (*Rulebook, []Problem) {
	return (&reader{words: wordings()}).read(version, document)
}

func (r *reader) read(version string, document []byte) (*Rulebook, []Problem) {
	book := &Rulebook{Source: document}
	if body := r.parse(document); body.present() {
		r.book(body, book, version)
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	if r.failed() {
		return nil, r.told()
	}
	for _, p := range r.problems {
		book.Warnings = append(book.Warnings, Warning{
			Text: Text{Zh: p.MessageZh + "；" + p.RemedyZh, En: p.Message + "; " + p.Remedy}, Part: book.partAt(p.Path),
		})
	}
	book.Figures = r.figures
	book.index()
	return book, r.problems
}

// partAt gives the id of the part that a place in the document lies in.
func (b *Rulebook) partAt(path string) string {
	part := 0
	if _, err := fmt.Sscanf(path, "parts[%d]", &part); err != nil || part >= len(b.Parts) {
		return ""
	}
	return b.Parts[part].ID
}

// told gives the problems, or the first of them when they are too many.
func (r *reader) told() []Problem {
	if len(r.problems) <= maxTold {
		return r.problems
	}
	more := len(r.problems) - maxTold
	last := r.problems[maxTold-1]
	r.problems = r.problems[:maxTold]
	r.note(place{line: last.Line, column: last.Column}, "more_problems", more)
	return r.problems
}

// parse gives the body of a document, absent when it has none that can be read.
func (r *reader) parse(document []byte) field {
	start := place{line: 1, column: 1}
	if len(document) > maxBytes {
		r.note(start, "too_large", len(document), maxBytes)
		return field{}
	}
	if at, code, limit := excess(document); code != "" {
		r.note(at, code, limit)
		return field{}
	}
	file, err := parseYAML(document)
	if err != nil {
		at, text := syntaxError(err)
		r.note(at, "not_yaml", text)
		return field{}
	}
	if len(file.Docs) > 1 {
		r.note(start, "several_documents", len(file.Docs))
		return field{}
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.NullType {
		r.note(start, "empty")
		return field{}
	}
	body := file.Docs[0].Body
	if _, comment := body.(*ast.CommentGroupNode); comment {
		r.note(start, "empty")
		return field{}
	}
	if at, found := indirection(body); found {
		r.note(at, "alias")
		return field{}
	}
	return valueOf(start, body)
}

// parseYAML parses; what makes the parser panic is not YAML either.
func parseYAML(document []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			file, err = nil, fmt.Errorf("the parser gave up: %v", p)
		}
	}()
	return parser.ParseBytes(document, 0, parser.AllowDuplicateMapKey())
}

func syntaxError(err error) (place, string) {
	at, text := place{line: 1, column: 1}, err.Error()
	var located yaml.Error
	if errors.As(err, &located) {
		text = located.GetMessage()
		if line, column := position(located.GetToken()); line > 0 {
			at.line, at.column = line, column
		}
	}
	return at, strings.TrimSpace(text)
}

// excess finds where a document is nested too deeply for a parser that
// recurses, or holds more than it reads in a moment; no code if nowhere. It
// counts brackets, indentation and the other signs of structure, whether quoted
// or not: a rulebook comes nowhere near.
func excess(document []byte) (at place, code string, limit int) {
	open, signs := 0, 0
	number := 0
	for line := range strings.Lines(string(document)) {
		number++
		before := signs
		for j, c := range line {
			switch c {
			case '[', '{':
				open, signs = open+1, signs+1
			case ']', '}':
				open, signs = max(open-1, 0), signs+1
			case '-', '?', ':', '!', '&', '*', ',':
				signs++
			}
			at = place{line: number, column: j + 1}
			if open > maxDepth || signs-before > 20*maxDepth {
				return at, "too_deep", maxDepth
			}
			if signs > maxSigns {
				return at, "too_complex", maxSigns
			}
		}
		if indent := len(line) - len(strings.TrimLeft(line, " ")); indent > 10*maxDepth {
			return place{line: number, column: indent + 1}, "too_deep", maxDepth
		}
		if number > maxLines {
			return at, "too_many_lines", maxLines
		}
	}
	return place{}, "", 0
}

// indirection finds the first anchor, alias, merge or tag: they let a short
// document stand for a huge one, and hide what a line says.
func indirection(body ast.Node) (place, bool) {
	v := &indirections{}
	ast.Walk(v, body)
	return v.at, v.found
}

type indirections struct {
	at    place
	found bool
}

// Visit is part of ast.Visitor.
func (v *indirections) Visit(node ast.Node) ast.Visitor {
	if v.found {
		return nil
	}
	switch node.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
		v.found = true
		v.at.line, v.at.column = position(node.GetToken())
		return nil
	}
	return v
}

// book reads the whole.
func (r *reader) book(f field, book *Rulebook, version string) {
	o, ok := r.object(f, "version", "effective_month", "title", "zone", "calendars?", "commitments?", "limits", "levels?", "parts", "rules")
	if !ok {
		return
	}
	r.levelNames = r.names(o.get("levels"))
	book.Version = r.text(o.get("version"))
	if version != "" && book.Version != "" && version != book.Version {
		r.note(o.get("version").place, "version_differs", book.Version, version)
	}
	book.EffectiveMonth = r.month(o.get("effective_month"))
	book.Title = r.bilingual(o.get("title"))
	book.Zone = r.zone(o.get("zone"))
	book.Commitments = r.commitments(o.get("commitments"), r.calendars(o.get("calendars")))
	book.Limits = r.limits(o.get("limits"))
	layout := r.parts(o.get("parts"))
	book.Parts = layout.parts
	book.Rules = r.rules(o.get("rules"), layout)
}

func (r *reader) month(f field) string {
	s, ok := r.rawText(f)
	if !ok {
		return ""
	}
	if _, err := period.ParseMonth(s); err != nil {
		r.note(f.place, "month_malformed", s)
	}
	return s
}

func (r *reader) zone(f field) *time.Location {
	s, ok := r.rawText(f)
	if !ok {
		return time.UTC
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "" || s == "Local" {
		r.note(f.place, "zone_unknown", s)
		return time.UTC
	}
	return zone
}
