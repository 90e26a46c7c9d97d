package calendar

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

func (b *builder) years(holidays string, years map[int]*YearSpec) {
	switch {
	case holidays != "" && holidays != "none":
		b.problem("holidays", "must be none or absent, not %q", holidays)
	case holidays == "none" && len(years) > 0:
		b.problem("holidays", "says none, but years are given; drop one of the two")
	case holidays == "" && len(years) == 0:
		b.problem("years", "is missing; give the holidays of each year, or state `holidays: none`")
	case len(years) > 0:
		b.calendar.years = make(map[int]bool, len(years))
	}
	for _, year := range slices.Sorted(maps.Keys(years)) {
		b.year(year, years[year])
	}
}

func (b *builder) year(year int, spec *YearSpec) {
	field := fmt.Sprintf("years.%d", year)
	if year < 1 || year > 9999 {
		b.problem(field, "is not a year from 1 to 9999")
		return
	}
	if spec == nil {
		b.problem(field, "is empty; give its dates off, or `{}` if it truly has none")
		return
	}
	if b.calendar.years != nil {
		b.calendar.years[year] = true
	}
	b.basis(field+".basis", spec.Basis)
	for i, h := range spec.Off {
		b.holiday(fmt.Sprintf("%s.off[%d]", field, i), year, h)
	}
	for i, m := range spec.Working {
		b.makeUp(fmt.Sprintf("%s.working[%d]", field, i), year, m)
	}
}

func (b *builder) holiday(field string, year int, h HolidaySpec) {
	if h.ZH == "" {
		b.problem(field+".zh", "is missing; explanations show the holiday's name")
	}
	if h.EN == "" {
		b.problem(field+".en", "is missing; explanations show the holiday's name")
	}
	from, ok := b.date(field+".from", year, h.From)
	if !ok {
		return
	}
	to := from
	if h.To != "" {
		if to, ok = b.date(field+".to", year, h.To); !ok {
			return
		}
	}
	if to < from {
		b.problem(field+".to", "%s is before from, %s", h.To, h.From)
		return
	}
	plan := &dayPlan{idle: ReasonHoliday, holiday: Name{ZH: h.ZH, EN: h.EN}}
	for day := from; day <= to; day++ {
		if !b.mark(field+".from", day, plan) {
			return
		}
	}
}

func (b *builder) makeUp(field string, year int, m MakeUpSpec) {
	follows := m.Follows
	if follows == "" {
		follows = weekdays()[time.Monday]
	}
	names := weekdays()
	weekday := slices.Index(names[:], follows)
	if weekday < 0 {
		b.problem(field+".follows", "must be a weekday from monday to sunday, not %q", follows)
		return
	}
	segments := b.calendar.week[weekday].segments
	if len(segments) == 0 {
		b.problem(field+".follows", "is %s, which has no working hours; state a weekday that has", follows)
		return
	}
	if day, ok := b.date(field+".date", year, m.Date); ok {
		b.mark(field+".date", day, &dayPlan{segments: segments, working: ReasonMakeUpDay, idle: ReasonOutsideHours})
	}
}

// mark gives a date its plan; a date can have only one.
func (b *builder) mark(field string, day int64, plan *dayPlan) bool {
	if _, taken := b.calendar.special[day]; taken {
		date := time.Unix(day*secondsPerDay, 0).UTC().Format(time.DateOnly)
		b.problem(field, "%s is listed twice; a date is off once or a make-up day once", date)
		return false
	}
	b.calendar.special[day] = plan
	return true
}

// date reads a date of the given year as days from 1970-01-01.
func (b *builder) date(field string, year int, text string) (int64, bool) {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		b.problem(field, "%q is not a date written YYYY-MM-DD", text)
		return 0, false
	}
	if date.Year() != year {
		b.problem(field, "%s is not in %d; list it under its own year", text, year)
		return 0, false
	}
	return floorDiv(date.Unix(), secondsPerDay), true
}
