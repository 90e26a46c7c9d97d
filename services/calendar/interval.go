package calendar

import (
	"math"
	"slices"
	"time"
)

// Interval is the half-open stretch of time [From, To): From belongs to it, To does not.
// Both are instants; their location does not matter. When To is not after From the interval is empty,
// so a pause that is still running must be given the as-of instant as its To.
type Interval struct {
	From time.Time // first instant inside
	To   time.Time // first instant after
}

// Empty says whether no instant lies inside.
func (i Interval) Empty() bool { return !i.From.Before(i.To) }

// Duration is the real time between From and To; zero when the interval is empty. Stretches longer than a
// time.Duration can hold (292 years) give the longest one.
func (i Interval) Duration() time.Duration {
	if i.Empty() {
		return 0
	}
	return i.To.Sub(i.From)
}

// Contains says whether t lies inside.
func (i Interval) Contains(t time.Time) bool { return !t.Before(i.From) && t.Before(i.To) }

// Set is a set of instants, held as intervals that are sorted, not empty, and neither overlap nor touch.
// The zero Set is empty. A Set never changes; it may be shared between goroutines.
type Set struct {
	intervals []Interval
}

// NewSet builds the set of all instants inside any of the intervals, given in any order; empty ones are
// dropped, overlapping and touching ones joined. The argument is not kept.
func NewSet(intervals ...Interval) Set {
	kept := make([]Interval, 0, len(intervals))
	for _, i := range intervals {
		if !i.Empty() {
			// Round drops the monotonic reading, which would order instants differently from the wall.
			kept = append(kept, Interval{From: i.From.Round(0), To: i.To.Round(0)})
		}
	}
	slices.SortFunc(kept, func(a, b Interval) int { return a.From.Compare(b.From) })
	return Set{intervals: join(kept)}
}

// join merges overlapping and touching neighbours of a sorted list, in place.
func join(sorted []Interval) []Interval {
	joined := sorted[:0]
	for _, i := range sorted {
		last := len(joined) - 1
		if last < 0 || joined[last].To.Before(i.From) {
			joined = append(joined, i)
			continue
		}
		joined[last].To = later(joined[last].To, i.To)
	}
	return joined
}

// Intervals returns the intervals in order; the caller owns the slice.
func (s Set) Intervals() []Interval { return slices.Clone(s.intervals) }

// Empty says whether the set holds no instant.
func (s Set) Empty() bool { return len(s.intervals) == 0 }

// Union is the set of instants in s or in other.
func (s Set) Union(other Set) Set {
	return NewSet(slices.Concat(s.intervals, other.intervals)...)
}

// Intersect is the set of instants in both s and other.
func (s Set) Intersect(other Set) Set {
	var both []Interval
	a, b := s.intervals, other.intervals
	for len(a) > 0 && len(b) > 0 {
		i := Interval{From: later(a[0].From, b[0].From), To: earlier(a[0].To, b[0].To)}
		if !i.Empty() {
			both = append(both, i)
		}
		if a[0].To.Before(b[0].To) {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return Set{intervals: both}
}

// Subtract is the set of instants in s that are not in other.
func (s Set) Subtract(other Set) Set {
	var rest []Interval
	cuts := other.intervals
	for _, i := range s.intervals {
		for len(cuts) > 0 && !i.From.Before(cuts[0].To) {
			cuts = cuts[1:]
		}
		for _, cut := range cuts {
			if !cut.From.Before(i.To) {
				break
			}
			if i.From.Before(cut.From) {
				rest = append(rest, Interval{From: i.From, To: cut.From})
			}
			i.From = cut.To
		}
		if !i.Empty() {
			rest = append(rest, i)
		}
	}
	return Set{intervals: rest}
}

// Total is the real time covered by the set; at most the longest time.Duration (292 years).
func (s Set) Total() time.Duration {
	var total time.Duration
	for _, i := range s.intervals {
		total = add(total, i.Duration())
	}
	return total
}

// add sums two durations that are not negative, stopping at the longest one instead of wrapping round.
func add(a, b time.Duration) time.Duration {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
