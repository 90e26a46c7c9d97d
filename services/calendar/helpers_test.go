package calendar_test

import (
	"testing"
	"time"

	"kaohe.dev/services/calendar"
)

// officeHours gives Monday to Friday the segments.
func officeHours(segments ...string) *calendar.WeekSpec {
	return &calendar.WeekSpec{Monday: segments, Tuesday: segments, Wednesday: segments, Thursday: segments, Friday: segments}
}

func everyDay(segments ...string) *calendar.WeekSpec {
	week := officeHours(segments...)
	week.Saturday, week.Sunday = segments, segments
	return week
}

// noHolidays compiles a week that needs no yearly data.
func noHolidays(t testing.TB, zone string, week *calendar.WeekSpec) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Spec{Name: "test", Version: "1", Zone: zone, Week: week, Holidays: "none"}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func location(t testing.TB, zone string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// at reads RFC 3339, or a local time of the zone without offset.
func at(t testing.TB, zone, text string) time.Time {
	t.Helper()
	if instant, err := time.Parse(time.RFC3339, text); err == nil {
		return instant.In(location(t, zone))
	}
	instant, err := time.ParseInLocation("2006-01-02 15:04", text, location(t, zone))
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// between is a pause given by two local times of the zone.
func between(t testing.TB, zone, from, to string) calendar.Interval {
	t.Helper()
	return calendar.Interval{From: at(t, zone, from), To: at(t, zone, to)}
}
