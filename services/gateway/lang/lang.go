// Package lang chooses between the operator's two languages.
//
// In flow texts in both and what a caller prefers; out flows one of them.
// Never here: the texts themselves.
package lang

import (
	"strconv"
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
)

// Lang is a language of the operator.
type Lang string

// The languages. Chinese is the users' own and the default.
const (
	Zh Lang = "zh"
	En Lang = "en"
)

// Of reads an Accept-Language header: the language preferred most, Zh when
// none of ours is named.
func Of(accept string) Lang {
	best, weight := Zh, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			parsed, err := strconv.ParseFloat(value, 64)
			if err != nil {
				continue
			}
			q = parsed
		}
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if known := Lang(primary); (known == Zh || known == En) && q > weight {
			best, weight = known, q
		}
	}
	return best
}

// Text makes a text in both languages.
func Text(zh, en string) *factv1.Text { return &factv1.Text{Zh: zh, En: en} }

// Pick gives a text in a language, in the other one when it is missing.
func (l Lang) Pick(t *factv1.Text) string {
	if l == En && t.GetEn() != "" || t.GetZh() == "" {
		return t.GetEn()
	}
	return t.GetZh()
}
