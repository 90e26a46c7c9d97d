package calendar_test

import (
	"errors"
	"testing"
	"time"

	"kaohe.dev/services/calendar"
	"pgregory.net/rapid"
)

func TestElapsedAgreesWithCountingMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		start := drawNear(t, w.clock, time.Minute, "start")
		end := start.Add(time.Duration(rapid.IntRange(0, 4*24*60).Draw(t, "minutes")) * time.Minute)
		pauses := calendar.Paused(drawPauses(t, start, time.Minute)...)
		got, err := calendar.Elapsed(w.clock, start, end, pauses)
		if err != nil {
			t.Fatal(err)
		}
		if want := w.count(start, end, pauses); got != want {
			t.Fatalf("elapsed %s, counted %s in [%s, %s)", got, want, start.In(w.zone), end.In(w.zone))
		}
	})
}

func TestElapsedIsWorkingMinusPauses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		start, end := drawNear(t, w.clock, 1, "start"), drawNear(t, w.clock, 1, "end")
		pauses := calendar.Paused(drawPauses(t, start, 1)...)
		got, err := calendar.Elapsed(w.clock, start, end, pauses)
		if err != nil {
			t.Fatal(err)
		}
		working, err := w.clock.Calendar().Working(start, end)
		if err != nil {
			t.Fatal(err)
		}
		if want := working.Subtract(pauses).Total(); got != want {
			t.Fatalf("elapsed %s, working minus pauses %s", got, want)
		}
	})
}

func drawClock(t *rapid.T) calendar.Clock {
	if rapid.IntRange(0, 4).Draw(t, "clock") == 0 {
		return calendar.WallClock()
	}
	return drawWorld(t).clock
}

// acceptable says whether a deadline may be refused: the week is empty, or sparse and the data end.
func acceptable(err error) bool {
	var none *calendar.NoWorkingTimeError
	var missing *calendar.MissingYearError
	return errors.As(err, &none) || errors.As(err, &missing)
}

func TestDeadlineIsTheEarliestInstantOfItsDuration(t *testing.T) {
	reached := 0
	rapid.Check(t, func(t *rapid.T) {
		clock := drawClock(t)
		start := drawNear(t, clock, 1, "start")
		pauses := calendar.Paused(drawPauses(t, start, 1)...)
		d := time.Duration(rapid.Int64Range(0, int64(60*time.Hour)).Draw(t, "d"))
		due, err := calendar.Deadline(clock, start, d, pauses)
		if err != nil {
			if !acceptable(err) {
				t.Fatal(err)
			}
			return
		}
		reached++
		if got, err := calendar.Elapsed(clock, start, due, pauses); err != nil || got != d {
			t.Fatalf("elapsed to the deadline is %s, %v; want %s", got, err, d)
		}
		if d == 0 {
			return
		}
		if got, err := calendar.Elapsed(clock, start, due.Add(-1), pauses); err != nil || got != d-1 {
			t.Fatalf("a nanosecond before the deadline %s, %v have elapsed; want %s", got, err, d-1)
		}
	})
	if reached == 0 {
		t.Fatal("no random calendar reached a deadline; the property was never tried")
	}
}

func TestDeadlineGrowsWithItsDuration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := drawClock(t)
		start := drawNear(t, clock, 1, "start")
		pauses := calendar.Paused(drawPauses(t, start, 1)...)
		short := time.Duration(rapid.Int64Range(0, int64(40*time.Hour)).Draw(t, "short"))
		long := short + time.Duration(rapid.Int64Range(1, int64(20*time.Hour)).Draw(t, "more"))
		last, err := calendar.Deadline(clock, start, long, pauses)
		if err != nil {
			return // refusals are judged by TestDeadlineIsTheEarliestInstantOfItsDuration
		}
		first, err := calendar.Deadline(clock, start, short, pauses)
		if err != nil {
			t.Fatalf("%s is reached but %s is not: %v", long, short, err)
		}
		if last.Sub(first) < long-short {
			t.Fatalf("deadlines of %s and %s are only %s apart", short, long, last.Sub(first))
		}
	})
}

func TestExplainCoversAndAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := drawClock(t)
		start, end := drawNear(t, clock, 1, "start"), drawNear(t, clock, 1, "end")
		pauses := drawPauses(t, start, 1)
		spans, err := calendar.Explain(clock, start, end, pauses)
		if err != nil {
			t.Fatal(err)
		}
		var counted time.Duration
		reached := start
		for _, s := range spans {
			if !s.From.Equal(reached) || s.Empty() {
				t.Fatalf("span %v does not begin at %s or is empty", s, reached)
			}
			reached = s.To
			if s.Counted() {
				counted += s.Duration()
			}
		}
		if start.Before(end) && !reached.Equal(end) || !start.Before(end) && len(spans) > 0 {
			t.Fatalf("%d spans end at %s, want %s", len(spans), reached, end)
		}
		elapsed, err := calendar.Elapsed(clock, start, end, calendar.Paused(pauses...))
		if err != nil || counted != elapsed {
			t.Fatalf("explained %s, elapsed %s, %v", counted, elapsed, err)
		}
	})
}
