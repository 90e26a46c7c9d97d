package storeurl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/ferret"
	"kaohe.dev/services/internal/store/storeurl"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	docs := store.Collection{Name: "a/docs", New: func() proto.Message { return &wrapperspb.Int64Value{} }}
	for _, url := range []string{
		"sqlite:" + filepath.Join(dir, "plain"),
		"sqlite:" + filepath.Join(dir, "a space%20 & more"),
		"sqlite:" + filepath.Join(dir, "full") + "?synchronous=full",
		"sqlite://" + filepath.Join(dir, "slashes") + "?synchronous=NORMAL",
		ferret.Start(t) + "kaohe_test",
	} {
		s, err := storeurl.Open(t.Context(), url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if err := s.Ensure(t.Context(), docs); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		w := store.Write{Collection: "a/docs", Doc: store.Doc{Key: "k", Body: wrapperspb.Int64(1)}}
		if err := s.Commit(t.Context(), []store.Write{w}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, name := range []string{"plain", "a space%20 & more", "full", "slashes"} {
		if _, err := os.Stat(filepath.Join(dir, name, "a.db")); err != nil {
			t.Error(err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for url, want := range map[string]string{
		"":                                      "must be sqlite:DIR or mongodb://HOST/DATABASE",
		"postgres://u:secret@h/db":              "must be sqlite:DIR or mongodb://HOST/DATABASE",
		"sqlite:":                               "no directory",
		"sqlite:" + t.TempDir() + "?x=y":        "synchronous=full",
		"sqlite:" + t.TempDir() + "?cache=much": "not a size",
		"sqlite:" + t.TempDir() + "?%zz":        "store URL",
		"mongodb://":                            "open mongodb store",
		"mongodb://host:port:port/kaohe?":       "open mongodb store",
	} {
		_, err := storeurl.Open(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, want %q", url, err, want)
		}
	}
}

func TestCheckTriesAllThatKaoheDoes(t *testing.T) {
	for name, address := range map[string]string{"sqlite": "sqlite:" + t.TempDir(), "mongodb": ferret.Start(t)} {
		findings := storeurl.Check(t.Context(), address)
		for _, f := range findings {
			if f.Err != nil {
				t.Errorf("%s: %s: %v", name, f.What, f.Err)
			}
		}
		if len(findings) < 6 {
			t.Errorf("%s: only %d findings", name, len(findings))
		}
	}
	for _, address := range []string{"sqlite:/proc/nowhere", "redis://x", "mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=200"} {
		if findings := storeurl.Check(t.Context(), address); findings[len(findings)-1].Err == nil {
			t.Errorf("%s is fit: %+v", address, findings)
		}
	}
	if got := storeurl.Redacted("mongodb://me:secret@host/db"); got != "mongodb://me:xxxxx@host/db" {
		t.Error(got)
	}
}
