package app_test

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
)

// waterfall draws a trace: when each span began and how long it took, in
// milliseconds, then the tree of them, siblings by name.
func waterfall(spans []*tracev1.Span, root string) string {
	children, first := map[string][]*tracev1.Span{}, spans[0].StartTimeUnixNano
	for _, s := range spans {
		parent := hex.EncodeToString(s.ParentSpanId)
		children[parent], first = append(children[parent], s), min(first, s.StartTimeUnixNano)
	}
	var out strings.Builder
	var draw func(parent, indent string)
	draw = func(parent, indent string) {
		siblings := children[parent]
		slices.SortFunc(siblings, func(a, b *tracev1.Span) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(found(a), found(b)))
		})
		for _, s := range siblings {
			line := fmt.Sprintf("%6.1f %6.1f  %-32s %s", milli(s.StartTimeUnixNano-first), milli(s.EndTimeUnixNano-s.StartTimeUnixNano), indent+s.Name, found(s))
			fmt.Fprintln(&out, strings.TrimRight(line, " "))
			draw(hex.EncodeToString(s.SpanId), indent+"  ")
		}
	}
	draw(root, "")
	return out.String()
}

func milli(nano uint64) float64 { return float64(nano) / 1e6 }

// found is what a span came from and came to.
func found(s *tracev1.Span) string {
	var words []string
	for _, name := range []string{"kind", "event_type", "verdict", "reason", "rule", "points", "total"} {
		for _, note := range s.Attributes {
			if note.Key == "kaohe."+name {
				words = append(words, note.Value.GetStringValue())
			}
		}
	}
	return strings.Join(words, " ")
}

// documented is the trace that the operators' guide shows.
func documented(t *testing.T) string {
	t.Helper()
	guide, err := os.ReadFile("../../deploy/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(guide), "```trace\n")
	shape, _, there := strings.Cut(after, "```")
	if !there {
		t.Fatal("the guide shows no trace")
	}
	return shape
}

var times = regexp.MustCompile(`(?m)^ *[\d.]+ +[\d.]+  `)

// timeless takes the times out of a waterfall, which differ from run to run.
func timeless(drawn string) string { return times.ReplaceAllString(drawn, "") }
