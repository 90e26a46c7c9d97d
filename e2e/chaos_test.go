package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// chaos is kaohe on a cluster with two replicas of every service, and an
// adversary whose faults follow from the seed alone.
type chaos struct {
	t       testing.TB
	chance  *rand.Rand
	cluster cluster
	fleet   *fleet
	feed    []string // what was not pushed yet
	pushed  int
	worst   time.Duration // from the end of a fault to the next acknowledgement
	counts  map[string]int
}

// fault is something the adversary does; it gives what ends it.
type fault struct {
	name string
	do   func() (heal func())
}

func (c *chaos) faults() []fault {
	node := func() *node { return c.cluster[c.chance.IntN(len(c.cluster))] }
	replica := func() int { return c.chance.IntN(len(c.fleet.replicas)) }
	freeze := func(p *process) func() {
		send := func(s syscall.Signal) {
			if err := p.cmd.Process.Signal(s); err != nil {
				c.t.Fatal(err)
			}
		}
		send(syscall.SIGSTOP)
		return func() { send(syscall.SIGCONT) }
	}
	return []fault{
		{"a NATS node is killed", func() func() { n := node(); n.kill(); return n.start }},
		{"a NATS node is cut off", func() func() { return freeze(node().process) }},
		{"a replica is killed", func() func() {
			at := replica()
			c.fleet.replicas[at].kill()
			return func() { c.fleet.replicas[at] = c.fleet.replica(c.t) }
		}},
		{"a replica stands still", func() func() { return freeze(c.fleet.replicas[replica()]) }},
		{"a replica is stopped", func() func() {
			at := replica()
			p := c.fleet.replicas[at]
			if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil { // it may be starting still
				c.t.Fatal(err)
			}
			<-p.done
			return func() { c.fleet.replicas[at] = c.fleet.replica(c.t) }
		}},
		{"the gateway is killed", func() func() { c.fleet.kill(); return c.fleet.startGateway }},
		{"a node and a replica are killed", func() func() {
			n, at := node(), replica()
			n.kill()
			c.fleet.replicas[at].kill()
			return func() {
				n.start()
				c.fleet.replicas[at] = c.fleet.replica(c.t)
			}
		}},
	}
}

const chaosBatch = 25

// next takes the next events, in disorder and some of them twice.
func (c *chaos) next() []string {
	n := min(chaosBatch, len(c.feed))
	chunk := append([]string(nil), c.feed[:n]...)
	c.feed = c.feed[n:]
	for range n / 5 {
		chunk = append(chunk, chunk[c.chance.IntN(n)])
	}
	c.chance.Shuffle(len(chunk), func(i, j int) { chunk[i], chunk[j] = chunk[j], chunk[i] })
	return chunk
}

// try pushes once.
func (c *chaos) try(chunk []string) error {
	var answer struct{ Rejected string }
	code, err := c.fleet.try("POST", "/v1/events", "["+strings.Join(chunk, ",")+"]", &answer)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("status %d", code)
	}
	if err == nil && answer.Rejected != "" && answer.Rejected != "0" {
		c.t.Fatalf("%s of %d events were rejected", answer.Rejected, len(chunk))
	}
	return err
}

// push pushes until it is acknowledged.
func (c *chaos) push() {
	chunk := c.next()
	if len(chunk) == 0 {
		return
	}
	await(c.t, "acknowledged", func() error { return c.try(chunk) })
	c.pushed += len(chunk)
}

// strike does one fault: events go on being pushed, and when one is refused the
// fault ends and the same events are pushed again.
func (c *chaos) strike(f fault) {
	c.counts[f.name]++
	heal := f.do()
	chunk := c.next()
	err := error(nil)
	if len(chunk) > 0 {
		err = c.try(chunk)
	}
	ended := time.Now()
	heal()
	if err != nil {
		await(c.t, "acknowledged after "+f.name, func() error { return c.try(chunk) })
		c.worst = max(c.worst, time.Since(ended))
	}
	c.pushed += len(chunk)
	c.cluster.awaitHealth() // two faults of one kind at a time would be beyond what three nodes bear
	c.push()
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

func isUnit(line string) bool { return strings.Contains(line, `"unitRegistered"`) }

// TestChaos runs KAOHE_FAULTS faults (30; `make chaos` 1,000) that follow from
// KAOHE_SEED (1), and compares with one undisturbed process.
func TestChaos(t *testing.T) {
	total, seed := number(t, "KAOHE_FAULTS", 30), uint64(number(t, "KAOHE_SEED", 1))
	events := 2 * chaosBatch * total
	var months []string
	var feed []string
	for month := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC); len(feed) < events; month = month.AddDate(0, 1, 0) {
		months = append(months, month.Format("2006-01"))
		played := lines(mustRead(t, feedOf(t, month.Format("2006-01"))))
		if len(feed) > 0 {
			played = slices.DeleteFunc(played, isUnit) // they are registered
		}
		feed = append(feed, played...)
	}
	end := fmt.Sprintf(`{"clock":"demo","to":%q}`, time.Date(2026, time.Month(3+len(months)), 20, 0, 0, 0, 0, time.UTC).Format(time.RFC3339))

	one := up(t, t.TempDir())
	one.mustKaohe("push", write(t, "all.ndjson", strings.Join(feed, "\n")))
	if code := one.call("POST", "/v1/barriers", end, nil); code != http.StatusOK {
		t.Fatalf("barrier: status %d", code)
	}
	var want []string
	for _, month := range months {
		want = append(want, one.verify(month))
	}
	one.stop()

	c := &chaos{t: t, chance: rand.New(rand.NewPCG(seed, 0)), counts: map[string]int{}}
	c.cluster = startCluster(t, [3]string{t.TempDir(), t.TempDir(), t.TempDir()})
	c.fleet = startFleet(t, c.cluster.url(), 2, "--replicas", "3", "--nats-nkeys", c.cluster[0].keys)
	// The door refuses tickets of units it does not know, so units come in order.
	c.feed = slices.DeleteFunc(slices.Clone(feed), isUnit)
	if err := c.try(slices.DeleteFunc(slices.Clone(feed), func(line string) bool { return !isUnit(line) })); err != nil {
		t.Fatal(err)
	}
	faults := c.faults()
	for i := range total {
		c.strike(faults[c.chance.IntN(len(faults))])
		if i%10 == 9 {
			t.Logf("%d faults, %d events pushed", i+1, c.pushed)
		}
	}
	for len(c.feed) > 0 {
		c.push()
	}
	began := time.Now()
	await(t, "decided", func() error {
		code, err := c.fleet.try("POST", "/v1/barriers", end, nil)
		if err == nil && code != http.StatusOK {
			err = fmt.Errorf("status %d", code)
		}
		return err
	})
	t.Logf("seed %d, %d faults: %v; %d events pushed with duplicates; worst time to the next acknowledgement %v; all decided %v after the last",
		seed, total, c.counts, c.pushed, c.worst.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	for i, month := range months {
		if got := c.fleet.verify(month); got != want[i] {
			t.Errorf("%s has hash %s, undisturbed it has %s", month, got, want[i])
		}
	}
	// Every acknowledged event is in: none is new when all come again.
	for from := 0; from < len(feed); from += 1000 {
		var answer struct{ Accepted, Duplicates string }
		chunk := feed[from:min(from+1000, len(feed))]
		code := c.fleet.call("POST", "/v1/events", "["+strings.Join(chunk, ",")+"]", &answer)
		if code != http.StatusOK || answer.Accepted != "" && answer.Accepted != "0" || answer.Duplicates != strconv.Itoa(len(chunk)) {
			t.Fatalf("events %d…: status %d, %+v of %d", from, code, answer, len(chunk))
		}
	}
}
