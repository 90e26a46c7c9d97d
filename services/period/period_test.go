package period_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"kaohe.dev/services/period"
)

func TestWhatIsAPeriod(t *testing.T) {
	for text, want := range map[string]period.Kind{
		"2026-03": period.Month, "2026-Q1": period.Quarter, "2026-Q4": period.Quarter, "2026": period.Year,
		"2026-13": 0, "2026-3": 0, "2026-Q0": 0, "2026-Q5": 0, "2026-Q": 0, "2026-Q11": 0, "26": 0, "2026-q1": 0, "": 0, "2026-03-01": 0, " 2026": 0,
	} {
		p, err := period.Parse(text)
		if p.Kind() != want || (err == nil) != (want != 0) || want != 0 && p.String() != text {
			t.Errorf("%q is %v of kind %d (%v), want kind %d", text, p, p.Kind(), err, want)
		}
		if _, err := period.ParseMonth(text); (err == nil) != (want == period.Month) {
			t.Errorf("%q as a month: %v", text, err)
		}
	}
}

func TestNeighboursAndParts(t *testing.T) {
	parse := func(text string) period.Period {
		p, err := period.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for got, want := range map[string]string{
		parse("2026-12").Next().String(): "2027-01", parse("2026-Q1").Previous().String(): "2025-Q4", parse("2026").Add(-2).String(): "2024",
		parse("2024-02").YearBefore().String(): "2023-02", parse("2026-05").In(period.Quarter).String(): "2026-Q2",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if parse("2024-02").Days() != 29 || parse("2026-Q1").Days() != 90 || parse("2026").Days() != 365 {
		t.Error("days are miscounted")
	}
	if n := len(parse("2025-11").Through(parse("2026-02"))); n != 4 {
		t.Errorf("from November to February are %d months", n)
	}
	if n := len(parse("2026-02").Through(parse("2025-11"))); n != 0 {
		t.Errorf("backwards are %d months", n)
	}
}

// TestPeriodsCoverTime: every instant is in exactly one period of a kind, in
// every zone; it is what its parts are together, without gap or overlap.
func TestPeriodsCoverTime(t *testing.T) {
	zones := []string{"Asia/Shanghai", "America/New_York", "Pacific/Apia", "Africa/Cairo", "UTC"}
	rapid.Check(t, func(r *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(r, "zone"))
		if err != nil {
			r.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(r, "at"), 0)
		kind := rapid.SampledFrom([]period.Kind{period.Month, period.Quarter, period.Year}).Draw(r, "kind")
		p := period.Of(kind, at.In(zone))
		if at.Before(p.Start(zone)) || !at.Before(p.End(zone)) || !p.Contains(at, zone) || p.Next().Contains(at, zone) || p.Previous().Contains(at, zone) {
			r.Fatalf("%s is not in %s alone: %s to %s", at.In(zone), p, p.Start(zone), p.End(zone))
		}
		if again, err := period.Parse(p.String()); err != nil || again != p {
			r.Fatalf("%s reads as %s (%v)", p, again, err)
		}
		for _, shorter := range []period.Kind{period.Month, period.Quarter, period.Year} {
			if shorter > kind {
				continue
			}
			from := p.Start(zone)
			for _, part := range p.Parts(shorter) {
				if !part.Start(zone).Equal(from) || part.In(kind) != p {
					r.Fatalf("%s of %s starts at %s, not %s", part, p, part.Start(zone), from)
				}
				from = part.End(zone)
			}
			if !from.Equal(p.End(zone)) {
				r.Fatalf("the parts of %s end at %s", p, from)
			}
		}
	})
}
