package store

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Plan is a checked query: what it selects, in terms every adapter can translate one to one.
type Plan struct {
	Query
	Collection Collection
	Index      *Index    // the covering index; nil = by key alone
	Order      FieldType // type of the order value; String when ordered by key
	KeyFrom    string    // keys from here on, inclusive; "" = no bound
	KeyBelow   string    // keys below it; "" = no bound
}

// Plan checks a query and finds the index that covers it.
func (s *Schema) Plan(q Query) (Plan, error) {
	d, err := s.find(q.Collection)
	if err != nil {
		return Plan{}, err
	}
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	p := Plan{Query: q, Collection: d.Collection, Order: String, KeyFrom: q.Prefix, KeyBelow: prefixEnd(q.Prefix)}
	if q.OrderBy != "" {
		p.Order = d.typ[q.OrderBy]
	}
	if err := d.checkQuery(&p); err != nil {
		return Plan{}, fmt.Errorf("query %s: %w", q.Collection, err)
	}
	return p, nil
}

func (d declared) checkQuery(p *Plan) error {
	for name, v := range p.Where {
		if err := d.checkValue(name, v); err != nil {
			return err
		}
	}
	if err := checkText("prefix", p.Prefix); err != nil {
		return err
	}
	order := p.OrderBy
	if order == "" {
		order = "key"
	}
	for _, bound := range []any{p.Min, p.Max} {
		if bound == nil {
			continue
		}
		if err := checkType(order, p.Order, bound); err != nil {
			return fmt.Errorf("bound: %w", err)
		}
	}
	if err := checkAfter(p); err != nil {
		return err
	}
	if len(p.Where) == 0 && p.OrderBy == "" {
		return nil
	}
	p.Index = d.cover(p.Where, p.OrderBy)
	if p.Index == nil {
		return fmt.Errorf("no declared index covers where %v order by %q", fieldNames(p.Where), p.OrderBy)
	}
	return nil
}

func checkAfter(p *Plan) error {
	if p.After == nil {
		return nil
	}
	if p.OrderBy == "" && p.After.Value != nil {
		return fmt.Errorf("%w: it has an order value, the query is by key", ErrCursor)
	}
	if p.OrderBy != "" {
		if err := checkType(p.OrderBy, p.Order, p.After.Value); err != nil {
			return fmt.Errorf("%w: %w", ErrCursor, err)
		}
	}
	return checkText("cursor key", p.After.Key)
}

// cover returns the shortest index that starts with the where fields, in any order, and goes on with the order field.
func (d declared) cover(where map[string]any, order string) *Index {
	var best *Index
	for i := range d.Indexes {
		x := &d.Indexes[i]
		if covers(x.Fields, where, order) && (best == nil || len(x.Fields) < len(best.Fields)) {
			best = x
		}
	}
	return best
}

func covers(fields []string, where map[string]any, order string) bool {
	if len(fields) < len(where) {
		return false
	}
	for _, f := range fields[:len(where)] {
		if _, ok := where[f]; !ok {
			return false
		}
	}
	return order == "" || len(fields) > len(where) && fields[len(where)] == order
}

func fieldNames(where map[string]any) []string {
	names := make([]string, 0, len(where))
	for f := range where {
		names = append(names, f)
	}
	slices.Sort(names)
	return names
}

// Page cuts rows to the limit and makes the cursor of the next page. Adapters fetch one row more than the limit.
func (p Plan) Page(docs []Doc) ([]Doc, *Cursor) {
	if len(docs) <= p.Limit {
		return docs, nil
	}
	docs = docs[:p.Limit]
	last := docs[p.Limit-1]
	c := &Cursor{Key: last.Key}
	if p.OrderBy != "" {
		c.Value = last.Fields[p.OrderBy]
	}
	return docs, c
}

// prefixEnd is the least string above all strings that start with prefix; "" when there is none. UTF-8 orders as its code
// points do, so the last one is raised by one, past the surrogates.
func prefixEnd(prefix string) string {
	for prefix != "" {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case r == utf8.MaxRune:
			continue
		case r == 0xD7FF:
			r = 0xDFFF
		}
		return prefix + string(r+1)
	}
	return ""
}
