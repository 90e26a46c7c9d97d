package calendar_test

import (
	"fmt"
	"slices"
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

// changes are instants near which something happens: the zone changes its offset, or the year turns.
func changes(zone string) []time.Time {
	texts := map[string][]string{
		"America/New_York":    {"2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"},
		"Europe/London":       {"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"},
		"Australia/Lord_Howe": {"2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"},
	}[zone]
	var all []time.Time
	for _, text := range append(texts, "2026-01-01T00:00:00Z") {
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
	base := rapid.SampledFrom(changes(w.spec.Zone)).Draw(t, "special near")
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
func drawNear(t *rapid.T, clock calendar.Clock, unit time.Duration, label string) time.Time {
	zone := ""
	if c := clock.Calendar(); c != nil {
		zone = c.Zone().String()
	}
	base := rapid.SampledFrom(changes(zone)).Draw(t, label+" near")
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
