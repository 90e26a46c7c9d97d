package calendar

import (
	"math"
	"time"
	_ "time/tzdata" // zones must load on machines without zone files
)

const (
	secondsPerDay = 24 * 60 * 60
	// slack is further than any two offsets of a zone can be apart, in seconds.
	slack = 2 * secondsPerDay
)

// period is a stretch of Unix seconds [from, to) during which a zone keeps one offset (seconds east of UTC).
type period struct {
	from, to, offset int64
}

func periodAt(zone *time.Location, unix int64) period {
	t := time.Unix(unix, 0).In(zone)
	_, offset := t.Zone()
	p := period{from: math.MinInt64, to: math.MaxInt64, offset: int64(offset)}
	from, to := t.ZoneBounds()
	if !from.IsZero() {
		p.from = from.Unix()
	}
	if !to.IsZero() {
		p.to = to.Unix()
	}
	return p
}

// localClock turns local readings into instants. It remembers the last period it used, because
// neighbouring readings nearly always share one.
type localClock struct {
	zone   *time.Location
	recent period // empty until the first use
}

// first is the first instant, in Unix seconds, at which the local clock shows the reading or a later one.
// A reading is counted in seconds from 1970-01-01T00:00 local. The result never decreases as readings
// grow, which makes adjoining segments and days adjoin in real time as well.
func (c *localClock) first(reading int64) int64 {
	if at := reading - c.recent.offset; at-slack >= c.recent.from && at < c.recent.to {
		return at // no change of offset is near enough for an earlier showing
	}
	for p := periodAt(c.zone, reading-secondsPerDay); ; p = periodAt(c.zone, p.to) {
		if at := max(reading-p.offset, p.from); at < p.to {
			c.recent = p
			return at
		}
	}
}

// day is the local date of an instant, counted in days from 1970-01-01.
func (c *localClock) day(t time.Time) int64 {
	_, offset := t.In(c.zone).Zone()
	return floorDiv(t.Unix()+int64(offset), secondsPerDay)
}

func yearOf(day int64) int { return time.Unix(day*secondsPerDay, 0).UTC().Year() }

func weekdayOf(day int64) time.Weekday {
	const firstDay = int64(time.Thursday) // 1970-01-01
	return time.Weekday(day + firstDay - 7*floorDiv(day+firstDay, 7))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
