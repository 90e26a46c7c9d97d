package calendar

import (
	"fmt"
	"time"
)

// HorizonYears bounds the search of Deadline in working time: a deadline further from its start than this
// is a HorizonError. The wall clock has no bound.
const HorizonYears = 10

// Clock says which instants count against a commitment. The zero Clock is the wall clock.
type Clock struct {
	calendar *Calendar // nil: the wall clock
}

// WallClock is the clock on which every instant counts 自然时间.
func WallClock() Clock { return Clock{} }

// WorkingTime is the clock on which only the working hours of a calendar count 工作时间. It panics on a nil
// calendar, which would otherwise silently count nights and holidays.
func WorkingTime(c *Calendar) Clock {
	if c == nil {
		panic("calendar: WorkingTime needs a calendar; use WallClock to count every instant")
	}
	return Clock{calendar: c}
}

// Calendar is the calendar whose working hours count; nil for the wall clock.
func (c Clock) Calendar() *Calendar { return c.calendar }

// String names the clock for logs and explanations.
func (c Clock) String() string {
	if c.calendar == nil {
		return "wall clock"
	}
	return fmt.Sprintf("working time of %s version %s", c.calendar.name, c.calendar.version)
}

// Elapsed is the real time in [start, end) that counts on the clock and is not paused; zero when end is not
// after start. It returns *MissingYearError when the stretch touches a year the calendar has no data for.
func Elapsed(clock Clock, start, end time.Time, pauses Set) (time.Duration, error) {
	var total time.Duration
	w := newWalk(clock, start, end, pauses.intervals)
	for {
		p, ok, err := w.next()
		if err != nil {
			return 0, fmt.Errorf("measure elapsed time: %w", err)
		}
		if !ok {
			return total, nil
		}
		if p.counted {
			total = add(total, p.to.Sub(p.from))
		}
	}
}

// Deadline is the earliest instant t with Elapsed(clock, start, t, pauses) == d, in start's location. A
// deadline that ends with a working segment is that segment's end, not the opening of the next one; for a
// d of zero it is start itself.
//
// Errors: ErrNegativeDuration; *NoWorkingTimeError for a calendar with an empty week; *MissingYearError
// when the search reaches a year without holiday data; *HorizonError after HorizonYears.
func Deadline(clock Clock, start time.Time, d time.Duration, pauses Set) (time.Time, error) {
	if d < 0 {
		return time.Time{}, fmt.Errorf("compute deadline: %w: got %s", ErrNegativeDuration, d)
	}
	if d == 0 {
		return start.Round(0), nil
	}
	if clock.calendar != nil && !clock.calendar.hasHours() {
		return time.Time{}, fmt.Errorf("compute deadline: %w", &NoWorkingTimeError{Calendar: clock.calendar.name})
	}
	left := d
	w := newWalk(clock, start, clock.horizon(start, d, pauses), pauses.intervals)
	for {
		p, ok, err := w.next()
		if err != nil {
			return time.Time{}, fmt.Errorf("compute deadline: %w", err)
		}
		if !ok {
			return time.Time{}, fmt.Errorf("compute deadline: %w", clock.beyondHorizon(start, d, left))
		}
		if !p.counted {
			continue
		}
		length := p.to.Sub(p.from)
		if left <= length {
			return p.from.Add(left).In(start.Location()), nil
		}
		left -= length
	}
}

// horizon is where the search for a deadline gives up. The wall clock surely arrives within d after the
// last pause.
func (c Clock) horizon(start time.Time, d time.Duration, pauses Set) time.Time {
	if c.calendar != nil {
		return start.AddDate(HorizonYears, 0, 0)
	}
	if n := len(pauses.intervals); n > 0 {
		return later(start, pauses.intervals[n-1].To).Add(d)
	}
	return start.Add(d)
}

// beyondHorizon is only reached under a calendar; see horizon.
func (c Clock) beyondHorizon(start time.Time, d, left time.Duration) error {
	return &HorizonError{Calendar: c.calendar.name, Start: start, Wanted: d, Found: d - left}
}
