package calendar_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kaohe.dev/services/calendar"
)

// transcript writes spans one a line, in the calendar's own words.
func transcript(spans []calendar.Span) string {
	var lines strings.Builder
	for _, s := range spans {
		fmt.Fprintf(&lines, "%s – %s %s", s.From.Format("01-02 15:04"), s.To.Format("01-02 15:04"), s.Reason)
		if s.Pause != "" {
			fmt.Fprintf(&lines, " (%s)", s.Pause)
		}
		if s.Holiday.ZH != "" {
			fmt.Fprintf(&lines, " (%s, %s)", s.Holiday.ZH, s.Holiday.EN)
		}
		lines.WriteByte('\n')
	}
	return lines.String()
}

func TestExplainNamesEverySkippedInterval(t *testing.T) {
	pauses := []calendar.Pause{
		{Interval: between(t, shanghai, "2026-10-08 09:00", "2026-10-08 16:00"), Label: "customer not at home"},
		{Interval: between(t, shanghai, "2026-09-30 17:30", "2026-10-08 09:30"), Label: "material"},
		{Interval: between(t, shanghai, "2026-10-08 15:00", "2026-10-08 15:30"), Label: "hidden by the earlier one"},
		{Interval: between(t, shanghai, "2026-10-09 10:00", "2026-10-09 10:00"), Label: "empty"},
	}
	got, err := calendar.Explain(calendar.WorkingTime(calendar.China()),
		at(t, shanghai, "2026-09-30 11:00"), at(t, shanghai, "2026-10-12 09:00"), pauses)
	if err != nil {
		t.Fatal(err)
	}
	want := `09-30 11:00 – 09-30 12:00 counted
09-30 12:00 – 09-30 14:00 outside_hours
09-30 14:00 – 09-30 17:30 counted
09-30 17:30 – 09-30 18:00 paused (material)
09-30 18:00 – 10-01 00:00 outside_hours
10-01 00:00 – 10-08 00:00 holiday (国庆节, National Day)
10-08 00:00 – 10-08 08:30 outside_hours
10-08 08:30 – 10-08 09:30 paused (material)
10-08 09:30 – 10-08 12:00 paused (customer not at home)
10-08 12:00 – 10-08 14:00 outside_hours
10-08 14:00 – 10-08 16:00 paused (customer not at home)
10-08 16:00 – 10-08 18:00 counted
10-08 18:00 – 10-09 08:30 outside_hours
10-09 08:30 – 10-09 12:00 counted
10-09 12:00 – 10-09 14:00 outside_hours
10-09 14:00 – 10-09 18:00 counted
10-09 18:00 – 10-10 08:30 outside_hours
10-10 08:30 – 10-10 12:00 make_up_day
10-10 12:00 – 10-10 14:00 outside_hours
10-10 14:00 – 10-10 18:00 make_up_day
10-10 18:00 – 10-11 00:00 outside_hours
10-11 00:00 – 10-12 00:00 weekend
10-12 00:00 – 10-12 08:30 outside_hours
10-12 08:30 – 10-12 09:00 counted
`
	if transcript(got) != want {
		t.Fatalf("got\n%s\nwant\n%s", transcript(got), want)
	}
}

func TestExplainWallClock(t *testing.T) {
	pause := calendar.Pause{Interval: between(t, shanghai, "2026-10-03 10:00", "2026-10-03 11:00"), Label: "weather"}
	got, err := calendar.Explain(calendar.WallClock(), at(t, shanghai, "2026-10-03 09:00"), at(t, shanghai, "2026-10-04 12:00"),
		[]calendar.Pause{pause})
	want := "10-03 09:00 – 10-03 10:00 counted\n10-03 10:00 – 10-03 11:00 paused (weather)\n10-03 11:00 – 10-04 12:00 counted\n"
	if err != nil || transcript(got) != want {
		t.Fatalf("got\n%s%v\nwant\n%s", transcript(got), err, want)
	}
}

// A make-up day follows the weekday it states, and the default is Monday.
func TestMakeUpDayFollowsItsWeekday(t *testing.T) {
	spec := calendar.Spec{Name: "hall", Version: "1", Zone: shanghai,
		Week: &calendar.WeekSpec{Monday: []string{"09:00-12:00"}, Friday: []string{"10:00-11:00"}},
		Years: map[int]*calendar.YearSpec{2026: {Working: []calendar.MakeUpSpec{
			{Date: "2026-03-07", Follows: "friday"}, {Date: "2026-03-08"}}}}}
	c, err := spec.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for date, want := range map[string]time.Duration{"2026-03-07": time.Hour, "2026-03-08": 3 * time.Hour} {
		from := at(t, shanghai, date+" 00:00")
		got, err := c.Working(from, from.AddDate(0, 0, 1))
		if err != nil || got.Total() != want {
			t.Errorf("%s: got %s, %v; want %s", date, got.Total(), err, want)
		}
	}
}

func TestExplainKeepsAdjoiningHolidaysApart(t *testing.T) {
	spec := calendar.ChinaSpec()
	spec.Years[2026].Off = append(spec.Years[2026].Off, calendar.HolidaySpec{From: "2026-10-08", ZH: "店庆", EN: "Anniversary"})
	c, err := spec.Compile()
	if err != nil {
		t.Fatal(err)
	}
	got, err := calendar.Explain(calendar.WorkingTime(c), at(t, shanghai, "2026-10-06 00:00"), at(t, shanghai, "2026-10-09 00:00"), nil)
	want := "10-06 00:00 – 10-08 00:00 holiday (国庆节, National Day)\n10-08 00:00 – 10-09 00:00 holiday (店庆, Anniversary)\n"
	if err != nil || transcript(got) != want {
		t.Fatalf("got\n%s%v\nwant\n%s", transcript(got), err, want)
	}
}
