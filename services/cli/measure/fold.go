package measure

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kaohe.dev/services/app"
	"kaohe.dev/services/replay"
)

// fold measures the offline fold, what `kaohe verify` recomputes with.
func (b *bench) fold(ctx context.Context) ([]Figure, error) {
	events := b.generated
	if events == nil {
		events = generate(b.o.Events)
	}
	b.tell("离线重算", "offline fold", 0, 0)
	began := time.Now()
	result, err := replay.Fold(ctx, app.Services(), events, time.Now(), nil)
	if err != nil {
		return nil, err
	}
	if len(result.Months) == 0 {
		return nil, fmt.Errorf("the fold of %d events gave no month", len(events))
	}
	return []Figure{{
		Name: "fold", What: Text{"离线重算（verify）", "offline fold, as verify recomputes"},
		Value: float64(len(events)) / time.Since(began).Seconds(), Unit: "events/s",
	}}, nil
}

// memory gives the most memory the process has had.
func (b *bench) memory(context.Context) ([]Figure, error) {
	return []Figure{{Name: "peak_rss", What: Text{"峰值内存（含负载端）", "peak memory, the load generator included"}, Value: peakMiB(), Unit: "MiB"}}, nil
}

// peakMiB is the peak of resident memory.
func peakMiB() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" { // bytes there, KiB elsewhere
		return float64(usage.Maxrss) / (1 << 20)
	}
	return float64(usage.Maxrss) / (1 << 10)
}

// residentMiB is the memory now, where the system tells; the peak elsewhere.
func residentMiB() float64 {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return peakMiB()
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 64)
			if err == nil {
				return kib / (1 << 10)
			}
		}
	}
	return peakMiB()
}

// percentile gives the smallest value that a share of all does not exceed.
func percentile(all []time.Duration, share int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	return sorted[max(0, (len(sorted)*share+99)/100-1)]
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
