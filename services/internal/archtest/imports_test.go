package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// pure are the packages in which nothing but values goes in and out.
var pure = []string{
	"flow", "ingest", "sla", "escalation", "survey", "scoring", "rulebook", "calendar", "replay", "phrase", "whatif", "draw", "report", "cost", "plaincsv",
}

// forbidden in the pure core, with the reason.
var forbidden = map[string]string{
	"os":                          "files are the shell's",
	"net":                         "the network is the shell's",
	"net/http":                    "the network is the shell's",
	"math/rand":                   "chance comes in from the shell",
	"math/rand/v2":                "chance comes in from the shell",
	"log":                         "decisions return reasons, the shell logs",
	"log/slog":                    "decisions return reasons, the shell logs",
	"database/sql":                "documents are the shell's",
	"github.com/nats-io":          "streams are the shell's",
	"go.mongodb.org":              "documents are the shell's",
	"google.golang.org/grpc":      "the API is the gateway's",
	"go.opentelemetry.io":         "who is followed is the shell's",
	"kaohe.dev/services/internal": "technology appears at the edges only",
	"kaohe.dev/services/gateway":  "the core does not know who serves it",
	"kaohe.dev/services/app":      "the core does not know who starts it",
}

func TestThePureCoreImportsNoTechnology(t *testing.T) {
	for _, dir := range pure {
		sources(t, filepath.Join("..", "..", dir), func(path string) {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				imported, _ := strconv.Unquote(spec.Path.Value)
				for prefix, why := range forbidden {
					if imported == prefix || strings.HasPrefix(imported, prefix+"/") {
						t.Errorf("%s imports %s: %s", path, imported, why)
					}
				}
			}
		})
	}
}

// Following is one concern: who wants a span asks for it in the house's words.
func TestOnePackageKnowsOpenTelemetry(t *testing.T) {
	sources(t, filepath.Join("..", ".."), func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"go.opentelemetry.io/`) && !strings.Contains(path, filepath.Join("internal", "traces")) {
			t.Errorf("%s imports OpenTelemetry: use internal/traces", path)
		}
	})
}

// What strangers wrote must not become a formula in somebody's spreadsheet.
func TestOnePackageWritesCSV(t *testing.T) {
	sources(t, filepath.Join("..", ".."), func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ReplaceAll(string(text), "plaincsv.", ""), "csv.NewWriter(") && !strings.Contains(path, "plaincsv") {
			t.Errorf("%s makes a writer of csv: use plaincsv", path)
		}
	})
}

func TestThePureCoreReadsNoClock(t *testing.T) {
	for _, dir := range pure {
		sources(t, filepath.Join("..", "..", dir), func(path string) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, call := range []string{"time.Now(", "time.Since(", "time.Until(", "time.After(", "go func"} {
				if strings.Contains(string(text), call) && !(dir == "replay" && call == "go func") {
					t.Errorf("%s calls %s…): time and goroutines come in from the shell", path, call)
				}
			}
		})
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	sources(t, filepath.Join("..", ".."), func(path string) {
		dir := filepath.Dir(path)
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		documented[dir] = documented[dir] || file.Doc != nil
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment: say what flows in, what flows out, what is never done here", dir)
		}
	}
}

// sources visits the Go files below a folder that are not tests.
func sources(t *testing.T, root string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "testdata" {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
