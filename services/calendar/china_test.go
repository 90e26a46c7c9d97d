package calendar_test

import (
	"slices"
	"testing"
	"time"

	"kaohe.dev/services/calendar"
)

// notice is a year as the State Council announced it, copied apart from data/cn.yaml to check it.
type notice struct {
	off     [][2]string // first and last date
	working []string
}

func notices() map[string]notice {
	return map[string]notice{
		"2025-": {
			off: [][2]string{{"01-01", "01-01"}, {"01-28", "02-04"}, {"04-04", "04-06"}, {"05-01", "05-05"},
				{"05-31", "06-02"}, {"10-01", "10-08"}},
			working: []string{"01-26", "02-08", "04-27", "09-28", "10-11"},
		},
		"2026-": {
			off: [][2]string{{"01-01", "01-03"}, {"02-15", "02-23"}, {"04-04", "04-06"}, {"05-01", "05-05"},
				{"06-19", "06-21"}, {"09-25", "09-27"}, {"10-01", "10-07"}},
			working: []string{"01-04", "02-14", "02-28", "05-09", "09-20", "10-10"},
		},
	}
}

func TestChinaFollowsTheNotices(t *testing.T) {
	clock := calendar.WorkingTime(calendar.China())
	for year, n := range notices() {
		for day := at(t, shanghai, year+"01-01 00:00"); day.Format("2006-") == year; day = day.AddDate(0, 0, 1) {
			date := day.Format("01-02")
			want := calendar.ReasonOutsideHours
			if slices.ContainsFunc(n.off, func(r [2]string) bool { return r[0] <= date && date <= r[1] }) {
				want = calendar.ReasonHoliday
			} else if wd := day.Weekday(); (wd == time.Saturday || wd == time.Sunday) && !slices.Contains(n.working, date) {
				want = calendar.ReasonWeekend
			}
			spans, err := calendar.Explain(clock, day, day.Add(time.Minute), nil) // midnight is never worked
			if err != nil || len(spans) != 1 || spans[0].Reason != want {
				t.Errorf("%s%s: got %+v, %v; want %s", year, date, spans, err, want)
			}
		}
	}
}

// The number of working days is public knowledge, 248 in both years, and catches a mistake in the copy above.
func TestChineseYearsHaveTheirWorkingDays(t *testing.T) {
	china := calendar.WorkingTime(calendar.China())
	for year, want := range map[int]int{2025: 248, 2026: 248} {
		from := time.Date(year, 1, 1, 0, 0, 0, 0, location(t, shanghai))
		got, err := calendar.Elapsed(china, from, from.AddDate(1, 0, 0), calendar.Set{})
		if err != nil || got != time.Duration(want)*450*time.Minute {
			t.Errorf("%d: got %s, %v; want %d days of 7.5 hours", year, got, err, want)
		}
	}
}
