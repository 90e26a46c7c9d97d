package importer

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// node is a place in a mapping's YAML; reading it collects problems.
type node struct {
	ast  ast.Node
	path string
	all  *Problems
}

// parse reads YAML; the library panics on some broken documents.
func parse(document []byte, all *Problems) (root node, ok bool) {
	defer func() {
		if cause := recover(); cause != nil {
			*all = append(*all, Problem{Zh: fmt.Sprintf("无法解析 YAML：%v", cause), En: fmt.Sprintf("the YAML cannot be read: %v", cause)})
			ok = false
		}
	}()
	file, err := parser.ParseBytes(document, 0)
	if err != nil {
		*all = append(*all, Problem{Zh: "无法解析 YAML：" + err.Error(), En: "the YAML cannot be read: " + err.Error()})
		return node{}, false
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		*all = append(*all, Problem{Zh: "文件应恰好含一份映射", En: "the file must hold exactly one mapping"})
		return node{}, false
	}
	return node{ast: file.Docs[0].Body, all: all}, true
}

func (n node) line() int {
	if n.ast == nil || n.ast.GetToken() == nil || n.ast.GetToken().Position == nil {
		return 0
	}
	return n.ast.GetToken().Position.Line
}

func (n node) problem(zh, en string) {
	*n.all = append(*n.all, Problem{Line: n.line(), Field: n.path, Zh: zh, En: en})
}

// entry is a key of a mapping node with its value.
type entry struct {
	key   string
	value node
}

// entries gives the keys in order; a key that is not known is a problem unless
// any key is.
func (n node) entries(known ...string) []entry {
	values, ok := pairs(n.ast)
	if !ok {
		n.problem("此处应为键值对", "keys and values are expected here")
		return nil
	}
	var out []entry
	seen := map[string]bool{}
	for _, v := range values {
		key := v.Key.String()
		if scalar, isScalar := v.Key.(ast.ScalarNode); isScalar {
			key = fmt.Sprint(scalar.GetValue())
		}
		child := node{ast: v.Value, path: join(n.path, key), all: n.all}
		at := node{ast: v.Key, path: child.path, all: n.all}
		switch {
		case seen[key]:
			at.problem("此键重复", "this key occurs twice")
		case len(known) > 0 && !slices.Contains(known, key):
			near := nearest(key, known)
			at.problem("未知的键，是否指 "+near, "unknown key; do you mean "+near+"?")
		default:
			out = append(out, entry{key, child})
		}
		seen[key] = true
	}
	return out
}

func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	default:
		return nil, false
	}
}

// list gives the elements of a sequence.
func (n node) list() []node {
	sequence, ok := n.ast.(*ast.SequenceNode)
	if !ok {
		n.problem("此处应为列表", "a list is expected here")
		return nil
	}
	out := make([]node, len(sequence.Values))
	for i, v := range sequence.Values {
		out[i] = node{ast: v, path: fmt.Sprintf("%s[%d]", n.path, i), all: n.all}
	}
	return out
}

// text gives a plain value as text.
func (n node) text() string {
	switch scalar := n.ast.(type) {
	case *ast.StringNode:
		return scalar.Value
	case *ast.LiteralNode:
		return scalar.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.ast.GetToken().Value
	default:
		n.problem("此处应为文字", "a text is expected here")
		return ""
	}
}

// texts gives a list of texts.
func (n node) texts() []string {
	var out []string
	for _, element := range n.list() {
		out = append(out, element.text())
	}
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// nearest gives the candidate with the smallest edit distance.
func nearest(word string, candidates []string) string {
	best, least := "", 1<<30
	for _, c := range candidates {
		if d := distance([]rune(word), []rune(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
