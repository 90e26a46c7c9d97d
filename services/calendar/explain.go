package calendar

import (
	"fmt"
	"slices"
	"time"
)

// Reason says why a span counted or was skipped. Its text is stable: logs, metrics and users read it.
type Reason string

// The reasons a span can have.
const (
	ReasonCounted      Reason = "counted"       // ran against the commitment
	ReasonMakeUpDay    Reason = "make_up_day"   // ran against the commitment, in the hours of a make-up working day 调休上班
	ReasonPaused       Reason = "paused"        // would have counted but for a pause 挂起
	ReasonOutsideHours Reason = "outside_hours" // a working date, outside its segments
	ReasonWeekend      Reason = "weekend"       // a weekday without segments 休息日, whichever weekday that is
	ReasonHoliday      Reason = "holiday"       // a date off in the yearly data 法定节假日
)

// Pause is a stretch during which a commitment's clock stands still, and what to call it.
type Pause struct {
	Interval        // when it was paused; a running pause ends at the as-of instant
	Label    string // shown in explanations, such as the reason of the suspension
}

// Paused is the set of instants covered by the pauses, as Deadline and Elapsed take it.
func Paused(pauses ...Pause) Set {
	intervals := make([]Interval, len(pauses))
	for i, p := range pauses {
		intervals[i] = p.Interval
	}
	return NewSet(intervals...)
}

// Span is one stretch of an explanation.
type Span struct {
	Interval        // in the location of the start that was explained
	Reason   Reason // why it counted or was skipped
	Pause    string // the pause's label; empty unless Reason is ReasonPaused
	Holiday  Name   // the holiday's name; empty unless Reason is ReasonHoliday
}

// Counted says whether the span ran against the commitment.
func (s Span) Counted() bool { return s.Reason == ReasonCounted || s.Reason == ReasonMakeUpDay }

// Explain cuts [start, end) into spans, in order and without gaps, each counted or skipped for a reason.
// Neighbours with the same reason, pause label and holiday are one span. The counted spans add up to
// Elapsed of the same arguments. Where pauses overlap, the one that began first gives the label (on a tie,
// the one listed first). An end not after start has no spans. It returns *MissingYearError like Elapsed.
func Explain(clock Clock, start, end time.Time, pauses []Pause) ([]Span, error) {
	var spans []Span
	sorted := inOrder(pauses)
	intervals := make([]Interval, len(sorted))
	for i, p := range sorted {
		intervals[i] = p.Interval
	}
	w := newWalk(clock, start, end, intervals)
	for {
		p, ok, err := w.next()
		if err != nil {
			return nil, fmt.Errorf("explain elapsed time: %w", err)
		}
		if !ok {
			return spans, nil
		}
		spans = appendSpan(spans, describe(p, sorted, start.Location()))
	}
}

// inOrder sorts the pauses by their beginning, keeping ties as listed, and drops empty ones.
func inOrder(pauses []Pause) []Pause {
	sorted := slices.Clone(pauses)
	for i := range sorted { // drop monotonic readings before anything is compared
		sorted[i].From, sorted[i].To = sorted[i].From.Round(0), sorted[i].To.Round(0)
	}
	slices.SortStableFunc(sorted, func(a, b Pause) int { return a.From.Compare(b.From) })
	return slices.DeleteFunc(sorted, Pause.Empty)
}

func describe(p piece, pauses []Pause, loc *time.Location) Span {
	s := Span{Interval: Interval{From: p.from.In(loc), To: p.to.In(loc)}, Reason: p.reason}
	switch p.reason {
	case ReasonPaused:
		s.Pause = pauses[p.pause].Label
	case ReasonHoliday:
		s.Holiday = p.plan.holiday
	}
	return s
}

func appendSpan(spans []Span, s Span) []Span {
	if n := len(spans); n > 0 {
		last := &spans[n-1]
		if last.Reason == s.Reason && last.Pause == s.Pause && last.Holiday == s.Holiday {
			last.To = s.To
			return spans
		}
	}
	return append(spans, s)
}
