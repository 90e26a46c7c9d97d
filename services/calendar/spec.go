package calendar

import (
	"fmt"
	"time"
)

// Spec is a calendar as written in YAML, alone (Load) or as a section of a larger document.
//
//	name: counter
//	version: 2026-1
//	zone: Asia/Shanghai
//	week:
//	  monday: ["08:30-12:00", "14:00-18:00"]
//	years:            # or `holidays: none`
//	  2026:
//	    off: [{from: 2026-01-01, to: 2026-01-03, zh: 元旦, en: New Year's Day}]
//	    working: [{date: 2026-01-04, follows: monday}]
type Spec struct {
	Name      string            `yaml:"name"`                 // unique among the calendars of a rulebook
	Version   string            `yaml:"version"`              // edition; carried by verdicts
	Zone      string            `yaml:"zone"`                 // IANA name; hours and dates are read in it
	WeekBasis string            `yaml:"week_basis,omitempty"` // where the hours come from: source or assumption
	Week      *WeekSpec         `yaml:"week"`                 // required; `{}` is a week without working hours
	Holidays  string            `yaml:"holidays,omitempty"`   // "none": no yearly data is needed; otherwise absent
	Years     map[int]*YearSpec `yaml:"years,omitempty"`      // by Gregorian year; a year left out is an alarm when asked about
}

// WeekSpec gives each weekday its working segments, "HH:MM-HH:MM" local, in order and without overlap; 24:00
// is the end of the day. A weekday left out is a rest day. Hours past midnight are two segments.
type WeekSpec struct {
	Monday    []string `yaml:"monday,omitempty"`
	Tuesday   []string `yaml:"tuesday,omitempty"`
	Wednesday []string `yaml:"wednesday,omitempty"`
	Thursday  []string `yaml:"thursday,omitempty"`
	Friday    []string `yaml:"friday,omitempty"`
	Saturday  []string `yaml:"saturday,omitempty"`
	Sunday    []string `yaml:"sunday,omitempty"`
}

// YearSpec is the holiday data of one year.
type YearSpec struct {
	Basis   string        `yaml:"basis,omitempty"`   // where the data come from: source or assumption
	Off     []HolidaySpec `yaml:"off,omitempty"`     // dates off
	Working []MakeUpSpec  `yaml:"working,omitempty"` // make-up working days 调休
}

// HolidaySpec is a run of dates off, both ends included, within its year.
type HolidaySpec struct {
	From string `yaml:"from"`         // first date, YYYY-MM-DD
	To   string `yaml:"to,omitempty"` // last date; absent for a single day
	ZH   string `yaml:"zh"`           // name in Chinese
	EN   string `yaml:"en"`           // name in English
}

// MakeUpSpec is a make-up working day: a date that is worked although its weekday may be a rest day.
type MakeUpSpec struct {
	Date    string `yaml:"date"`              // YYYY-MM-DD, within its year
	Follows string `yaml:"follows,omitempty"` // weekday whose segments it has; absent: monday
}

// weekdays are the names used in YAML, by time.Weekday.
func weekdays() [7]string {
	return [7]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
}

func (w *WeekSpec) days() [7][]string {
	return [7][]string{w.Sunday, w.Monday, w.Tuesday, w.Wednesday, w.Thursday, w.Friday, w.Saturday}
}

// Compile checks the spec and turns it into a Calendar. Its error is Problems, all that is wrong at once.
func (s Spec) Compile() (*Calendar, error) {
	b := builder{calendar: &Calendar{name: s.Name, version: s.Version, special: map[int64]*dayPlan{}}}
	if s.Name == "" {
		b.problem("name", "is missing")
	}
	if s.Version == "" {
		b.problem("version", "is missing")
	}
	b.zone(s.Zone)
	b.basis("week_basis", s.WeekBasis)
	if s.Week == nil {
		b.problem("week", "is missing; write `week: {}` for a calendar without working hours")
	} else {
		b.week(s.Week)
	}
	b.years(s.Holidays, s.Years)
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	return b.calendar, nil
}

// builder fills a calendar and collects what is wrong with its spec.
type builder struct {
	calendar *Calendar
	problems Problems
}

func (b *builder) problem(field, format string, args ...any) {
	b.problems = append(b.problems, Problem{Field: field, Text: fmt.Sprintf(format, args...)})
}

func (b *builder) zone(name string) {
	if name == "" || name == "Local" {
		b.problem("zone", "must be an IANA name such as Asia/Shanghai, not %q", name)
		return
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		b.problem("zone", "is not a known IANA name: %v", err)
	}
	b.calendar.zone = zone
}

func (b *builder) basis(field, basis string) {
	switch basis {
	case "", "source", "assumption":
	default:
		b.problem(field, "must be source or assumption, not %q", basis)
	}
}

func (b *builder) week(w *WeekSpec) {
	for day, texts := range w.days() {
		plan := dayPlan{working: ReasonCounted, idle: ReasonOutsideHours}
		if len(texts) == 0 {
			plan.idle = ReasonWeekend
		}
		plan.segments = b.segments("week."+weekdays()[day], texts)
		b.calendar.week[day] = plan
	}
}

func (b *builder) segments(field string, texts []string) []segment {
	var segments []segment
	for i, text := range texts {
		at := fmt.Sprintf("%s[%d]", field, i)
		s, err := parseSegment(text)
		if err != nil {
			b.problem(at, "%v", err)
			continue
		}
		if n := len(segments); n > 0 && s.open < segments[n-1].shut {
			b.problem(at, "begins before the segment ahead of it ends; list segments in order, without overlap")
			continue
		}
		segments = append(segments, s)
	}
	return segments
}

func parseSegment(text string) (segment, error) {
	if len(text) != len("00:00-00:00") || text[5] != '-' {
		return segment{}, fmt.Errorf("%q must be written HH:MM-HH:MM", text)
	}
	open, err := parseReading(text[:5])
	if err != nil {
		return segment{}, err
	}
	shut, err := parseReading(text[6:])
	if err != nil {
		return segment{}, err
	}
	if shut <= open {
		return segment{}, fmt.Errorf("%q must end after it begins; hours past midnight are two segments, to 24:00 and from 00:00", text)
	}
	return segment{open: open, shut: shut}, nil
}

// parseReading gives the second of the day of HH:MM, 00:00 to 24:00.
func parseReading(text string) (int64, error) {
	if text == "24:00" {
		return secondsPerDay, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, fmt.Errorf("%q is not a time of day from 00:00 to 24:00", text)
	}
	return int64(t.Hour()*60+t.Minute()) * 60, nil
}
