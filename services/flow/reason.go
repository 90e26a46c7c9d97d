package flow

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
)

// Because names a reason and what it is about. How it is worded is nothing to
// those who decide: package words has the sentence of each code.
func Because(code string, args ...*factv1.Arg) *factv1.Reason {
	return &factv1.Reason{Code: code, Args: args}
}

// Said is what somebody wrote, or the name of a thing.
func Said(name, text string) *factv1.Arg {
	return &factv1.Arg{Name: name, Value: &factv1.Arg_Text{Text: text}}
}

// Instant is when something was, as the clocks of a zone showed it; nil is UTC.
// A zero instant is said as none.
func Instant(name string, at time.Time, zone *time.Location) *factv1.Arg {
	local := &factv1.LocalInstant{At: At(at)}
	if zone != nil && !at.IsZero() {
		_, offset := at.In(zone).Zone()
		local.Offset = int32(offset) //nolint:gosec // less than a day
	}
	return &factv1.Arg{Name: name, Value: &factv1.Arg_Instant{Instant: local}}
}

// Length is how long something took.
func Length(name string, d time.Duration) *factv1.Arg {
	return &factv1.Arg{Name: name, Value: &factv1.Arg_Length{Length: durationpb.New(d)}}
}

// Count is how many there are.
func Count[N int | int32 | int64](name string, n N) *factv1.Arg {
	return &factv1.Arg{Name: name, Value: &factv1.Arg_Count{Count: int64(n)}}
}

// Label is a name in both languages, from a rulebook or a register.
func Label(name string, label *factv1.Text) *factv1.Arg {
	return &factv1.Arg{Name: name, Value: &factv1.Arg_Label{Label: label}}
}

// Part is a part of the sentence that has words of its own; nil is none.
func Part(name string, reason *factv1.Reason) *factv1.Arg {
	if reason == nil {
		reason = &factv1.Reason{}
	}
	return &factv1.Arg{Name: name, Value: &factv1.Arg_Reason{Reason: reason}}
}
