package calendar

import (
	"maps"
	"slices"
	"time"
)

// Name is a holiday's name in the two languages of the house.
type Name struct {
	ZH string // Chinese, as in the notice of the State Council
	EN string // English
}

// Calendar is one version of a unit's working hours: weekly segments in a zone, and, where it lives by
// them, the holidays and make-up working days 调休 of each declared year. It is made by Load or
// Spec.Compile, never changes, and may be shared between goroutines.
type Calendar struct {
	name    string
	version string
	zone    *time.Location
	week    [7]dayPlan         // by time.Weekday
	special map[int64]*dayPlan // holidays and make-up days, by days from 1970-01-01
	years   map[int]bool       // declared years; nil when the calendar needs no yearly data
}

// segment is a stretch of working hours in seconds of the local day [open, shut), 0 to 86,400.
type segment struct {
	open, shut int64
}

// dayPlan says what a date's hours are and what to call them.
type dayPlan struct {
	segments []segment // sorted, without overlap
	working  Reason    // of the time inside segments
	idle     Reason    // of the time outside
	holiday  Name      // set when idle is ReasonHoliday
}

// Name is the calendar's name, unique among the calendars of a rulebook.
func (c *Calendar) Name() string { return c.name }

// Version names this edition of the calendar; verdicts carry it.
func (c *Calendar) Version() string { return c.version }

// Zone is the zone in which the working hours and dates of the calendar are read.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Years lists the years with holiday data, ascending; nil when the calendar states that it needs none.
func (c *Calendar) Years() []int {
	if c.years == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(c.years))
}

// Working is the set of working instants in [start, end). It returns *MissingYearError when the stretch
// touches a year without holiday data.
func (c *Calendar) Working(start, end time.Time) (Set, error) {
	var working []Interval
	walk := newWalk(WorkingTime(c), start, end, nil)
	for {
		p, ok, err := walk.next()
		if err != nil {
			return Set{}, err
		}
		if !ok {
			return Set{intervals: join(working)}, nil
		}
		if p.counted {
			working = append(working, Interval{From: p.from, To: p.to})
		}
	}
}

// hasHours says whether any weekday has working hours. Make-up days borrow theirs from a weekday.
func (c *Calendar) hasHours() bool {
	for _, plan := range c.week {
		if len(plan.segments) > 0 {
			return true
		}
	}
	return false
}

// plan finds what a date's hours are.
func (c *Calendar) plan(day int64) (*dayPlan, error) {
	if c.years != nil {
		if year := yearOf(day); !c.years[year] {
			return nil, &MissingYearError{Calendar: c.name, Year: year}
		}
	}
	if plan, ok := c.special[day]; ok {
		return plan, nil
	}
	return &c.week[weekdayOf(day)], nil
}
