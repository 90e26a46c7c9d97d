package rulebook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// Difference is one thing that changes from one rulebook to another.
type Difference struct {
	// Kind is Added, Removed or Changed.
	Kind string
	// Path names the place by what people call it, for example
	// "rules/ticket_overdue/points".
	Path string
	// Old and New are the values as written; empty where there is none.
	Old, New string
	// Scores reports whether it can change a score. Titles, labels, clauses and
	// notes cannot.
	Scores bool
	// For are the kinds of units it concerns; empty: all.
	For []feedv1.UnitKind
	// Text says it in one sentence.
	Text Text
}

// The kinds of differences.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Diff gives what changes from one rulebook to another, in the order of the
// documents. It compares what is written and knows no field by itself, so it
// finds whatever a rulebook can say; things in lists are the same when they have
// the same id, name or class. The order of things does not count, nor do
// comments.
func Diff(before, after *Rulebook) ([]Difference, error) {
	a, err := tree(before)
	if err != nil {
		return nil, err
	}
	b, err := tree(after)
	if err != nil {
		return nil, err
	}
	d := &differ{}
	d.compare(spot{}, a, b)
	for i := range d.found {
		found := &d.found[i]
		if found.For = after.concerns(found.Path); found.Kind == Removed {
			found.For = before.concerns(found.Path)
		}
	}
	return d.found, nil
}

// concerns gives the kinds of units that a place is about: those of its part, or
// of the part of its rule.
func (r *Rulebook) concerns(path string) []feedv1.UnitKind {
	list, rest, _ := strings.Cut(path, "/")
	name, _, _ := strings.Cut(rest, "/")
	if list == "rules" {
		at := slices.IndexFunc(r.Rules, func(rule Rule) bool { return rule.Name == name })
		if at < 0 {
			return nil
		}
		list, name = "parts", r.Rules[at].Part
	}
	if part := r.Part(name); list == "parts" && part != nil {
		return part.For
	}
	return nil
}

// tree reads a rulebook as maps, lists and values.
func tree(book *Rulebook) (any, error) {
	var root yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(book.Source, &root, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("read rulebook %s: %w", book.Version, err)
	}
	return root, nil
}

// differ collects differences.
type differ struct{ found []Difference }

// compare compares two things at the same place; nil is nothing.
func (d *differ) compare(at spot, a, b any) {
	if bilingual(a) || bilingual(b) {
		d.values(at, a, b)
		return
	}
	before, isMap := a.(yaml.MapSlice)
	after, alsoMap := b.(yaml.MapSlice)
	if isMap && alsoMap {
		d.fields(at, before, after)
		return
	}
	old, oldNamed := elements(a)
	now, nowNamed := elements(b)
	if oldNamed && nowNamed {
		d.lists(at, old, now)
		return
	}
	d.values(at, a, b)
}

// fields compares two maps: what the new one has in its order, then what it has
// no more.
func (d *differ) fields(at spot, before, after yaml.MapSlice) {
	at = at.described(before, after)
	for _, field := range after {
		d.compare(at.field(name(field.Key)), get(before, name(field.Key)), field.Value)
	}
	for _, field := range before {
		if get(after, name(field.Key)) == nil {
			d.compare(at.field(name(field.Key)), field.Value, nil)
		}
	}
}

// lists compares two lists of things with names.
func (d *differ) lists(at spot, before, after []element) {
	for _, e := range after {
		i := slices.IndexFunc(before, e.same)
		here := at.element(e)
		if i < 0 {
			d.note(here, Added, nil, e.value)
			continue
		}
		d.compare(here, before[i].value, e.value)
	}
	for _, e := range before {
		if !slices.ContainsFunc(after, e.same) {
			d.note(at.element(e), Removed, e.value, nil)
		}
	}
}

// values compares what has no names inside.
func (d *differ) values(at spot, a, b any) {
	switch {
	case a == nil && b == nil, written(a) == written(b):
	case a == nil:
		d.note(at, Added, nil, b)
	case b == nil:
		d.note(at, Removed, a, nil)
	default:
		d.note(at, Changed, a, b)
	}
}

func (d *differ) note(at spot, kind string, a, b any) {
	found := Difference{
		Kind: kind, Path: at.path(), Old: written(a), New: written(b), Scores: at.scores(),
	}
	found.Text = at.sentence(kind, a, b)
	d.found = append(d.found, found)
}

// element is a thing in a list, by its name.
type element struct {
	name  string
	value any
}

func (e element) same(other element) bool { return e.name == other.name }

// elements gives the things of a list by their names; false when it is no list
// or they have none. Nothing is an empty list.
func elements(v any) ([]element, bool) {
	if v == nil {
		return nil, true
	}
	list, isList := v.([]any)
	if !isList {
		return nil, false
	}
	all := make([]element, 0, len(list))
	for _, value := range list {
		called := called(value)
		if called == "" {
			return nil, false
		}
		all = append(all, element{called, value})
	}
	return all, true
}

// called is the name of a thing in a list: what identifies it, or its label.
func called(v any) string {
	fields, isMap := v.(yaml.MapSlice)
	if !isMap {
		return ""
	}
	for _, key := range []string{"id", "name", "class"} {
		if id, isText := get(fields, key).(string); isText && id != "" {
			return id
		}
	}
	return textOf(get(fields, "label")).En
}

func get(fields yaml.MapSlice, key string) any {
	for _, f := range fields {
		if name(f.Key) == key {
			return f.Value
		}
	}
	return nil
}

func name(key any) string { return fmt.Sprint(key) }

// written is a value as a person would write it on one line.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return strings.Join(strings.Fields(v), " ")
	case yaml.MapSlice:
		fields := make([]string, len(v))
		for i, f := range v {
			fields[i] = name(f.Key) + ": " + written(f.Value)
		}
		return strings.Join(fields, ", ")
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = written(part)
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(v)
}
