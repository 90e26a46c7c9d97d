// Package words turns reasons into sentences, in both languages of the operator.
//
// In flow codes and arguments, out flow words. It is used where somebody reads:
// screens, files, notifications. Never here: what is decided; no sentence is in
// a fact, an entry or a hash, so the wording of a release changes no verdict.
package words

import (
	"fmt"
	"slices"
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

// Check reports what a reason lacks to be said: words for its code, or what its
// sentence speaks of.
func Check(r *factv1.Reason) error {
	said, known := sentences()[r.GetCode()]
	if !known {
		return fmt.Errorf("the code %q has no words", r.GetCode())
	}
	for _, sentence := range []string{said.zh, said.en} {
		for _, part := range strings.Split(sentence, "{")[1:] {
			name, _, _ := strings.Cut(part, "}")
			if !slices.ContainsFunc(r.Args, func(a *factv1.Arg) bool { return a.Name == name }) {
				return fmt.Errorf("the sentence of %q speaks of {%s}, which is not given", r.Code, name)
			}
		}
	}
	for _, arg := range r.Args {
		if part := arg.GetReason(); part.GetCode() != "" {
			if err := Check(part); err != nil {
				return err
			}
		}
		if name := "{" + arg.Name + "}"; !strings.Contains(said.zh, name) || !strings.Contains(said.en, name) {
			return fmt.Errorf("the sentence of %q does not tell {%s} in both languages", r.Code, arg.Name)
		}
	}
	return nil
}

// Tell puts the sentences into what is shown of the ledger: an entry, a
// scorecard, a notice, what somebody has to decide, or what came late.
func Tell[M Told](m M) M {
	switch told := any(m).(type) {
	case *ledgerv1.Entry:
		if told != nil {
			told.Reason = Text(told.Why)
		}
	case *ledgerv1.Scorecard:
		if told.GetCorrectedWhy() != nil {
			told.CorrectionReason = Text(told.CorrectedWhy)
		}
	case *ledgerv1.Notice:
		told.Text = Text(told.Why)
	case *ledgerv1.Awaited:
		told.Reason = Text(told.Why)
	case *ledgerv1.Restatement:
		for _, e := range told.Vanish {
			Tell(e)
		}
		for _, e := range told.Appear {
			Tell(e)
		}
		if told.Restated != nil {
			Tell(told.Restated)
		}
	case *factv1.Reason:
		if told != nil {
			told.Text = Text(told)
		}
	}
	return m
}

// Told is what has sentences.
type Told interface {
	*ledgerv1.Entry | *ledgerv1.Scorecard | *ledgerv1.Notice | *ledgerv1.Awaited | *ledgerv1.Restatement | *factv1.Reason
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
