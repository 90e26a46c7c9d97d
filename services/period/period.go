// Package period knows the months, quarters and years that scores are kept for
// 考核周期.
//
// In flow texts ("2026-03", "2026-Q1", "2026") and instants on the local clock of
// who is scored; out flow periods, their bounds and their neighbours. Never here:
// the present time, or what is scored.
package period

import (
	"cmp"
	"fmt"
	"time"
)

// Kind is how long a period is.
type Kind int

// The kinds, from the shortest.
const (
	Month Kind = iota + 1
	Quarter
	Year
)

// months is how many months a period of a kind has.
func (k Kind) months() int {
	switch k {
	case Quarter:
		return 3
	case Year:
		return 12
	}
	return 1
}

// Period is a natural month, quarter or year. The zero value is none. Periods are
// compared with ==.
type Period struct {
	kind Kind
	// first is its first month, counted from January of the year 0.
	first int
}

// The years whose months are named ahead: a month is asked for with every fact.
const (
	firstYear = 2000
	lastYear  = 2099
)

var monthNames = func() (names [(lastYear - firstYear + 1) * 12]string) {
	for i := range names {
		names[i] = fmt.Sprintf("%04d-%02d", firstYear+i/12, 1+i%12)
	}
	return names
}()

// Of gives the period of a kind that an instant is in, on the clock the instant
// carries.
func Of(kind Kind, at time.Time) Period {
	month := 12*at.Year() + int(at.Month()) - 1
	return Period{kind, month - month%kind.months()}
}

// Parse reads a month (yyyy-mm), a quarter (yyyy-Qn) or a year (yyyy).
func Parse(text string) (Period, error) {
	for kind, layout := range map[Kind]string{Month: "2006-01", Year: "2006"} {
		if at, err := time.Parse(layout, text); err == nil {
			return Of(kind, at), nil
		}
	}
	var year, nth int
	if n, err := fmt.Sscanf(text, "%4d-Q%1d", &year, &nth); err == nil && n == 2 && nth >= 1 && nth <= 4 {
		if p := (Period{Quarter, 12*year + 3*(nth-1)}); p.String() == text {
			return p, nil
		}
	}
	return Period{}, fmt.Errorf("%q is no period: write a month as 2026-03, a quarter as 2026-Q1, a year as 2026", text)
}

// ParseMonth reads a month, yyyy-mm.
func ParseMonth(text string) (Period, error) {
	p, err := Parse(text)
	if err != nil || p.kind != Month {
		return Period{}, fmt.Errorf("%q is no month: write it as 2026-03", text)
	}
	return p, nil
}

// String writes it as Parse reads it; empty for none.
func (p Period) String() string {
	year, month := p.first/12, p.first%12
	switch p.kind {
	case Month:
		if named := p.first - 12*firstYear; named >= 0 && named < len(monthNames) {
			return monthNames[named]
		}
		return fmt.Sprintf("%04d-%02d", year, month+1)
	case Quarter:
		return fmt.Sprintf("%04d-Q%d", year, month/3+1)
	case Year:
		return fmt.Sprintf("%04d", year)
	}
	return ""
}

// IsZero tells whether it is none.
func (p Period) IsZero() bool { return p.kind == 0 }

// Kind tells how long it is; 0 for none.
func (p Period) Kind() Kind { return p.kind }

// Start is its first instant in a zone.
func (p Period) Start(zone *time.Location) time.Time {
	return time.Date(p.first/12, time.Month(p.first%12+1), 1, 0, 0, 0, 0, zone)
}

// End is the first instant after it in a zone.
func (p Period) End(zone *time.Location) time.Time { return p.Next().Start(zone) }

// Contains reports whether an instant is in it, on the clocks of a zone.
func (p Period) Contains(at time.Time, zone *time.Location) bool { return Of(p.kind, at.In(zone)) == p }

// Days is how many days it has.
func (p Period) Days() int { return int(p.End(time.UTC).Sub(p.Start(time.UTC)) / (24 * time.Hour)) }

// Add gives the nth period of its kind after it, before it if n is negative.
func (p Period) Add(n int) Period { return Period{p.kind, p.first + n*p.kind.months()} }

// Next gives the period after it.
func (p Period) Next() Period { return p.Add(1) }

// Previous gives the period before it.
func (p Period) Previous() Period { return p.Add(-1) }

// YearBefore gives the same period of the year before.
func (p Period) YearBefore() Period { return Period{p.kind, p.first - 12} }

// In gives the longer period of a kind that it is in.
func (p Period) In(kind Kind) Period { return Of(kind, p.Start(time.UTC)) }

// Parts gives the periods of a shorter kind that it is made of, in order.
func (p Period) Parts(kind Kind) []Period {
	var parts []Period
	for part := (Period{kind, p.first}); part.first < p.first+p.kind.months(); part = part.Next() {
		parts = append(parts, part)
	}
	return parts
}

// Compare orders periods by their start, of those that start alike the longer
// first.
func (p Period) Compare(o Period) int {
	return cmp.Or(cmp.Compare(p.first, o.first), cmp.Compare(o.kind, p.kind))
}

// Through gives the periods from one to another of its kind, both included; none
// if that comes before.
func (p Period) Through(last Period) []Period {
	var all []Period
	for ; p.first <= last.first; p = p.Next() {
		all = append(all, p)
	}
	return all
}
