package text_test

import (
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "kaohe.dev/proto/gen/kaohe/api/v1" // its requests are looked at
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/text"
)

// fields visits every string field below a message once.
func fields(m protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool, visit func(protoreflect.FieldDescriptor)) {
	if seen[m.FullName()] {
		return
	}
	seen[m.FullName()] = true
	for i := range m.Fields().Len() {
		switch field := m.Fields().Get(i); {
		case field.Message() != nil:
			fields(field.Message(), seen, visit)
		case field.Kind() == protoreflect.StringKind:
			visit(field)
		}
	}
}

// bounded reports whether the rules of a field bound its length.
func bounded(field protoreflect.FieldDescriptor) bool {
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	said := rules.GetString()
	if field.IsList() {
		if rules.GetRepeated().GetMaxItems() == 0 {
			return false
		}
		said = rules.GetRepeated().GetItems().GetString()
	}
	unbounded := strings.ContainsAny(said.GetPattern(), "*+") && !strings.Contains(said.GetPattern(), "\\+")
	return said.GetMaxLen() > 0 || said.GetPattern() != "" && !unbounded
}

// TestEveryTextOfAnEventHasASortAndALength says: no text comes into the log of
// which the contract does not say what it may be.
func TestEveryTextOfAnEventHasASortAndALength(t *testing.T) {
	fields((&feedv1.Event{}).ProtoReflect().Descriptor(), map[protoreflect.FullName]bool{}, func(field protoreflect.FieldDescriptor) {
		if !proto.HasExtension(field.Options(), contractv1.E_Text) {
			t.Errorf("%s: say what sort of text it is: (kaohe.contract.v1.text)", field.FullName())
		}
		if !bounded(field) {
			t.Errorf("%s: say how long it may be, and how many: max_len, max_items", field.FullName())
		}
	})
}

// TestEveryTextOfARequestHasALength says the same of what calls may bring.
func TestEveryTextOfARequestHasALength(t *testing.T) {
	seen := map[protoreflect.FullName]bool{(&feedv1.Event{}).ProtoReflect().Descriptor().FullName(): true}
	protoregistry.GlobalFiles.RangeFilesByPackage("kaohe.api.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				fields(methods.Get(j).Input(), seen, func(field protoreflect.FieldDescriptor) {
					if !bounded(field) {
						t.Errorf("%s: say how long it may be, and how many: max_len, max_items", field.FullName())
					}
				})
			}
		}
		return true
	})
}

// hostile are texts that were seen to break something, with where they may stay.
func hostile() map[string][]contractv1.Text {
	id, line, prose := contractv1.Text_TEXT_ID, contractv1.Text_TEXT_LINE, contractv1.Text_TEXT_PROSE
	return map[string][]contractv1.Text{
		"a\x00b":          nil,
		"a\x1b[31mb":      nil,
		"a\x7fb":          nil,
		"a\u0085b":        nil,
		"\xff\xfe":        nil,
		"\xed\xa0\x80":    nil,
		"a\nb":            {prose},
		"a\tb":            {prose},
		"a\r\nb":          {prose},
		"a\u2028b":        {prose},
		"a\u200bb":        {line, prose},
		"a\u202eb":        {line, prose},
		"\ufeffa":         {line, prose},
		"a\ufffeb":        nil,
		"=1+1":            {line, prose},
		"+86":             {line, prose},
		"-1":              {line, prose},
		"@x":              {line, prose},
		"../../etc":       {line, prose},
		" a":              {line, prose},
		"a\u3000":         {line, prose},
		"a b":             {id, line, prose},
		"城区/1":            {id, line, prose},
		"👩‍👩‍👧":           {line, prose},
		"e\u0301":         {id, line, prose},
		"'; DROP TABLE--": {id, line, prose},
	}
}

func TestWhatATextMayHold(t *testing.T) {
	samples := map[contractv1.Text]func(string) *feedv1.Event{
		contractv1.Text_TEXT_ID: func(s string) *feedv1.Event {
			return &feedv1.Event{Payload: &feedv1.Event_TicketResumed{TicketResumed: &feedv1.TicketResumed{Ticket: s}}}
		},
		contractv1.Text_TEXT_LINE: func(s string) *feedv1.Event {
			return &feedv1.Event{Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{Category: s}}}
		},
		contractv1.Text_TEXT_PROSE: func(s string) *feedv1.Event {
			return &feedv1.Event{Payload: &feedv1.Event_HallAssessed{HallAssessed: &feedv1.HallAssessed{
				Findings: []*feedv1.Finding{{}, {Text: s}},
			}}}
		},
	}
	for said, allowed := range hostile() {
		for sort, sample := range samples {
			faults := text.Faults(sample(said))
			if may := slices.Contains(allowed, sort); may != (len(faults) == 0) {
				t.Errorf("%q as %s: %v", said, sort, faults)
			}
		}
	}
	if f := text.Faults(samples[contractv1.Text_TEXT_PROSE]("\x00")); f[0].Field != "hall_assessed.findings[1].text" {
		t.Errorf("the path of a fault: %v", f)
	}
}

func TestTextsAreBroughtToOneForm(t *testing.T) {
	e := &feedv1.Event{Payload: &feedv1.Event_HallAssessed{HallAssessed: &feedv1.HallAssessed{
		Unit: "Cafe\u0301", Text: "a\r\nb\rc", Findings: []*feedv1.Finding{{Check: "e\u0301"}},
	}}}
	text.Normalise(e)
	said := e.GetHallAssessed()
	if said.Unit != "Caf\u00e9" || said.Text != "a\nb\nc" || said.Findings[0].Check != "\u00e9" {
		t.Errorf("%v", said)
	}
}

func TestATwinIsFound(t *testing.T) {
	known := []string{"chengqu", "Xinqu", "ＹＡＯＺＨＯＵ"}
	for name, twin := range map[string]string{"Chengqu": "chengqu", "xinqu": "Xinqu", "yaozhou": "ＹＡＯＺＨＯＵ", "chengqu": "", "yijun": ""} {
		if got := text.Twin(name, known); got != twin {
			t.Errorf("%q: %q, want %q", name, got, twin)
		}
	}
}
