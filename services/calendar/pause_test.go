package calendar_test

import (
	"testing"
	"time"

	"kaohe.dev/services/calendar"
)

// Pauses and working time are intersected: a pause over a night takes nothing away (cases 5 and 6).
func TestPausesAreIntersectionsNotSums(t *testing.T) {
	cases := []struct {
		name   string
		pauses [][2]string
		want   string // deadline of 4 working hours from Thursday 2026-03-05 16:00
	}{
		{"none", nil, "2026-03-06 10:30"},
		{"over the night", [][2]string{{"2026-03-05 18:00", "2026-03-06 08:30"}}, "2026-03-06 10:30"},
		{"over the night and an hour of the morning", [][2]string{{"2026-03-05 20:00", "2026-03-06 09:30"}}, "2026-03-06 11:30"},
		{"overlapping pauses count once", [][2]string{{"2026-03-05 17:00", "2026-03-05 17:40"}, {"2026-03-05 17:20", "2026-03-05 19:00"}}, "2026-03-06 11:30"},
		{"over the start", [][2]string{{"2026-03-01 00:00", "2026-03-05 17:00"}}, "2026-03-06 11:30"},
		{"over the weekend after", [][2]string{{"2026-03-06 10:00", "2026-03-09 09:00"}}, "2026-03-09 09:30"},
		{"after the deadline", [][2]string{{"2026-03-06 10:30", "2026-03-06 12:00"}}, "2026-03-06 10:30"},
		{"six months", [][2]string{{"2026-03-05 16:00", "2026-09-05 00:00"}}, "2026-09-07 14:30"},
	}
	clock := calendar.WorkingTime(calendar.China())
	start := at(t, shanghai, "2026-03-05 16:00")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var pauses calendar.Set
			for _, p := range c.pauses {
				pauses = pauses.Union(calendar.NewSet(between(t, shanghai, p[0], p[1])))
			}
			got, err := calendar.Deadline(clock, start, 4*time.Hour, pauses)
			if want := at(t, shanghai, c.want); err != nil || !got.Equal(want) {
				t.Fatalf("got %s, %v; want %s", got, err, want)
			}
		})
	}
}

func TestWallClockPauses(t *testing.T) {
	start := at(t, shanghai, "2026-03-05 16:00")
	pauses := calendar.NewSet(
		between(t, shanghai, "2026-03-05 10:00", "2026-03-05 17:00"),
		between(t, shanghai, "2026-03-05 18:00", "2026-03-06 18:00"),
		between(t, shanghai, "2099-01-01 00:00", "2100-01-01 00:00"),
	)
	got, err := calendar.Deadline(calendar.WallClock(), start, 24*time.Hour, pauses)
	if want := at(t, shanghai, "2026-03-07 17:00"); err != nil || !got.Equal(want) {
		t.Fatalf("got %s, %v; want %s", got, err, want)
	}
	if got.Location() != start.Location() {
		t.Fatalf("the deadline is in %s, want the start's location", got.Location())
	}
}

// A daylight-saving zone: working hours are local readings, elapsed time is real (case 12). New York put
// its clock forward on 2026-03-08 at 02:00 EST and back on 2026-11-01 at 02:00 EDT.
func TestDaylightSaving(t *testing.T) {
	const newYork = "America/New_York"
	cases := []struct {
		name, segment, start string
		d                    time.Duration
		want                 string
	}{
		{"the day after spring forward opens at the same reading", "09:00-17:00", "2026-03-07T16:00:00-05:00", 2 * time.Hour, "2026-03-08T10:00:00-04:00"},
		{"the day after fall back too", "09:00-17:00", "2026-10-31T16:00:00-04:00", 2 * time.Hour, "2026-11-01T10:00:00-05:00"},
		{"an hour that does not exist is not worked", "01:00-04:00", "2026-03-08T00:00:00-05:00", 2 * time.Hour, "2026-03-08T04:00:00-04:00"},
		{"opening in the gap: at the jump", "02:30-05:00", "2026-03-08T00:00:00-05:00", time.Hour, "2026-03-08T04:00:00-04:00"},
		{"closing in the gap: at the jump", "00:00-02:30", "2026-03-08T00:00:00-05:00", 2*time.Hour + time.Minute, "2026-03-09T00:01:00-04:00"},
		{"segment inside the gap: no time", "02:10-02:50", "2026-03-08T00:00:00-05:00", time.Minute, "2026-03-09T02:11:00-04:00"},
		{"an hour that comes twice is worked twice", "00:00-04:00", "2026-11-01T00:00:00-04:00", 5 * time.Hour, "2026-11-01T04:00:00-05:00"},
		{"opening in the fold: first showing", "01:30-03:00", "2026-11-01T00:00:00-04:00", 150 * time.Minute, "2026-11-01T03:00:00-05:00"},
		{"closing in the fold: first showing", "00:00-01:30", "2026-11-01T00:00:00-04:00", 91 * time.Minute, "2026-11-02T00:01:00-05:00"},
		{"starting in the second showing, after closing", "00:00-01:30", "2026-11-01T01:10:00-05:00", time.Minute, "2026-11-02T00:01:00-05:00"},
		{"24 x 7 in spring", "00:00-24:00", "2026-03-07T12:00:00-05:00", 24 * time.Hour, "2026-03-08T13:00:00-04:00"},
		{"24 x 7 in autumn", "00:00-24:00", "2026-10-31T12:00:00-04:00", 24 * time.Hour, "2026-11-01T11:00:00-05:00"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clock := calendar.WorkingTime(noHolidays(t, newYork, everyDay(c.segment)))
			got, err := calendar.Deadline(clock, at(t, newYork, c.start), c.d, calendar.Set{})
			if want := at(t, newYork, c.want); err != nil || !got.Equal(want) {
				t.Fatalf("got %s, %v; want %s", got, err, want)
			}
		})
	}
}

// London east of Greenwich in summer, and Lord Howe, which moves by half an hour: the reading taken for UTC
// would land on the wrong side of the change.
func TestDaylightSavingEastOfGreenwich(t *testing.T) {
	cases := []struct {
		zone, segment, day string
		want               time.Duration
	}{
		{"Europe/London", "00:00-03:00", "2026-03-29", 2 * time.Hour},
		{"Europe/London", "00:00-01:30", "2026-03-29", time.Hour},
		{"Europe/London", "01:30-02:00", "2026-10-25", 90 * time.Minute},
		{"Europe/London", "00:00-01:30", "2026-10-25", 90 * time.Minute},
		{"Australia/Lord_Howe", "01:00-03:00", "2026-10-04", 90 * time.Minute},
		{"Australia/Lord_Howe", "01:45-02:00", "2026-04-05", 45 * time.Minute},
		{"Australia/Lord_Howe", "01:00-01:45", "2026-04-05", 45 * time.Minute},
	}
	for _, c := range cases {
		t.Run(c.zone+" "+c.segment+" "+c.day, func(t *testing.T) {
			from := at(t, c.zone, c.day+" 00:00")
			got, err := noHolidays(t, c.zone, everyDay(c.segment)).Working(from, from.AddDate(0, 0, 1))
			if err != nil || got.Total() != c.want {
				t.Fatalf("got %s, %v; want %s", got.Total(), err, c.want)
			}
		})
	}
}

// Samoa skipped 2011-12-30 altogether, and Newfoundland of 2006 put its clock back from 00:01 to 23:01.
func TestDatesThatAreSkippedOrReturned(t *testing.T) {
	samoa := noHolidays(t, "Pacific/Apia", everyDay("09:00-10:00"))
	got, err := calendar.Elapsed(calendar.WorkingTime(samoa), at(t, "Pacific/Apia", "2011-12-29 00:00"),
		at(t, "Pacific/Apia", "2012-01-01 00:00"), calendar.Set{})
	if err != nil || got != 2*time.Hour {
		t.Errorf("Samoa: got %s, %v; want two days of one hour", got, err)
	}
	newfoundland := noHolidays(t, "America/St_Johns", everyDay("00:00-00:30", "23:00-24:00"))
	from := at(t, "America/St_Johns", "2006-10-28 12:00")
	got, err = calendar.Elapsed(calendar.WorkingTime(newfoundland), from, from.Add(24*time.Hour), calendar.Set{})
	if want := time.Hour + 90*time.Minute; err != nil || got != want {
		t.Errorf("Newfoundland: got %s, %v; want %s: Sunday's 00:00-00:30 lasts from the first 00:00 over the return", got, err, want)
	}
}
