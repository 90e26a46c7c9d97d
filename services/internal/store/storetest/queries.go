package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kaohe.dev/services/internal/store"
)

// sample is a set of documents with ties, empty values and missing fields.
func sample() []store.Doc {
	var out []store.Doc
	units, states := []string{"u1", "u2", "单", ""}, []string{"open", "closed"}
	for i := range 24 {
		d := store.Doc{Key: fmt.Sprintf("%c-%02d", 'a'+rune(i%3), i), Fields: map[string]any{}}
		if i%5 != 0 {
			d.Fields["unit"] = units[i%4]
		}
		if i%7 != 0 {
			d.Fields["state"] = states[i/2%2]
		}
		if i%6 != 0 {
			d.Fields["wake_at"] = int64(i/4*10 - 20)
		}
		out = append(out, d)
	}
	return out
}

func fill(t *testing.T, s store.Store, all []store.Doc) {
	t.Helper()
	writes := make([]store.Write, len(all))
	for i, d := range all {
		writes[i] = put(d.Key, 0, d.Fields)
	}
	commit(t, s, writes...)
}

// pages runs a query to its end, handing the cursor over as a token, and checks the size of every page.
func pages(s store.Store, t rapid.TB, q store.Query) (keys []string) {
	for {
		found, next, err := s.Query(context.Background(), q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		keys = append(keys, keysOf(found)...)
		if next == nil {
			return keys
		}
		if len(found) != q.Limit {
			t.Fatalf("%+v: a page of %d and a cursor", q, len(found))
		}
		if q.After, err = store.DecodeCursor(next.Encode()); err != nil {
			t.Fatal(err)
		}
	}
}

// model is what a query must return.
func model(all []store.Doc, q store.Query) (keys []string) {
	var found []store.Doc
	for _, d := range all {
		if matches(d, q) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b store.Doc) int {
		c := cmp.Compare(a.Key, b.Key)
		if q.OrderBy != "" {
			c = cmp.Or(compare(a.Fields[q.OrderBy], b.Fields[q.OrderBy]), c)
		}
		if q.Desc {
			return -c
		}
		return c
	})
	return keysOf(found)
}

func matches(d store.Doc, q store.Query) bool {
	for f, v := range q.Where {
		if d.Fields[f] != v {
			return false
		}
	}
	order := any(d.Key)
	if q.OrderBy != "" {
		order = d.Fields[q.OrderBy]
	}
	return strings.HasPrefix(d.Key, q.Prefix) && order != nil &&
		(q.Min == nil || compare(order, q.Min) >= 0) && (q.Max == nil || compare(order, q.Max) <= 0)
}

func compare(a, b any) int {
	if a, ok := a.(int64); ok {
		return cmp.Compare(a, b.(int64))
	}
	return cmp.Compare(a.(string), b.(string))
}

func queries(t *testing.T, su *suite) {
	s := su.start(t)
	all := sample()
	fill(t, s, all)
	where := func(kv ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return m
	}
	for name, q := range map[string]store.Query{
		"all":                {Limit: 100},
		"all in pages":       {Limit: 7},
		"exact last page":    {Limit: 8},
		"keys between":       {Min: "a-06", Max: "b-13", Limit: 3},
		"keys downwards":     {Desc: true, Min: "a-06", Limit: 5},
		"equal":              {Where: where("state", "open"), Limit: 4},
		"equal, empty text":  {Where: where("unit", ""), Limit: 4},
		"equal two":          {Where: where("state", "closed", "unit", "u2"), Limit: 2},
		"due":                {OrderBy: "wake_at", Max: int64(10), Limit: 4},
		"window of a unit":   {Where: where("unit", "u1"), OrderBy: "wake_at", Min: int64(-10), Max: int64(20), Limit: 1},
		"latest of a unit":   {Where: where("unit", "单"), OrderBy: "wake_at", Desc: true, Limit: 2},
		"by text":            {Where: where("unit", "u1"), OrderBy: "state", Limit: 3},
		"nothing":            {Where: where("state", "lost"), Limit: 3},
		"empty window":       {OrderBy: "wake_at", Min: int64(3), Max: int64(2), Limit: 3},
		"prefix, downwards":  {Prefix: "b", Desc: true, Limit: 3},
		"prefix, by a field": {Prefix: "b", OrderBy: "wake_at", Limit: 3},
	} {
		q.Collection = docs
		want := model(all, q)
		if got := pages(s, t, q); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if n, err := s.Count(t.Context(), q); err != nil || n != int64(len(want)) {
			t.Errorf("%s: count is %d, want %d, %v", name, n, len(want), err)
		}
	}
	found, next, err := s.Query(t.Context(), store.Query{Collection: docs})
	if err != nil || next != nil || len(found) != len(all) {
		t.Errorf("without a limit: %d documents, cursor %v, %v", len(found), next, err)
	}
	refusedQueries(t, s)
}

func refusedQueries(t *testing.T, s store.Store) {
	for name, q := range map[string]store.Query{
		"no index":         {Collection: docs, OrderBy: "unit", Where: map[string]any{"state": "open"}},
		"undeclared field": {Collection: docs, OrderBy: "nope"},
		"type of where":    {Collection: docs, Where: map[string]any{"state": int64(1)}},
		"type of bound":    {Collection: docs, OrderBy: "wake_at", Min: "x"},
		"collection":       {Collection: "test/nope"},
		"no index at all":  {Collection: position, OrderBy: "unit"},
	} {
		if _, _, err := s.Query(t.Context(), q); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, q := range []store.Query{
		{Collection: docs, After: &store.Cursor{Value: "x", Key: "k"}},
		{Collection: docs, OrderBy: "wake_at", After: &store.Cursor{Value: "x", Key: "k"}},
		{Collection: docs, OrderBy: "wake_at", After: &store.Cursor{Key: "k"}},
	} {
		if _, _, err := s.Query(t.Context(), q); !errors.Is(err, store.ErrCursor) {
			t.Errorf("a foreign cursor: %v", err)
		}
	}
}

// queriesAgree draws queries and compares all their pages with the model.
func queriesAgree(t *testing.T, su *suite) {
	s := su.start(t)
	all := sample()
	fill(t, s, all)
	shapes := []struct {
		where []string
		order string
	}{
		{nil, ""}, {nil, "wake_at"}, {nil, "unit"}, {nil, "state"}, {[]string{"unit"}, ""}, {[]string{"state"}, ""},
		{[]string{"unit"}, "state"}, {[]string{"unit"}, "wake_at"}, {[]string{"unit", "state"}, "wake_at"},
		{[]string{"state", "unit"}, ""}, {[]string{"unit", "state", "wake_at"}, ""},
	}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(field string) any {
			switch field {
			case "unit":
				return rapid.SampledFrom([]string{"u1", "u2", "单", "", "none"}).Draw(t, field)
			case "state":
				return rapid.SampledFrom([]string{"open", "closed"}).Draw(t, field)
			case "wake_at":
				return rapid.Int64Range(-3, 5).Draw(t, field) * 10
			}
			return rapid.SampledFrom(all).Draw(t, "key").Key
		}
		shape := rapid.SampledFrom(shapes).Draw(t, "shape")
		q := store.Query{Collection: docs, OrderBy: shape.order, Where: map[string]any{}}
		for _, f := range shape.where {
			q.Where[f] = draw(f)
		}
		q.Desc = rapid.Bool().Draw(t, "desc")
		q.Limit = rapid.IntRange(1, 9).Draw(t, "limit")
		q.Prefix = rapid.SampledFrom([]string{"", "", "", "a", "b-1", "c-"}).Draw(t, "prefix")
		if rapid.Bool().Draw(t, "has min") {
			q.Min = draw(shape.order)
		}
		if rapid.Bool().Draw(t, "has max") {
			q.Max = draw(shape.order)
		}
		if got, want := pages(s, t, q), model(all, q); !slices.Equal(got, want) {
			t.Fatalf("%+v: got %q, want %q", q, got, want)
		}
	})
}

func prefixes(t *testing.T, su *suite) {
	s := su.start(t)
	keys := []string{"a", "a/", "a/1", "a/2", "a0", "b", "é", "\U0010FFFF", "\U0010FFFFx", "a\U0010FFFF", "a\U0010FFFFz", "\uD7FF1", "\uE0001"}
	all := make([]store.Doc, len(keys))
	for i, k := range keys {
		all[i] = store.Doc{Key: k}
	}
	fill(t, s, all)
	for _, p := range append(keys, "x", "a/3") {
		q := store.Query{Collection: docs, Prefix: p, Limit: 2}
		if got, want := pages(s, t, q), model(all, q); !slices.Equal(got, want) {
			t.Errorf("prefix %q: got %q, want %q", p, got, want)
		}
	}
}

func closing(t *testing.T, su *suite) {
	s := su.start(t)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Load(t.Context(), docs, []string{"a"}); err == nil {
		t.Error("load from a closed store: no error")
	}
	if err := s.Commit(t.Context(), []store.Write{put("a", 0, nil)}); err == nil {
		t.Error("commit to a closed store: no error")
	}
}
