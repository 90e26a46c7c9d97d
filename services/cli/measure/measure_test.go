package measure

import (
	"testing"
	"time"
)

func TestEveryFigureIsMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures for seconds")
	}
	o := Options{
		Dir: t.TempDir(), Events: 500, Rate: 200, Latencies: 50, Armed: 200, Due: 50,
		DueOver: 100 * time.Millisecond, Reading: 100 * time.Millisecond, Million: 300,
	}
	figures, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range figures {
		t.Logf("%-24s %10.2f %s", f.Name, f.Value, f.Unit)
		if f.Value <= 0 && f.Name != "million_rss" || seen[f.Name] || f.What.Zh == "" || f.What.En == "" {
			t.Errorf("figure %+v", f)
		}
		seen[f.Name] = true
	}
	for _, name := range []string{"feed_decided", "event_cost", "sse_latency_p99", "lateness_p99", "scorecard_rate", "fold", "door_alone", "door_batches", "peak_rss", "million_start"} {
		if !seen[name] {
			t.Errorf("%s was not measured", name)
		}
	}
}

func TestPercentile(t *testing.T) {
	var all []time.Duration
	for i := 100; i > 0; i-- {
		all = append(all, time.Duration(i))
	}
	for share, want := range map[int]time.Duration{50: 50, 99: 99, 100: 100} {
		if got := percentile(all, share); got != want {
			t.Errorf("p%d is %d, want %d", share, got, want)
		}
	}
	if percentile(all[:1], 99) != 100 || percentile(nil, 50) != 0 {
		t.Error("one and none")
	}
}
