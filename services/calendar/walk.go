package calendar

import "time"

// piece is the next stretch of a walk, all of one reason and, under a calendar, within one local date.
type piece struct {
	from, to time.Time
	counted  bool
	reason   Reason
	plan     *dayPlan // of the date; nil on the wall clock
	pause    int      // index of the pause when the reason is ReasonPaused
}

// cursor cuts [at, end) at the boundaries of working hours and dates.
type cursor struct {
	calendar *Calendar // nil: every instant counts
	clock    localClock
	at, end  time.Time
	day      int64     // local date of at, in days from 1970-01-01
	dayEnd   time.Time // first instant of the next date; zero before the first piece
	plan     *dayPlan  // of day; nil until looked up
	segment  int       // first segment of plan that may end after at
}

func (c *cursor) next() (piece, bool, error) {
	if !c.at.Before(c.end) {
		return piece{}, false, nil
	}
	if c.calendar == nil {
		return c.take(c.end, true, ReasonCounted), true, nil
	}
	if err := c.enterDay(); err != nil {
		return piece{}, false, err
	}
	for ; c.segment < len(c.plan.segments); c.segment++ {
		s := c.plan.segments[c.segment]
		if open := c.instant(s.open); c.at.Before(open) {
			return c.take(open, false, c.plan.idle), true, nil
		}
		if shut := c.instant(s.shut); c.at.Before(shut) {
			return c.take(shut, true, c.plan.working), true, nil
		}
	}
	return c.take(c.dayEnd, false, c.plan.idle), true, nil
}

// enterDay moves on to the date that holds the instant at. Dates without an instant, such as one skipped
// when a zone crossed the date line, are passed over without looking at their year.
func (c *cursor) enterDay() error {
	if c.dayEnd.IsZero() {
		c.day = c.clock.day(c.at)
		c.dayEnd = c.instant(secondsPerDay)
	}
	for !c.at.Before(c.dayEnd) {
		c.day++
		c.plan, c.segment = nil, 0
		c.dayEnd = c.instant(secondsPerDay)
	}
	if c.plan != nil {
		return nil
	}
	plan, err := c.calendar.plan(c.day)
	c.plan = plan
	return err
}

// instant is when the day's local clock first shows a second of the day or a later one.
func (c *cursor) instant(second int64) time.Time {
	return time.Unix(c.clock.first(c.day*secondsPerDay+second), 0)
}

func (c *cursor) take(to time.Time, counted bool, reason Reason) piece {
	p := piece{from: c.at, to: earlier(to, c.end), counted: counted, reason: reason, plan: c.plan}
	c.at = p.to
	return p
}

// walk is the one stream behind Elapsed, Deadline and Explain: a cursor's pieces with the pauses taken out
// of the counted ones. Its pieces are never empty and cover [start, end) without gaps.
type walk struct {
	cursor cursor
	pauses []Interval // not empty, by From; where they overlap, the one ahead is taken first
	nth    int        // first pause that may end after the rest
	rest   piece      // counted by the calendar, not yet cut by the pauses
}

func newWalk(clock Clock, start, end time.Time, pauses []Interval) walk {
	c := cursor{calendar: clock.calendar, at: start.Round(0), end: end.Round(0)}
	if clock.calendar != nil {
		c.clock.zone = clock.calendar.zone
	}
	return walk{cursor: c, pauses: pauses}
}

func (w *walk) next() (piece, bool, error) {
	if !w.rest.from.Before(w.rest.to) {
		p, ok, err := w.cursor.next()
		if !p.counted {
			return p, ok, err
		}
		w.rest = p
	}
	for w.nth < len(w.pauses) && !w.rest.from.Before(w.pauses[w.nth].To) {
		w.nth++
	}
	if w.nth == len(w.pauses) || !w.pauses[w.nth].From.Before(w.rest.to) {
		return w.cut(w.rest.to), true, nil
	}
	pause := w.pauses[w.nth]
	if w.rest.from.Before(pause.From) {
		return w.cut(pause.From), true, nil
	}
	p := w.cut(earlier(pause.To, w.rest.to))
	p.counted, p.reason, p.pause = false, ReasonPaused, w.nth
	return p, true, nil
}

// cut takes the part before to off the rest.
func (w *walk) cut(to time.Time) piece {
	p := w.rest
	p.to = to
	w.rest.from = to
	return p
}
