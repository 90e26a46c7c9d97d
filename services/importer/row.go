package importer

import (
	"context"
	"reflect"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// row is a row of a file: the columns the mapping reads, in the order of
// Mapping.uses. An empty value is absent.
type row struct {
	mapping *Mapping
	file    string
	line    int
	at      time.Time // the row's own time; zero: not known
	values  []string
}

var _ traits.Mapper = (*row)(nil)

// get gives a column's value; empty is absent.
func (r *row) get(column string) string {
	if i := r.mapping.position(column); i >= 0 && r.values != nil {
		return r.values[i]
	}
	return ""
}

// position is the place of a column among those the mapping reads.
func (m *Mapping) position(column string) int {
	for i := range m.uses {
		if m.uses[i].column == column {
			return i
		}
	}
	return -1
}

// blank empties the values that mean "missing" and those of final columns
// whose time had not come when the row was written.
func (r *row) blank() *fault {
	m := r.mapping
	for i, v := range r.values {
		if v != "" && m.missing[v] {
			r.values[i] = ""
		}
	}
	if r.at.IsZero() {
		return nil
	}
	var hidden []int
	for i, u := range m.uses {
		known, final := m.final[u.column]
		if !final || r.values[i] == "" {
			continue
		}
		text := r.get(known)
		if text != "" {
			t, err := m.parseTime(text)
			if err != nil {
				return badTime(known, text)
			}
			if !t.After(r.at) {
				continue
			}
		}
		hidden = append(hidden, i)
	}
	for _, i := range hidden {
		r.values[i] = ""
	}
	return nil
}

// keep copies the values, so that they do not hold the whole line in memory.
func (r *row) keep() {
	joined, values, at := strings.Join(r.values, ""), make([]string, len(r.values)), 0
	for i, v := range r.values {
		values[i] = joined[at : at+len(v)]
		at += len(v)
	}
	r.values = values
}

// Find is traits.Mapper.
func (r *row) Find(key ref.Val) (ref.Val, bool) {
	if column, ok := key.(types.String); ok {
		if v := r.get(string(column)); v != "" {
			return types.String(v), true
		}
	}
	return nil, false
}

// Get is traits.Indexer.
func (r *row) Get(key ref.Val) ref.Val {
	if v, found := r.Find(key); found {
		return v
	}
	return types.NewErr("no value in column %v", key.Value())
}

// Contains is traits.Container.
func (r *row) Contains(key ref.Val) ref.Val {
	_, found := r.Find(key)
	return types.Bool(found)
}

// plain is the row as an ordinary map, for whatever is not looked up by name.
func (r *row) plain() traits.Mapper {
	present := map[string]string{}
	for i, u := range r.mapping.uses {
		if r.values != nil && r.values[i] != "" {
			present[u.column] = r.values[i]
		}
	}
	return types.NewStringStringMap(types.DefaultTypeAdapter, present)
}

// Size is traits.Sizer.
func (r *row) Size() ref.Val { return r.plain().Size() }

// Iterator is traits.Iterable.
func (r *row) Iterator() traits.Iterator { return r.plain().Iterator() }

// ConvertToNative is ref.Val.
func (r *row) ConvertToNative(t reflect.Type) (any, error) { return r.plain().ConvertToNative(t) }

// ConvertToType is ref.Val.
func (r *row) ConvertToType(t ref.Type) ref.Val { return r.plain().ConvertToType(t) }

// Equal is ref.Val.
func (r *row) Equal(other ref.Val) ref.Val {
	if o, ok := other.(*row); ok {
		other = o.plain()
	}
	return r.plain().Equal(other)
}

// Type is ref.Val.
func (r *row) Type() ref.Type { return types.MapType }

// Value is ref.Val.
func (r *row) Value() any { return r.plain().Value() }

// scope is what expressions see of a row and the one before.
type scope struct {
	row, prev *row
	first     bool
	ctx       context.Context //nolint:containedctx // an expression ends with its row's import
}

var _ cel.Activation = (*scope)(nil)

// ResolveName is cel.Activation.
func (s *scope) ResolveName(name string) (any, bool) {
	switch name {
	case "row":
		return s.row, true
	case "prev":
		return s.prev, true
	case "first":
		return types.Bool(s.first), true
	case "row_time":
		return types.Timestamp{Time: s.row.at}, !s.row.at.IsZero()
	}
	return nil, false
}

// Parent is cel.Activation.
func (s *scope) Parent() cel.Activation { return nil }
