package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// chaos is a province under attack: events are pushed while an adversary strikes,
// and everything that happens follows from the seed.
type chaos struct {
	*province
	t        testing.TB
	seed     uint64
	load     *load
	receiver *receiver
	only     string // faults whose names have this in them; empty: all
	counts   map[string]int
	// worst times: from the end of a fault to the acknowledgement of what was
	// refused, of any push, and from the last of ten faults until all is decided.
	healed, pushed, decided time.Duration
}

func number(t testing.TB, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func startChaos(t testing.TB, seed uint64, total int) *chaos {
	c := &chaos{t: t, seed: seed, counts: map[string]int{}, receiver: receive(t)}
	c.province = startProvince(t)
	c.load = newLoad(t, rand.New(rand.NewPCG(seed, 0)), c.gateways, total)
	c.gateways[0].mustKaohe("webhook", "add", c.receiver.URL, "--name", "chaos")
	c.load.register()
	c.backUp()
	return c
}

// strike does one fault in the middle of a push, pushes more while it lasts, and
// ends it when that is in or both gateways have refused it.
func (c *chaos) strike(f fault) {
	c.counts[f.String()]++
	before := c.load.begin(c.load.next())
	heal := f.do(c.province)
	during := c.load.begin(c.load.next())
	refused := during.wait()
	ended := time.Now()
	heal()
	for _, p := range []*push{before, during} {
		p.acknowledged(c.t, f)
		c.pushed = max(c.pushed, p.took)
	}
	if refused {
		c.healed = max(c.healed, time.Since(ended))
	}
	c.awaitHealth() // more at a time would be beyond what three nodes bear
}

// settle waits until all that was pushed is decided.
func (c *chaos) settle(barrier string) {
	began := time.Now()
	await(c.t, "decided", func() error { return c.load.barrier(barrier) })
	c.decided = max(c.decided, time.Since(began))
}

func (c *chaos) run(total int) {
	next := 0
	for i := range total {
		f := faultOf(c.seed, next)
		for next++; !strings.Contains(f.String(), c.only); next++ {
			f = faultOf(c.seed, next)
		}
		c.strike(f)
		if i%10 == 9 {
			c.settle("{}")
			c.t.Logf("%d faults, the last: %v; %d events are in; all decided %v later at worst", i+1, f, c.load.in, c.decided.Round(time.Millisecond))
		}
	}
}

// toldOnce makes sure that each notification was made once, under one id: a
// receiver may hear it again after a crash, but takes an id once.
func (c *chaos) toldOnce() {
	var want []string
	for _, complaint := range c.load.complaints {
		for _, level := range []string{"notice.raised complaint/%s information", "notice.raised complaint/%s warning", "notice.raised complaint/%s breach", "entry.posted complaint/%s breach"} {
			want = append(want, fmt.Sprintf(level, complaint))
		}
	}
	slices.Sort(want)
	await(c.t, "told", func() error {
		if got := c.receiver.once(); !slices.Equal(got, want) {
			return fmt.Errorf("told %s", difference(got, want))
		}
		return nil
	})
	heard := len(c.receiver.short())
	c.t.Logf("%d notifications, each once; %d of them were sent again under the same id", len(want), heard-len(want))
}

// difference says which of two sorted lists has what the other lacks.
func difference(got, want []string) string {
	var all []string
	for _, one := range got {
		if at, found := slices.BinarySearch(want, one); found {
			want = slices.Delete(slices.Clone(want), at, at+1)
			continue
		}
		all = append(all, "too often: "+one)
	}
	for _, one := range want {
		all = append(all, "never: "+one)
	}
	return strings.Join(all[:min(len(all), 20)], "; ")
}

// TestChaos runs KAOHE_FAULTS faults (30; `make chaos` 1,000) that follow from
// KAOHE_SEED (1), and compares with one undisturbed process.
func TestChaos(t *testing.T) {
	total, seed := number(t, "KAOHE_FAULTS", 30), uint64(number(t, "KAOHE_SEED", 1))
	c := startChaos(t, seed, total)
	c.only = os.Getenv("KAOHE_FAULT")
	c.run(total)
	c.load.rest()
	c.settle(c.load.end())
	t.Logf("seed %d, %d faults: %v; %d events pushed with duplicates; at worst a push took %v, was in %v after a fault ended, and all was decided %v after the tenth fault",
		seed, total, c.counts, c.load.in, c.pushed.Round(time.Millisecond), c.healed.Round(time.Millisecond), c.decided.Round(time.Millisecond))
	c.toldOnce()
	c.load.allKnown()
	got := map[string]string{}
	for _, month := range c.load.months {
		got[month] = c.gateways[0].verify(month)
		if other := c.gateways[1].verify(month); other != got[month] {
			t.Errorf("%s has hash %s at one gateway, %s at the other", month, got[month], other)
		}
	}
	one := up(t, t.TempDir())
	one.mustKaohe("push", write(t, "all.ndjson", strings.Join(c.load.all, "\n")))
	await(t, "decided undisturbed", func() error { return barrier(one, c.load.end()) })
	for month, hash := range got {
		if want := one.verify(month); hash != want {
			t.Errorf("%s has hash %s, undisturbed it has %s", month, hash, want)
		}
	}
}
