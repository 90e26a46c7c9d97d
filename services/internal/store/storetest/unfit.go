package storetest

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
)

// unfit: what can never be stored is told before anything is, and nothing of a
// commit with it is stored.
func unfit(t *testing.T, su *suite) {
	s := su.start(t)
	for name, w := range map[string]store.Write{
		"key with NUL":      {Collection: position, Doc: store.Doc{Key: "a\x00b", Body: wrapperspb.Int64(1)}},
		"key not UTF-8":     {Collection: position, Doc: store.Doc{Key: "a\xff", Body: wrapperspb.Int64(1)}},
		"field with NUL":    put("x", 0, map[string]any{"unit": "a\x00b"}),
		"text not UTF-8":    {Collection: docs, Doc: store.Doc{Key: "x", Body: said("a\xff")}},
		"larger than 16 MB": {Collection: docs, Doc: store.Doc{Key: "x", Body: said(strings.Repeat("x", 17<<20))}},
	} {
		good := put("good", 0, nil)
		if w.Collection == position {
			good = store.Write{Collection: position, Doc: store.Doc{Key: "good", Body: wrapperspb.Int64(1)}}
		}
		var which *store.UnfitError
		if _, err := s.Prepare([]store.Write{good, w}); !errors.Is(err, store.ErrUnfit) || !errors.As(err, &which) || which.Key != w.Doc.Key {
			t.Errorf("%s: prepared: %v", name, err)
		}
		if err := s.Commit(t.Context(), []store.Write{good, w}); !errors.Is(err, store.ErrUnfit) {
			t.Errorf("%s: committed: %v", name, err)
		}
		if got := load(t, s, good.Collection, "good"); len(got) > 0 {
			t.Errorf("%s: a part of the commit was stored", name)
		}
	}
	large := store.Write{Collection: docs, Doc: store.Doc{Key: "large", Body: said(strings.Repeat("x", 8<<20))}}
	commit(t, s, large)
	if got := load(t, s, docs, "large"); len(got) != 1 {
		t.Error("what fits was not stored")
	}
}

func said(text string) *structpb.Struct {
	return &structpb.Struct{Fields: map[string]*structpb.Value{"text": structpb.NewStringValue(text)}}
}
