package rulebook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// reader walks a document and notes what is wrong, going on wherever it can,
// so that one check shows everything.
type reader struct {
	words    map[string]wording
	problems []Problem
	figures  []Figure
	// levelNames are how people call the levels of checks.
	levelNames map[string]Text
	// costs are what the rules on a kind of fact can cost at most.
	costs map[string]uint64
	// anyCost says that they may cost any more than that.
	anyCost bool
}

// place is where something stands in the document.
type place struct {
	path         string
	line, column int
}

// field is a node of the document; its node is nil when it is absent, which
// has been reported already if it had to be there.
type field struct {
	place
	node ast.Node
}

func (f field) present() bool { return f.node != nil }

// note records a problem at a place.
func (r *reader) note(at place, code string, args ...any) {
	w, known := r.words[code]
	if !known {
		panic("no wording for problem " + code)
	}
	p := w.problem(code, args)
	p.Line, p.Column, p.Path = at.line, at.column, at.path
	r.problems = append(r.problems, p)
}

// failed reports whether something other than a warning was noted.
func (r *reader) failed() bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool { return !p.Warning })
}

// wrong notes a wrong type.
func (r *reader) wrong(f field, zh, en string) {
	haveZh, haveEn := typeOf(f.node)
	r.note(f.place, "wrong_type", zh, en, haveZh, haveEn)
}

func typeOf(node ast.Node) (zh, en string) {
	switch node.(type) {
	case *ast.NullNode:
		return "空", "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "一组字段", "a group of fields"
	case *ast.SequenceNode:
		return "列表", "a list"
	case *ast.BoolNode:
		return "true/false", "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "数", "a number"
	case *ast.StringNode, *ast.LiteralNode:
		return "文字", "text"
	default:
		return "其他内容", "something else"
	}
}

// object is a group of fields, by name.
type object struct {
	place
	fields map[string]field
}

func (o object) get(name string) field { return o.fields[name] }

// object reads a group of fields. Names ending in "?" may be absent; others
// than those listed are unknown.
func (r *reader) object(f field, names ...string) (object, bool) {
	o := object{place: f.place, fields: map[string]field{}}
	if !f.present() {
		return o, false
	}
	pairs, ok := pairsOf(f.node)
	if !ok {
		r.wrong(f, "一组字段", "a group of fields")
		return o, false
	}
	known := make([]string, len(names))
	for i, name := range names {
		known[i] = strings.TrimSuffix(name, "?")
	}
	for _, pair := range pairs {
		r.entry(o, pair, known)
	}
	for _, name := range names {
		if _, given := o.fields[name]; !given && !strings.HasSuffix(name, "?") {
			r.note(o.place, "missing_field", name)
		}
	}
	return o, true
}

// entry adds one pair to an object, if its key is known and new.
func (r *reader) entry(o object, pair *ast.MappingValueNode, known []string) {
	key, at := keyOf(o.path, pair)
	earlier, duplicate := o.fields[key]
	switch {
	case !slices.Contains(known, key):
		if near := nearest(key, known); near != "" {
			r.note(at, "misspelt_field", key, near)
			// Taken as meant, so that it is not reported missing as well.
			if _, given := o.fields[near]; !given {
				o.fields[near] = field{place: at}
			}
			return
		}
		r.note(at, "unknown_field", key, strings.Join(known, ", "))
	case duplicate:
		r.note(at, "duplicate_field", key, earlier.line)
	default:
		o.fields[key] = valueOf(at, pair.Value)
	}
}

// entries reads a group whose names are the author's own, in order.
func (r *reader) entries(f field) (keys []field, values []field) {
	pairs, ok := pairsOf(f.node)
	if !ok {
		r.wrong(f, "一组字段", "a group of fields")
		return nil, nil
	}
	seen := map[string]int{}
	for _, pair := range pairs {
		key, at := keyOf(f.path, pair)
		if line, duplicate := seen[key]; duplicate {
			r.note(at, "duplicate_field", key, line)
			continue
		}
		seen[key] = at.line
		keys = append(keys, field{place: at, node: pair.Key})
		values = append(values, valueOf(at, pair.Value))
	}
	return keys, values
}

// list reads a list; an absent one has no elements.
func (r *reader) list(f field) []field {
	if !f.present() {
		return nil
	}
	seq, ok := f.node.(*ast.SequenceNode)
	if !ok {
		r.wrong(f, "列表", "a list")
		return nil
	}
	if len(seq.Values) == 0 {
		r.note(f.place, "empty_list")
	}
	elements := make([]field, len(seq.Values))
	for i, node := range seq.Values {
		at := place{path: fmt.Sprintf("%s[%d]", f.path, i), line: f.line, column: f.column}
		elements[i] = valueOf(at, node)
	}
	return elements
}

func pairsOf(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	default:
		return nil, false
	}
}

// keyOf gives a pair's key as written and its place.
func keyOf(path string, pair *ast.MappingValueNode) (string, place) {
	key := ""
	at := place{path: path}
	if tk := pair.Key.GetToken(); tk != nil {
		key = tk.Value
		at.line, at.column = position(tk)
	}
	if path != "" {
		path += "."
	}
	at.path = path + key
	return key, at
}

// valueOf gives a value its place: its own where it has one, else its key's.
func valueOf(at place, node ast.Node) field {
	if node == nil {
		node = ast.Null(token.New("null", "null", &token.Position{Line: at.line, Column: at.column}))
	}
	if tk := firstToken(node); tk != nil {
		if line, column := position(tk); line > 0 {
			at.line, at.column = line, column
		}
	}
	return field{place: at, node: node}
}

// firstToken is where a node begins; of a group written as a block that is its
// first key, not the colon after it.
func firstToken(node ast.Node) *token.Token {
	pairs, ok := pairsOf(node)
	if mapping, is := node.(*ast.MappingNode); ok && (!is || !mapping.IsFlowStyle) && len(pairs) > 0 {
		return pairs[0].Key.GetToken()
	}
	return node.GetToken()
}

func position(tk *token.Token) (line, column int) {
	if tk == nil || tk.Position == nil {
		return 0, 0
	}
	return tk.Position.Line, tk.Position.Column
}

// literal gives a text as written, "" if the field holds anything else.
func (f field) literal() string {
	if n, ok := f.node.(*ast.StringNode); ok {
		return n.Value
	}
	return ""
}

// keyText gives a key as written, whatever its type.
func keyText(key field) string {
	if tk := key.node.GetToken(); tk != nil {
		return tk.Value
	}
	return ""
}
