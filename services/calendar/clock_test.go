package calendar_test

import (
	"errors"
	"testing"
	"time"

	"kaohe.dev/services/calendar"
)

const shanghai = "Asia/Shanghai"

func TestChineseDeadlines(t *testing.T) {
	china := calendar.WorkingTime(calendar.China()) // 7.5 hours a day
	day := 7*time.Hour + 30*time.Minute
	cases := []struct {
		name, start string
		d           time.Duration
		want        string
	}{
		{"inside one segment", "2026-03-02 09:00", time.Hour, "2026-03-02 10:00"},
		{"over the midday break", "2026-03-02 11:00", 2 * time.Hour, "2026-03-02 15:00"},
		{"ends with a segment, not with the next one's opening", "2026-03-02 09:00", 3 * time.Hour, "2026-03-02 12:00"},
		{"starts in the break", "2026-03-02 12:30", time.Hour, "2026-03-02 15:00"},
		{"starts at night", "2026-03-02 02:00", time.Hour, "2026-03-02 09:30"},
		{"over a weekend", "2026-03-06 17:00", 2 * time.Hour, "2026-03-09 09:30"},
		{"over National Day 2025, eight days off", "2025-09-30 17:00", 2 * time.Hour, "2025-10-09 09:30"},
		{"a make-up Saturday counts", "2025-10-10 17:00", 2 * time.Hour, "2025-10-11 09:30"},
		{"Spring Festival 2026 with make-up days on both sides", "2026-02-13 08:30", 3 * day, "2026-02-24 18:00"},
		{"and on to the make-up Saturday after it", "2026-02-13 08:30", 7 * day, "2026-02-28 18:00"},
		{"over New Year, both years present", "2025-12-31 17:00", 2 * time.Hour, "2026-01-04 09:30"},
		{"last working minute of the data", "2026-12-31 17:00", time.Hour, "2026-12-31 18:00"},
		{"nothing to do", "2026-10-03 03:00", 0, "2026-10-03 03:00"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			start, want := at(t, shanghai, c.start), at(t, shanghai, c.want)
			got, err := calendar.Deadline(china, start, c.d, calendar.Set{})
			if err != nil || !got.Equal(want) {
				t.Fatalf("got %s, %v; want %s", got, err, want)
			}
			if elapsed, err := calendar.Elapsed(china, start, want, calendar.Set{}); err != nil || elapsed != c.d {
				t.Fatalf("elapsed to the deadline is %s, %v; want %s", elapsed, err, c.d)
			}
		})
	}
}

func TestMissingYearIsAnAlarm(t *testing.T) {
	china := calendar.WorkingTime(calendar.China())
	late, mid := at(t, shanghai, "2026-12-31 17:30"), at(t, shanghai, "2027-01-01 00:01")
	_, deadline := calendar.Deadline(china, late, time.Hour, calendar.Set{})
	_, elapsed := calendar.Elapsed(china, late, mid, calendar.Set{})
	_, explain := calendar.Explain(china, late, mid, nil)
	_, working := calendar.China().Working(late, mid)
	for name, err := range map[string]error{"Deadline": deadline, "Elapsed": elapsed, "Explain": explain, "Working": working} {
		var missing *calendar.MissingYearError
		if !errors.As(err, &missing) || missing.Year != 2027 || missing.Calendar != "cn" {
			t.Errorf("%s: got %v, want the alarm for 2027", name, err)
		}
	}
	newYear := at(t, shanghai, "2027-01-01 00:00")
	if got, err := calendar.Elapsed(china, late, newYear, calendar.Set{}); err != nil || got != 30*time.Minute {
		t.Errorf("up to New Year no instant of 2027 is touched: got %s, %v", got, err)
	}
}

func TestSparseWeeks(t *testing.T) {
	wednesday := noHolidays(t, shanghai, &calendar.WeekSpec{Wednesday: []string{"09:00-10:00", "15:00-15:30"}})
	always := noHolidays(t, shanghai, everyDay("00:00-24:00"))
	split := noHolidays(t, shanghai, everyDay("00:00-08:00", "08:00-12:00", "12:00-24:00"))
	cases := []struct {
		name        string
		c           *calendar.Calendar
		start, want string
		d           time.Duration
	}{
		{"one day a week", wednesday, "2026-03-05 00:00", "2026-03-18 09:30", 2 * time.Hour},
		{"twenty weeks of one day", wednesday, "2026-03-04 00:00", "2026-07-15 15:30", 30 * time.Hour},
		{"24 x 7", always, "2026-03-05 07:13", "2026-03-09 11:13", 100 * time.Hour},
		{"24 x 7 in adjoining segments", split, "2026-03-05 07:13", "2026-03-09 11:13", 100 * time.Hour},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := calendar.Deadline(calendar.WorkingTime(c.c), at(t, shanghai, c.start), c.d, calendar.Set{})
			if want := at(t, shanghai, c.want); err != nil || !got.Equal(want) {
				t.Fatalf("got %s, %v; want %s", got, err, want)
			}
		})
	}
}

func TestEmptyWeekHasNoDeadline(t *testing.T) {
	empty := calendar.WorkingTime(noHolidays(t, shanghai, &calendar.WeekSpec{}))
	start := at(t, shanghai, "2026-03-05 00:00")
	_, err := calendar.Deadline(empty, start, time.Nanosecond, calendar.Set{})
	var none *calendar.NoWorkingTimeError
	if !errors.As(err, &none) || none.Calendar != "test" {
		t.Fatalf("got %v, want NoWorkingTimeError", err)
	}
	if got, err := calendar.Elapsed(empty, start, start.AddDate(1, 0, 0), calendar.Set{}); err != nil || got != 0 {
		t.Fatalf("a year of an empty week: got %s, %v", got, err)
	}
}

func TestDeadlineGivesUpAtTheHorizon(t *testing.T) {
	clock := calendar.WorkingTime(noHolidays(t, shanghai, &calendar.WeekSpec{Sunday: []string{"09:00-10:00"}}))
	start := at(t, shanghai, "2026-01-01 00:00") // 522 Sundays in the ten years that follow
	_, err := calendar.Deadline(clock, start, 523*time.Hour, calendar.Set{})
	var far *calendar.HorizonError
	if !errors.As(err, &far) || far.Found != 522*time.Hour || far.Wanted != 523*time.Hour {
		t.Fatalf("got %v (%+v), want a HorizonError that found 522 hours", err, far)
	}
	if _, err := calendar.Deadline(clock, start, 522*time.Hour, calendar.Set{}); err != nil {
		t.Fatalf("the last hour within the horizon: %v", err)
	}
}

func TestNegativeAndBackwards(t *testing.T) {
	start := at(t, shanghai, "2026-03-05 10:00")
	if _, err := calendar.Deadline(calendar.WallClock(), start, -1, calendar.Set{}); !errors.Is(err, calendar.ErrNegativeDuration) {
		t.Fatalf("got %v, want ErrNegativeDuration", err)
	}
	for _, clock := range []calendar.Clock{calendar.WallClock(), calendar.WorkingTime(calendar.China())} {
		got, err := calendar.Elapsed(clock, start, start.Add(-time.Hour), calendar.Set{})
		if err != nil || got != 0 {
			t.Fatalf("%s, end before start: got %s, %v", clock, got, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Fatal("WorkingTime(nil) must not pass for the wall clock")
		}
	}()
	calendar.WorkingTime(nil)
}
