package importer_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"kaohe.dev/services/importer"
)

// BenchmarkBoston reports rows a second on one core; the import must keep
// above 50,000.
func BenchmarkBoston(b *testing.B) {
	benchmark(b, "boston311", bostonFile)
}

func BenchmarkServiceNow(b *testing.B) {
	benchmark(b, "servicenow", serviceNowFile)
}

func benchmark(b *testing.B, mapping, file string) {
	needs(b, file)
	m := shipped(b, mapping)
	rows, before := int64(0), cpu(b)
	for b.Loop() {
		s, err := importer.Run(b.Context(), m, importer.Options{CreateUnits: true},
			func(_ context.Context, batch []importer.Item) (importer.Outcome, error) {
				return importer.Outcome{Accepted: len(batch)}, nil
			}, file)
		if err != nil {
			b.Fatal(err)
		}
		rows += s.Rows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(rows)/(cpu(b)-before).Seconds(), "rows/cpu-s") // what a core of its own would do
}

// cpu is how much processor time the process has used.
func cpu(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
