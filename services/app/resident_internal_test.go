package app

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

const mib = 1 << 20

func TestTheRuntimesLimitFollowsWhatIsResident(t *testing.T) {
	for _, c := range []struct {
		what                         string
		resident, limit, least, most int64
	}{
		{"nothing is known", 0, 100 * mib, 179 * mib, 180 * mib},
		{"all is well", 200 * mib, 179 * mib, 179 * mib, 180 * mib},
		{"too much is resident", 270 * mib, 179 * mib, 140 * mib, 150 * mib},
		{"far too much is", 900 * mib, 179 * mib, 102 * mib, 103 * mib},
		{"there is room again", 200 * mib, 120 * mib, 121 * mib, 130 * mib},
	} {
		if got := nextLimit(256*mib, c.resident, c.limit); got < c.least || got > c.most {
			t.Errorf("%s: the limit is %d MiB, not %d to %d", c.what, got/mib, c.least/mib, c.most/mib)
		}
	}
}

func TestAMemoryIsLetGoOf(t *testing.T) {
	was := debug.SetMemoryLimit(-1)
	b, release := limitMemory(256*mib, 4)
	if b != budgetOf(256*mib, 4) || debug.SetMemoryLimit(-1) > 180*mib {
		t.Errorf("the runtime's limit is %d, the budget %+v", debug.SetMemoryLimit(-1), b)
	}
	release()
	if got := debug.SetMemoryLimit(-1); got != was {
		t.Errorf("the limit is %d afterwards, it was %d", got, was)
	}
	if b, release := limitMemory(0, 4); was == math.MaxInt64 && b != (budget{}) {
		t.Errorf("nothing was asked for and %+v is bounded", b)
	} else {
		release()
	}
}

func TestLinuxTellsWhatIsResident(t *testing.T) {
	if got := resident(); runtime.GOOS == "linux" && got < mib {
		t.Errorf("%d bytes are resident", got)
	}
}
