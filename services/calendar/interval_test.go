package calendar_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"kaohe.dev/services/calendar"
	"pgregory.net/rapid"
)

// minute is an instant a number of minutes after an arbitrary origin.
func minute(n int) time.Time { return time.Date(2026, 3, 1, 0, n, 0, 0, time.UTC) }

func span(from, to int) calendar.Interval {
	return calendar.Interval{From: minute(from), To: minute(to)}
}

func TestNewSetSortsJoinsAndDropsEmpty(t *testing.T) {
	got := calendar.NewSet(span(30, 40), span(5, 5), span(10, 20), span(20, 25), span(8, 2), span(12, 15)).Intervals()
	want := []calendar.Interval{span(10, 25), span(30, 40)}
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestTotalStopsAtTheLongestDuration(t *testing.T) {
	at := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	s := calendar.NewSet(
		calendar.Interval{From: at(1000), To: at(1200)},
		calendar.Interval{From: at(1300), To: at(1500)},
	)
	if got := s.Total(); got != math.MaxInt64 {
		t.Fatalf("400 years total %s, want the longest duration", got)
	}
}

func drawSpans(t *rapid.T, label string) []calendar.Interval {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) calendar.Interval {
		from := rapid.IntRange(0, 60).Draw(t, "from")
		return span(from, from+rapid.IntRange(-2, 20).Draw(t, "length"))
	}), 0, 8).Draw(t, label)
}

func covers(intervals []calendar.Interval, t time.Time) bool {
	return slices.ContainsFunc(intervals, func(i calendar.Interval) bool { return i.Contains(t) })
}

// Every operation must agree, instant by instant, with the logic it is named after.
func TestSetAlgebraIsPointwise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		left, right := drawSpans(t, "left"), drawSpans(t, "right")
		a, b := calendar.NewSet(left...), calendar.NewSet(right...)
		results := map[string]calendar.Set{"union": a.Union(b), "intersect": a.Intersect(b), "subtract": a.Subtract(b)}
		minutes := map[string]int{}
		for n := -5; n < 90; n++ {
			inA, inB := covers(left, minute(n)), covers(right, minute(n))
			wants := map[string]bool{"union": inA || inB, "intersect": inA && inB, "subtract": inA && !inB}
			for name, want := range wants {
				if got := covers(results[name].Intervals(), minute(n)); got != want {
					t.Fatalf("%s at minute %d: got %t, want %t", name, n, got, want)
				}
				if want {
					minutes[name]++
				}
			}
		}
		for name, set := range results {
			if want := time.Duration(minutes[name]) * time.Minute; set.Total() != want {
				t.Fatalf("%s totals %s, want %s", name, set.Total(), want)
			}
			mustBeCanonical(t, name, set)
		}
	})
}

func mustBeCanonical(t *rapid.T, name string, set calendar.Set) {
	list := set.Intervals()
	for i, interval := range list {
		if interval.Empty() {
			t.Fatalf("%s holds the empty interval %v", name, interval)
		}
		if i > 0 && !list[i-1].To.Before(interval.From) {
			t.Fatalf("%s: %v and %v overlap or touch", name, list[i-1], interval)
		}
	}
}
