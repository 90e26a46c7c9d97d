// Package calendar says when a commitment 承诺时限 falls due and how much time has counted against it.
//
// Flows in: a clock (every instant counts, or only the working time of a Calendar), the instants of a
// ticket, and its pauses 挂起. Calendars come from YAML (Load, Spec.Compile) and never change afterwards.
//
// Flows out: a deadline, an elapsed duration, or an explanation that names every interval and its reason.
// All three read the same stream of intervals, so they cannot disagree:
//
//	counted = working intervals ∩ [start, end) − pauses
//	Elapsed  = the total of counted
//	Deadline = the earliest t with Elapsed(start, t) == d
//	Explain  = [start, end) cut into counted and skipped spans
//
// Principles:
//
//  1. Time is a set of half-open intervals. Pauses and working time are intersected and subtracted;
//     their durations are never added up and netted against each other.
//  2. Durations are real (absolute) time. Working hours are local readings of the calendar's zone.
//  3. A boundary of working hours is the first instant at which the local clock shows that reading or a
//     later one. A reading skipped in spring is therefore the instant of the jump; a reading shown twice in
//     autumn is its first showing, and the repeated stretch belongs to the hours that were open when the
//     clock was put back. A local date, too, begins at its first showing.
//  4. A year without holiday data is an alarm (MissingYearError), never a guess.
//  5. Where an instant is both outside working time and paused, the calendar is the reason: the spans
//     marked paused are exactly the time the pauses took away.
//
// Never done here: reading the present time, storing anything, arming timers, deciding whether a
// commitment was kept, choosing which version of a calendar is in force, ending a pause that is still
// running (the caller gives it the as-of instant as its end).
//
// Zones come from the machine's zone files when it has them and from the copy linked into the binary
// (time/tzdata) otherwise.
package calendar
