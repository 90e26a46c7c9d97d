package calendar_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"kaohe.dev/services/calendar"
	"pgregory.net/rapid"
)

// world is a random calendar with everything an oracle needs to know about it.
type world struct {
	zone  *time.Location
	spec  calendar.Spec
	clock calendar.Clock
	off   map[string]bool   // dates off
	works map[string]string // make-up dates, and the weekday they follow
}

// changes are instants near which the zones of drawWorld change their offset.
func changes() []time.Time {
	var all []time.Time
	for _, text := range []string{
		"2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z", // New York
		"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", // London
		"2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z", // Lord Howe, half an hour
		"2026-01-01T00:00:00Z",
	} {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			panic(err)
		}
		all = append(all, t)
	}
	return all
}

func drawSegments(t *rapid.T) []string {
	readings := rapid.SliceOfNDistinct(rapid.IntRange(0, 96), 0, 6, rapid.ID[int]).Draw(t, "quarters")
	slices.Sort(readings)
	var segments []string
	for ; len(readings) >= 2; readings = readings[2:] {
		a, b := readings[0]*15, readings[1]*15
		segments = append(segments, fmt.Sprintf("%02d:%02d-%02d:%02d", a/60, a%60, b/60, b%60))
	}
	return segments
}

func drawWorld(t *rapid.T) world {
	name := rapid.SampledFrom([]string{shanghai, "America/New_York", "Europe/London", "Australia/Lord_Howe", "UTC"}).Draw(t, "zone")
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	w := world{zone: zone, off: map[string]bool{}, works: map[string]string{}}
	week := calendar.WeekSpec{Monday: drawSegments(t), Tuesday: drawSegments(t), Wednesday: drawSegments(t),
		Thursday: drawSegments(t), Friday: drawSegments(t), Saturday: drawSegments(t), Sunday: drawSegments(t)}
	w.spec = calendar.Spec{Name: "random", Version: "1", Zone: name, Week: &week, Holidays: "none"}
	if rapid.Bool().Draw(t, "yearly") {
		w.drawYears(t)
	}
	c, err := w.spec.Compile()
	if err != nil {
		t.Fatal(err)
	}
	w.clock = calendar.WorkingTime(c)
	return w
}

// drawYears declares 2025 to 2027, and marks dates near the changes of offset as well as any others.
func (w *world) drawYears(t *rapid.T) {
	w.spec.Holidays, w.spec.Years = "", map[int]*calendar.YearSpec{2025: {}, 2026: {}, 2027: {}}
	days := rapid.SliceOfNDistinct(rapid.IntRange(-3, 14), 0, 8, rapid.ID[int]).Draw(t, "special days")
	base := rapid.SampledFrom(changes()).Draw(t, "special near")
	for _, day := range days {
		date := base.AddDate(0, 0, day)
		year, text := w.spec.Years[date.Year()], date.Format(time.DateOnly)
		follows := ""
		for weekday := range time.Saturday + 1 {
			if len(w.segments(weekday)) > 0 && rapid.Bool().Draw(t, "follows") {
				follows = lower(weekday)
			}
		}
		if follows == "" {
			w.off[text] = true
			year.Off = append(year.Off, calendar.HolidaySpec{From: text, ZH: "假", EN: "off"})
			continue
		}
		w.works[text] = follows
		year.Working = append(year.Working, calendar.MakeUpSpec{Date: text, Follows: follows})
	}
}

func lower(weekday time.Weekday) string {
	return [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}[weekday]
}

func (w *world) segments(weekday time.Weekday) []string {
	k := w.spec.Week
	return [...][]string{k.Sunday, k.Monday, k.Tuesday, k.Wednesday, k.Thursday, k.Friday, k.Saturday}[weekday]
}

// open says whether a local reading is inside working hours, from the spec alone.
func (w *world) open(reading time.Time) bool {
	date, segments := reading.Format(time.DateOnly), w.segments(reading.Weekday())
	for weekday := range time.Saturday + 1 {
		if w.works[date] == lower(weekday) {
			segments = w.segments(weekday)
		}
	}
	now := reading.Format("15:04")
	return !w.off[date] && slices.ContainsFunc(segments, func(s string) bool { return s[:5] <= now && now < s[6:] })
}

// count is the oracle: minute by minute, reading a local clock that holds still instead of going back.
func (w *world) count(start, end time.Time, paused calendar.Set) time.Duration {
	var highest time.Time
	pauses := paused.Intervals()
	total := time.Duration(0)
	for m := start.Add(-4 * time.Hour); m.Before(end); m = m.Add(time.Minute) {
		local := m.In(w.zone)
		reading := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC)
		if highest.Before(reading) {
			highest = reading
		}
		if !m.Before(start) && w.open(highest) && !covers(pauses, m) {
			total += time.Minute
		}
	}
	return total
}

// drawNear is an instant on a whole unit, up to three days before or five after a change of offset.
func drawNear(t *rapid.T, unit time.Duration, label string) time.Time {
	base := rapid.SampledFrom(changes()).Draw(t, label+" near")
	const day = 24 * time.Hour
	return base.Add(unit * time.Duration(rapid.Int64Range(int64(-3*day/unit), int64(5*day/unit)).Draw(t, label)))
}

func drawPauses(t *rapid.T, start time.Time, unit time.Duration) []calendar.Pause {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) calendar.Pause {
		const day = 24 * time.Hour
		from := start.Add(unit * time.Duration(rapid.Int64Range(int64(-day/unit), int64(5*day/unit)).Draw(t, "from")))
		length := unit * time.Duration(rapid.Int64Range(0, int64(day/unit)).Draw(t, "length"))
		return calendar.Pause{Interval: calendar.Interval{From: from, To: from.Add(length)},
			Label: rapid.SampledFrom([]string{"weather", "material"}).Draw(t, "label")}
	}), 0, 6).Draw(t, "pauses")
}

func TestElapsedAgreesWithCountingMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		start := drawNear(t, time.Minute, "start")
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
		start, end := drawNear(t, 1, "start"), drawNear(t, 1, "end")
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
		clock, start := drawClock(t), drawNear(t, 1, "start")
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
		clock, start := drawClock(t), drawNear(t, 1, "start")
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
		clock, start, end := drawClock(t), drawNear(t, 1, "start"), drawNear(t, 1, "end")
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
