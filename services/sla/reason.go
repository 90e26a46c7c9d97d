package sla

import (
	"errors"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/calendar"
	"kaohe.dev/services/flow"
)

// limit names what had to be done in time: the codes of done late and of not
// done.
type limit struct{ late, open string }

func completion() limit { return limit{codeCompletedLate, codeNotCompleted} }
func reply() limit      { return limit{"replied_late", "not_replied"} }
func answer() limit     { return limit{"answered_late", "not_answered"} }

// lateReason says by when something had to be done and when it was; a zero
// done means not at all.
func lateReason(l limit, due, done time.Time, zone *time.Location) *factv1.Reason {
	by := flow.Instant("due", due, zone)
	if done.IsZero() {
		return flow.Because(l.open, by)
	}
	return flow.Because(l.late, by, flow.Instant("done", done, zone), flow.Length("late", done.Sub(due)))
}

func metReason(j *judgement, zone *time.Location) *factv1.Reason {
	return flow.Because(codeMet, flow.Instant("due", j.due, zone), flow.Instant("done", j.done, zone))
}

// stillReason says why nothing is violated although nothing was completed.
func stillReason(j *judgement, zone *time.Location) *factv1.Reason {
	switch j.code {
	case codeCancelled, codeNoCommitment, codeSuspended, codeReopened:
		return flow.Because(j.code)
	case codeMerged:
		return flow.Because(j.code, flow.Said("into", j.record.MergedInto))
	case codePromiseMoved, codeNotDueYet:
		return flow.Because(j.code, flow.Instant("due", j.due, zone))
	}
	return unknownReason(j)
}

// unknownReason is the alarm that a deadline cannot be told, and what to do.
func unknownReason(j *judgement) *factv1.Reason {
	var missing *calendar.MissingYearError
	class := flow.Said("class", j.class)
	switch {
	case j.code == codeUnknownClass:
		return flow.Because(j.code, class, flow.Said("version", j.book.Version))
	case errors.As(j.err, &missing):
		return flow.Because(j.code, flow.Said("calendar", missing.Calendar), flow.Count("year", missing.Year))
	}
	return flow.Because(codeNoDeadline, class, flow.Said("error", told(j.err)))
}

func told(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
