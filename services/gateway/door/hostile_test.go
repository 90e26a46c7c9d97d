package door

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/text"
)

// visitTexts calls back for every text field below a kind of event, with a way
// to make an event in which that field says something.
func visitTexts(m protoreflect.MessageDescriptor, path []protoreflect.FieldDescriptor, visit func([]protoreflect.FieldDescriptor)) {
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		at := append(slices.Clone(path), field)
		switch {
		case field.Kind() == protoreflect.StringKind:
			visit(at)
		case field.Message() != nil && field.Message().FullName() != "google.protobuf.Timestamp":
			visitTexts(field.Message(), at, visit)
		}
	}
}

// saying gives an event in which one field says a text.
func saying(path []protoreflect.FieldDescriptor, said string) *feedv1.Event {
	e := &feedv1.Event{Id: "e", Source: "s", OccurredAt: timestamppb.New(now)}
	m := e.ProtoReflect()
	for i, field := range path {
		switch last := i == len(path)-1; {
		case last && field.IsList():
			m.Mutable(field).List().Append(protoreflect.ValueOfString(said))
		case last:
			m.Set(field, protoreflect.ValueOfString(said))
		case field.IsList():
			m = m.Mutable(field).List().AppendMutable().Message()
		default:
			m = m.Mutable(field).Message()
		}
	}
	return e
}

// TestNoTextFieldTakesWhatStopsAService: every text field of every kind of event
// refuses what its sort does not allow, and names itself; what it allows is
// refused for no reason of text.
func TestNoTextFieldTakesWhatStopsAService(t *testing.T) {
	d := build(t, time.Hour).open(t)
	refused := map[string]map[contractv1.Text]string{
		"a\x00b":        {1: "control_character", 2: "control_character", 3: "control_character"},
		"a\x1b[0mb":     {1: "control_character", 2: "control_character", 3: "control_character"},
		"a\xff\xfe":     {1: "not_utf8", 2: "not_utf8", 3: "not_utf8"},
		"a\ufffe":       {1: "invisible_character", 2: "invisible_character", 3: "invisible_character"},
		"a\nb":          {1: "control_character", 2: "control_character"},
		"a\u2029b":      {1: "control_character", 2: "control_character"},
		"\u202ea\ufeff": {1: "invisible_character"},
		"a\u200bb":      {1: "invisible_character"},
		"=cmd|'/C'!A":   {1: "formula"},
		"@x":            {1: "formula"},
		"a/../b":        {1: "dots"},
		" a":            {1: "space_around"},
		"a b 城区":        {},
	}
	fields, tried := 0, 0
	kinds := flow.EventTypes()
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		visitTexts(kinds[kind].Message(), []protoreflect.FieldDescriptor{kinds[kind]}, func(path []protoreflect.FieldDescriptor) {
			fields++
			last := path[len(path)-1]
			for said, codes := range refused {
				tried++
				got, want := d.Check(saying(path, said)), codes[text.SortOf(last)]
				textual := got != nil && slices.Contains([]string{"control_character", "not_utf8", "invisible_character", "formula", "dots", "space_around"}, got.Code)
				switch {
				case want == "" && textual:
					t.Errorf("%s: %q is refused: %s %s", last.FullName(), said, got.Code, got.Text.En)
				case want != "" && (got == nil || got.Code != want || !strings.Contains(got.Field, string(last.Name()))):
					t.Errorf("%s: %q: %v, want %s", last.FullName(), said, got, want)
				}
			}
			if got := d.Check(saying(path, strings.Repeat("x", MaxEvent))); got == nil {
				t.Errorf("%s takes %d bytes", last.FullName(), MaxEvent)
			}
		})
	}
	if fields < 150 {
		t.Errorf("only %d text fields were looked at", fields)
	}
	t.Log(fmt.Sprint(fields, " fields, ", tried, " events"))
}
