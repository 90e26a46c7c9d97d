package sla

import (
	"errors"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/calendar"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// Verdict is what is found of a clock.
type Verdict string

// The verdicts of a clock. Each cycle has exactly one.
const (
	Running  Verdict = "running"  // not completed, not due; or the clock stands
	Met      Verdict = "met"      // completed by the deadline
	Violated Verdict = "violated" // completed later, or open past it
	Stopped  Verdict = "stopped"  // cancelled, merged away, or reopened before it was due
	Unknown  Verdict = "unknown"  // the deadline cannot be told: an alarm
)

// The stable names of why a cycle is not overdue, or why it is.
const (
	codeCompletedLate = "completed_late"
	codeNotCompleted  = "not_completed"
	codeMet           = "met"
	codeCancelled     = "cancelled"
	codeMerged        = "merged"
	codeNoCommitment  = "no_commitment"
	codeNotDueYet     = "not_due_yet"
	codeSuspended     = "suspended"
	codePromiseMoved  = "promise_moved"
	codeReopened      = "reopened_before_due"
	codeUnknownClass  = "unknown_class"
	codeMissingYear   = "missing_calendar_year"
	codeNoDeadline    = "no_deadline"
)

// judgement is a cycle's clock, judged.
type judgement struct {
	record  *factv1.TicketRecorded
	cycle   *factv1.Cycle
	promise *factv1.Promise // nil: by class
	class   string          // empty: by promise, or no commitment
	book    *rulebook.Rulebook
	clock   calendar.Clock
	start   time.Time
	due     time.Time // zero: none, or the clock stands
	done    time.Time // completed; zero: not
	ended   time.Time // completed, or the next cycle began; zero: not
	verdict Verdict
	code    string
	err     error
}

// judge derives what becomes of a cycle. It is total: every cycle has one
// verdict, whatever the order the events came in.
func judge(policy *rulebook.Policy, r *factv1.TicketRecorded, nth int, asOf time.Time) judgement {
	c := r.Cycles[nth]
	j := judgement{record: r, cycle: c, start: flow.Time(c.StartedAt), done: flow.Time(c.CompletedAt)}
	reopened := nth+1 < len(r.Cycles)
	j.ended = j.done
	if j.ended.IsZero() && reopened {
		j.ended = flow.Time(r.Cycles[nth+1].StartedAt)
	}
	j.promise = lastPromise(c, j.done)
	if j.promise != nil {
		j.due = flow.Time(j.promise.DueAt)
	} else if j.class = lastClass(r, j.ended); j.class != "" {
		j.dueByClass(policy)
	}
	j.verdict, j.code = j.find(reopened, asOf)
	return j
}

// find compares the deadline with what became of the work.
func (j *judgement) find(reopened bool, asOf time.Time) (Verdict, string) {
	switch {
	case j.promise == nil && j.class == "":
		return Stopped, codeNoCommitment
	case j.record.CancelledAt != nil:
		return Stopped, codeCancelled
	case j.record.MergedAt != nil:
		return Stopped, codeMerged
	case j.err != nil:
		return Unknown, errorCode(j.err)
	case j.due.IsZero():
		return Running, codeSuspended
	case !j.done.IsZero() && j.done.After(j.due):
		return Violated, codeCompletedLate
	case !j.done.IsZero():
		return Met, codeMet
	case reopened && j.ended.Before(j.due):
		return Stopped, codeReopened
	case reached(asOf, j.due):
		return Violated, codeNotCompleted
	case j.promise != nil && len(j.cycle.Promises) > 1:
		return Running, codePromiseMoved
	}
	return Running, codeNotDueYet
}

// lastPromise is the promise that stands: the last one given before the work
// was done.
func lastPromise(c *factv1.Cycle, done time.Time) *factv1.Promise {
	for i := len(c.Promises) - 1; i >= 0; i-- {
		if p := c.Promises[i]; i == 0 || done.IsZero() || !p.From.AsTime().After(done) {
			return p
		}
	}
	return nil
}

// lastClass is the class in force last before the cycle ended, or now.
func lastClass(r *factv1.TicketRecorded, ended time.Time) string {
	class := ""
	for i, change := range r.Classes {
		if i == 0 || ended.IsZero() || !change.From.AsTime().After(ended) {
			class = change.CommitmentClass
		}
	}
	return class
}

var errUnknownClass = errors.New("the rulebook does not know the commitment class")

// dueByClass computes the deadline from the class. While the ticket is
// suspended there is one only if it came before the suspension began.
func (j *judgement) dueByClass(policy *rulebook.Policy) {
	j.book = policy.For(holder(j.record, j.start), j.start)
	commitment, known := j.book.Commitments[j.class]
	if !known {
		j.err = errUnknownClass
		return
	}
	j.clock = commitment.Clock
	pauses, open := suspensions(j.record, j.start, j.ended)
	due, err := calendar.Deadline(j.clock, j.start, commitment.Within, calendar.Paused(pauses...))
	if err != nil {
		j.err = err
		return
	}
	if open.IsZero() || !due.After(open) {
		j.due = due
	}
}

// suspensions gives those within a cycle that have ended, and since when the
// ticket is suspended now; a suspension ends with its cycle.
func suspensions(r *factv1.TicketRecorded, start, ended time.Time) (pauses []calendar.Pause, open time.Time) {
	for _, s := range r.Suspensions {
		from, to := flow.Time(s.From), flow.Time(s.To)
		switch {
		case !ended.IsZero() && !from.Before(ended):
			continue // of a later cycle, or after the work was done
		case !to.IsZero() && !to.After(start):
			continue // of an earlier cycle
		case to.IsZero() && ended.IsZero():
			open = from
			continue
		case to.IsZero() || !ended.IsZero() && to.After(ended):
			to = ended
		}
		pauses = append(pauses, calendar.Pause{Interval: calendar.Interval{From: from, To: to}, Label: s.Label})
	}
	return pauses, open
}

func errorCode(err error) string {
	var missing *calendar.MissingYearError
	switch {
	case errors.Is(err, errUnknownClass):
		return codeUnknownClass
	case errors.As(err, &missing):
		return codeMissingYear
	}
	return codeNoDeadline
}
