package calendar_test

import (
	"testing"
	"time"

	"kaohe.dev/services/calendar"
)

func benchmarkDeadline(b *testing.B, clock calendar.Clock, d time.Duration, pauses calendar.Set) {
	start := at(b, shanghai, "2026-03-05 16:00")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := calendar.Deadline(clock, start, d, pauses); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDeadlineWallClock(b *testing.B) {
	benchmarkDeadline(b, calendar.WallClock(), 48*time.Hour, calendar.Set{})
}

func BenchmarkDeadlineWorkingDay(b *testing.B) {
	benchmarkDeadline(b, calendar.WorkingTime(calendar.China()), 8*time.Hour, calendar.Set{})
}

func BenchmarkDeadlineSixWeeksPaused(b *testing.B) {
	pauses := calendar.NewSet(between(b, shanghai, "2026-03-10 09:00", "2026-03-11 10:00"),
		between(b, shanghai, "2026-03-20 17:00", "2026-03-23 10:00"))
	benchmarkDeadline(b, calendar.WorkingTime(calendar.China()), 225*time.Hour, pauses)
}

func BenchmarkDeadlineSixWeeksNewYork(b *testing.B) {
	clock := calendar.WorkingTime(noHolidays(b, "America/New_York", officeHours("09:00-17:00")))
	benchmarkDeadline(b, clock, 240*time.Hour, calendar.Set{})
}

func BenchmarkElapsedYear(b *testing.B) {
	clock := calendar.WorkingTime(calendar.China())
	from, to := at(b, shanghai, "2026-01-01 00:00"), at(b, shanghai, "2027-01-01 00:00")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := calendar.Elapsed(clock, from, to, calendar.Set{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExplainMonth(b *testing.B) {
	clock := calendar.WorkingTime(calendar.China())
	from, to := at(b, shanghai, "2026-10-01 00:00"), at(b, shanghai, "2026-11-01 00:00")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := calendar.Explain(clock, from, to, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// The wall clock must stay cheap enough to ask on every event.
func TestDeadlineDoesNotAllocate(t *testing.T) {
	start := at(t, shanghai, "2026-03-05 16:00")
	for _, clock := range []calendar.Clock{calendar.WallClock(), calendar.WorkingTime(calendar.China())} {
		allocs := testing.AllocsPerRun(100, func() {
			if _, err := calendar.Deadline(clock, start, 40*time.Hour, calendar.Set{}); err != nil {
				t.Fatal(err)
			}
		})
		if allocs > 0 {
			t.Errorf("a deadline on the %s makes %.0f allocations, want none", clock, allocs)
		}
	}
}
