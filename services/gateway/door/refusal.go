package door

import (
	"fmt"
	"strings"
	"unicode/utf8"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/gateway/lang"
)

// Item is one event of a push, or why it could not even be read.
type Item struct {
	// Event as decoded; nil when Refusal is set.
	Event *feedv1.Event
	// ID of the event where it could be read although the event could not.
	ID string
	// Refusal says why it could not be decoded.
	Refusal *Refusal
}

// Refusal is why an event is not taken.
type Refusal struct {
	// Field is its path, for example "ticket_opened.unit".
	Field string
	// Value as sent; Verdict shortens it.
	Value string
	// Code is stable, for example "unknown_unit".
	Code string
	// Text says what is wrong and what to do.
	Text *factv1.Text
}

// Refuse makes a refusal; the texts are formats of the same arguments.
func Refuse(field, value, code, zh, en string, args ...any) *Refusal {
	return &Refusal{Field: field, Value: value, Code: code, Text: lang.Text(fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...))}
}

// Verdict gives the refusal as an answer.
func (r *Refusal) Verdict(id string, l lang.Lang) *apiv1.EventVerdict {
	return &apiv1.EventVerdict{Id: id, Status: apiv1.EventStatus_EVENT_STATUS_REJECTED, Error: &apiv1.EventError{
		Field: r.Field, Value: Shorten(r.Value), Reason: l.Pick(r.Text), Code: r.Code,
	}}
}

const shownRunes = 60

// Shorten cuts a value to what is worth showing.
func Shorten(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= shownRunes {
		return s
	}
	return string([]rune(s)[:shownRunes]) + "…"
}
