// Package words turns reasons into sentences, in both languages of the operator.
//
// In flow codes and arguments, out flow words. It is used where somebody reads:
// screens, files, notifications. Never here: what is decided; no sentence is in
// a fact, an entry or a hash, so the wording of a release changes no verdict.
package words

import (
	"strconv"
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/phrase"
)

// Text gives the sentence of a reason; nil for none. A code that has no words,
// of another release perhaps, is given as it is.
func Text(r *factv1.Reason) *factv1.Text {
	if r.GetCode() == "" {
		return r.GetText()
	}
	said, known := sentences()[r.Code]
	if !known {
		return &factv1.Text{Zh: r.Code, En: r.Code}
	}
	return &factv1.Text{Zh: fill(said.zh, r.Args, zh), En: fill(said.en, r.Args, en)}
}

// Tell gives an entry its sentence.
func Tell(e *ledgerv1.Entry) *ledgerv1.Entry {
	if e != nil {
		e.Reason = Text(e.Why)
	}
	return e
}

type language int

const (
	zh language = iota
	en
)

// fill puts arguments into a sentence, where it has their names in braces. Of a
// name that is not given nothing is said.
func fill(sentence string, args []*factv1.Arg, in language) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(sentence, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		for _, arg := range args {
			if arg.Name == name {
				out.WriteString(worded(arg, in))
			}
		}
		sentence = after
	}
}

func worded(arg *factv1.Arg, in language) string {
	switch v := arg.Value.(type) {
	case *factv1.Arg_Text:
		return v.Text
	case *factv1.Arg_Instant:
		return instant(v.Instant)
	case *factv1.Arg_Length:
		zh, en := phrase.Duration(v.Length.AsDuration())
		return in.of(zh, en)
	case *factv1.Arg_Count:
		return strconv.FormatInt(v.Count, 10)
	case *factv1.Arg_Label:
		return in.of(v.Label.GetZh(), v.Label.GetEn())
	case *factv1.Arg_Reason:
		text := Text(v.Reason)
		return in.of(text.GetZh(), text.GetEn())
	}
	return ""
}

func (l language) of(inZh, inEn string) string {
	if l == zh {
		return inZh
	}
	return inEn
}

func instant(local *factv1.LocalInstant) string {
	return phrase.Instant(flow.Time(local.GetAt()), time.FixedZone("", int(local.GetOffset())))
}
