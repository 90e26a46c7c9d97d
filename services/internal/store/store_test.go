package store_test

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"pgregory.net/rapid"

	"kaohe.dev/services/internal/store"
)

func TestCursorRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[^\x00]*`)
		want := store.Cursor{Key: text.Draw(t, "key")}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 1:
			want.Value = text.Draw(t, "text")
		case 2:
			want.Value = rapid.Int64().Draw(t, "number")
		}
		got, err := store.DecodeCursor(want.Encode())
		if err != nil || *got != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

// FuzzDecodeCursor: a token from outside is a cursor or ErrCursor.
func FuzzDecodeCursor(f *testing.F) {
	for _, c := range []store.Cursor{{Key: "k"}, {Value: "v", Key: "k"}, {Value: int64(-5), Key: "k"}} {
		f.Add(c.Encode())
	}
	f.Add("")
	f.Add("%%")
	f.Add("c_8")
	f.Fuzz(func(t *testing.T, token string) {
		c, err := store.DecodeCursor(token)
		if err != nil {
			if !errors.Is(err, store.ErrCursor) {
				t.Errorf("%q: %v is not ErrCursor", token, err)
			}
			return
		}
		again, err := store.DecodeCursor(c.Encode())
		if err != nil || *again != *c {
			t.Errorf("%q: %+v became %+v, %v", token, c, again, err)
		}
	})
}

func TestValidate(t *testing.T) {
	valid := func() store.Collection {
		return store.Collection{
			Name: "sla/docs", Fields: []store.Field{{Name: "unit", Type: store.String}, {Name: "wake_at", Type: store.Int64}},
			Indexes: []store.Index{{Fields: []string{"unit", "wake_at"}}},
			New:     func() proto.Message { return &wrapperspb.Int64Value{} },
		}
	}
	if err := valid().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*store.Collection){
		"no name":               func(c *store.Collection) { c.Name = "" },
		"capital name":          func(c *store.Collection) { c.Name = "Docs" },
		"two slashes":           func(c *store.Collection) { c.Name = "a/b/c" },
		"quote in name":         func(c *store.Collection) { c.Name = `a"b` },
		"path in name":          func(c *store.Collection) { c.Name = "../x" },
		"no New":                func(c *store.Collection) { c.New = nil },
		"reserved field":        func(c *store.Collection) { c.Fields[0].Name = "version" },
		"quote in field":        func(c *store.Collection) { c.Fields[0].Name = `u"` },
		"field twice":           func(c *store.Collection) { c.Fields[1].Name = "unit" },
		"no type":               func(c *store.Collection) { c.Fields[0].Type = 0 },
		"empty index":           func(c *store.Collection) { c.Indexes[0].Fields = nil },
		"index of another":      func(c *store.Collection) { c.Indexes[0].Fields = []string{"city"} },
		"index names one twice": func(c *store.Collection) { c.Indexes[0].Fields = []string{"unit", "unit"} },
	} {
		c := valid()
		spoil(&c)
		if err := c.Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestGroup(t *testing.T) {
	for name, want := range map[string]string{"sla": "sla", "sla/docs": "sla", "sla/position": "sla"} {
		if got := store.Group(name); got != want {
			t.Errorf("group of %q is %q, want %q", name, got, want)
		}
	}
}
