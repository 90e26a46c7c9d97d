package sla

import (
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/calendar"
	"kaohe.dev/services/rulebook"
)

// Clock explains how a cycle of a ticket is judged.
type Clock struct {
	// Name is "commitment" for a class of the rulebook, "promise" for a date.
	Name string
	// Cycle is 1 for the first, 2 after the first reopening.
	Cycle int32
	// Class and RulebookVersion say what gave the deadline; empty for a promise.
	Class, RulebookVersion string
	// StartedAt is when the cycle began. DueAt is zero while the clock stands
	// and when the deadline is not known, EndedAt until the work is completed.
	StartedAt, DueAt, EndedAt time.Time
	Verdict                   Verdict
	// Reason is one sentence with instants in the unit's zone.
	Reason *factv1.Reason
	// Spans are what was counted and what was skipped and why, in order: from
	// the start to the completion in time, else to the deadline, else to now.
	Spans []calendar.Span
}

// Clocks gives the clocks of a ticket as of an instant, one for each cycle that
// has a commitment, by the same judgement that finds tickets overdue. A zero
// asOf means: judge only what is known.
func Clocks(policy *rulebook.Policy, r *factv1.TicketRecorded, asOf time.Time) []Clock {
	var clocks []Clock
	for nth := range r.GetCycles() {
		j := judge(policy, r, nth, asOf)
		if j.code == codeNoCommitment {
			continue
		}
		unit := holder(r, j.start)
		if !j.due.IsZero() {
			unit = holder(r, j.due)
		}
		c := Clock{
			Name: "promise", Cycle: j.cycle.Ordinal, Class: j.class, StartedAt: j.start, DueAt: j.due,
			EndedAt: j.done, Verdict: j.verdict, Reason: j.reason(policy.Zone(unit)), Spans: j.spans(asOf),
		}
		if j.promise == nil {
			c.Name, c.RulebookVersion = "commitment", j.book.Version
		}
		clocks = append(clocks, c)
	}
	return clocks
}

// spans explains a cycle; none when the calendar cannot tell.
func (j *judgement) spans(asOf time.Time) []calendar.Span {
	end := j.due
	if end.IsZero() {
		end = asOf
	}
	if !j.done.IsZero() && j.done.Before(end) {
		end = j.done
	}
	var pauses []calendar.Pause
	if j.promise == nil {
		var open time.Time
		pauses, open = suspensions(j.record, j.start, j.ended)
		if !open.IsZero() && open.Before(end) {
			pauses = append(pauses, calendar.Pause{Interval: calendar.Interval{From: open, To: end}, Label: lastLabel(j.record)})
		}
	}
	spans, err := calendar.Explain(j.clock, j.start, end, pauses)
	if err != nil {
		return nil // the verdict is unknown and its reason says so
	}
	return spans
}

func lastLabel(r *factv1.TicketRecorded) string { return r.Suspensions[len(r.Suspensions)-1].Label }

// SpanText names why a span was counted or skipped, in both languages; a
// holiday by its name, a suspension by its reason.
func SpanText(s calendar.Span) *factv1.Text {
	named := func(zh, en string) *factv1.Text { return &factv1.Text{Zh: zh, En: en} }
	switch s.Reason {
	case calendar.ReasonCounted:
		return named("计时", "counted")
	case calendar.ReasonMakeUpDay:
		return named("调休上班，计时", "make-up working day, counted")
	case calendar.ReasonOutsideHours:
		return named("非工作时间", "outside working hours")
	case calendar.ReasonWeekend:
		return named("休息日", "rest day")
	case calendar.ReasonHoliday:
		return named(s.Holiday.ZH, s.Holiday.EN)
	}
	switch s.Pause {
	case "customer":
		return named("挂起：客户不在家", "suspended: customer not at home")
	case "weather":
		return named("挂起：天气", "suspended: weather")
	case "material":
		return named("挂起：缺材料", "suspended: material missing")
	case "other":
		return named("挂起", "suspended")
	}
	return named("挂起："+s.Pause, "suspended: "+s.Pause)
}
