// Package text is the one definition of text: what a field of a contract may
// hold is said there, by its sort (kaohe.contract.v1.Text) and its rules.
//
// In flow messages from outside; out flow what is wrong with their texts, or the
// same messages with every text in Unicode's form NFC. Never here: what a text
// means.
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
)

// Fault is what is wrong with a text. Its words are formats of one argument,
// What.
type Fault struct {
	// Field is its path, for example "ticket_replied.text".
	Field, Value string
	// Code is stable, for example "control_character".
	Code   string
	Zh, En string
	What   string
}

// SortOf gives what sort of text a field holds.
func SortOf(field protoreflect.FieldDescriptor) contractv1.Text {
	sort, _ := proto.GetExtension(field.Options(), contractv1.E_Text).(contractv1.Text)
	if sort == contractv1.Text_TEXT_UNSPECIFIED {
		return contractv1.Text_TEXT_LINE
	}
	return sort
}

// Faults gives all that is wrong with the texts of a message, at every depth.
func Faults(m proto.Message) (faults []Fault) {
	walk(m.ProtoReflect(), "", func(path string, field protoreflect.FieldDescriptor, text string) string {
		if f := check(SortOf(field), text); f != nil {
			f.Field, f.Value = path, text
			faults = append(faults, *f)
		}
		return text
	})
	return faults
}

// Normalise brings the texts of a message to the form in which they are
// compared: NFC, with newlines as one character.
func Normalise(m proto.Message) {
	walk(m.ProtoReflect(), "", func(_ string, field protoreflect.FieldDescriptor, text string) string {
		if SortOf(field) == contractv1.Text_TEXT_PROSE && strings.IndexByte(text, '\r') >= 0 {
			text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
		}
		if norm.NFC.IsNormalString(text) {
			return text
		}
		return norm.NFC.String(text)
	})
}

// walk visits every text and puts back what it became.
func walk(m protoreflect.Message, path string, visit func(string, protoreflect.FieldDescriptor, string) string) {
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := path + string(field.Name())
		switch {
		case field.IsMap(): // no message from outside has one
		case field.IsList():
			list := v.List()
			for i := range list.Len() {
				here := fmt.Sprintf("%s[%d]", at, i)
				switch {
				case field.Message() != nil:
					walk(list.Get(i).Message(), here+".", visit)
				case field.Kind() == protoreflect.StringKind:
					if was := list.Get(i).String(); visit(here, field, was) != was {
						list.Set(i, protoreflect.ValueOfString(visit(here, field, was)))
					}
				}
			}
		case field.Message() != nil:
			walk(v.Message(), at+".", visit)
		case field.Kind() == protoreflect.StringKind:
			if is := visit(at, field, v.String()); is != v.String() {
				m.Set(field, protoreflect.ValueOfString(is))
			}
		}
		return true
	})
}

// check gives what is wrong with one text; nil: nothing.
func check(sort contractv1.Text, text string) *Fault {
	if !utf8.ValidString(text) {
		return &Fault{Code: "not_utf8", Zh: "不是有效的 UTF-8 文本，请按 UTF-8 编码后重发", En: "it is not valid UTF-8; encode it as UTF-8 and send again"}
	}
	for _, r := range text {
		if fault := character(sort, r); fault != nil {
			fault.What = fmt.Sprintf("%U", r)
			return fault
		}
	}
	if sort == contractv1.Text_TEXT_ID {
		return name(text)
	}
	return nil
}

// character gives why a text of a sort cannot hold a character.
func character(sort contractv1.Text, r rune) *Fault {
	switch {
	case sort == contractv1.Text_TEXT_PROSE && (r == '\n' || r == '\t' || r == '\r'):
		return nil
	case unicode.Is(unicode.Cc, r), sort != contractv1.Text_TEXT_PROSE && unicode.In(r, unicode.Zl, unicode.Zp):
		return &Fault{Code: "control_character", Zh: "含有控制字符 %[1]s，请去掉后重发", En: "it contains the control character %[1]s; remove it and send again"}
	case sort == contractv1.Text_TEXT_ID && unicode.Is(unicode.Cf, r), r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE:
		return &Fault{Code: "invisible_character", Zh: "含有看不见的字符 %[1]s，请去掉后重发", En: "it contains %[1]s, which nobody sees; remove it and send again"}
	}
	return nil
}

// name gives why a text cannot be an id.
func name(text string) *Fault {
	switch {
	case text != strings.TrimSpace(text):
		return &Fault{Code: "space_around", Zh: "编号首尾有空格，请去掉后重发", En: "an id has no spaces around it; remove them and send again"}
	case strings.Contains(text, ".."):
		return &Fault{Code: "dots", What: "..", Zh: "编号不能含有 %[1]s，请改正", En: "an id cannot contain %[1]s; correct it"}
	case text != "" && strings.ContainsRune("=+-@", rune(text[0])):
		return &Fault{Code: "formula", What: text[:1], Zh: "编号不能以 %[1]s 开头（表格软件会当作公式），请改正",
			En: "an id cannot begin with %[1]s, which spreadsheets take for a formula; correct it"}
	}
	return nil
}

// Twin gives another of some names that differs from a name only in what people
// do not tell apart: case, width, composition; empty: none.
func Twin(text string, names []string) string {
	folded := fold(text)
	for _, other := range names {
		if other != text && fold(other) == folded {
			return other
		}
	}
	return ""
}

func fold(text string) string {
	return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, norm.NFKC.String(text))
}
