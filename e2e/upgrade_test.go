package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kaohe.dev/e2e/port"
)

// refusedAtMost is how long an upgrade may keep an event out; the guide says so.
const refusedAtMost = 2 * time.Second

// delivery is a source that pushes without a pause, and goes to the other
// gateway when one does not answer.
type delivery struct {
	t        testing.TB
	gateways []*server
	pushed   chan int // how many are in, told when asked
	longest  time.Duration
	err      error
	over     chan struct{}
}

// deliver pushes a feed, ten events at a time, each as soon as the one before
// is in, and at most fifty times a second.
func deliver(t testing.TB, feed []string, gateways ...*server) *delivery {
	d := &delivery{t: t, gateways: gateways, pushed: make(chan int), over: make(chan struct{})}
	go func() {
		defer close(d.over)
		pace := time.NewTicker(20 * time.Millisecond)
		defer pace.Stop()
		for from := 0; from < len(feed) && d.err == nil; {
			select {
			case d.pushed <- from:
			case <-pace.C:
				end := min(from+10, len(feed))
				d.err = d.push("[" + strings.Join(feed[from:end], ",") + "]")
				from = end
			}
		}
	}()
	return d
}

// push pushes until one of the gateways has taken it.
func (d *delivery) push(body string) error {
	began := time.Now()
	for {
		code, err := d.gateways[0].try("POST", "/v1/events", body, nil)
		if err == nil && code == http.StatusOK {
			d.longest = max(d.longest, time.Since(began))
			return nil
		}
		if time.Since(began) > busy {
			return fmt.Errorf("not taken in for %s: status %d: %w", busy, code, err)
		}
		d.gateways[0], d.gateways[1] = d.gateways[1], d.gateways[0]
	}
}

// more waits until so many more events are in, and says whether there are some
// left.
func (d *delivery) more(n int) bool {
	first := -1
	for {
		select {
		case pushed := <-d.pushed:
			if first < 0 {
				first = pushed
			}
			if pushed >= first+n {
				return true
			}
		case <-d.over:
			return false
		}
	}
}

// nextRelease is the program of the release that is put in. It is the same
// program under another name: what is tested is the way, with what one release
// writes and the other reads. What an earlier release wrote is in testdata.
func nextRelease(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "kaohe-next")
	if err := os.WriteFile(name, []byte(mustRead(t, program)), 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}

// Two replicas of everything are replaced one by one while events come.
func TestARollingUpgradeRefusesNobody(t *testing.T) {
	file := feedFile(t)
	one := up(t, t.TempDir())
	pushAndEnd(one, file)
	want := one.verify(demoMonth)
	one.stop()

	f := startFleet(t, natsAlone(t), 2)
	second := &server{data: f.data, http: port.Free(t), grpc: port.Free(t)}
	f.gatewayAt(program, second)
	feed := lines(mustRead(t, file))
	source := deliver(t, feed, f.server, second)
	next := nextRelease(t)
	all := 4 * len(services)
	for i, old := range f.replicas {
		source.more(200)
		old.stop()
		f.replicas[i] = f.replicaOf(t, next)
		f.awaitOwners(map[*process]int{f.replicas[i]: all / 2})
	}
	for _, gateway := range []*server{f.server, second} {
		source.more(200)
		gateway.stop()
		f.gatewayAt(next, gateway)
	}
	if !source.more(100) {
		t.Error("the feed was over before the upgrade")
	}
	<-source.over
	if source.err != nil {
		t.Fatal(source.err)
	}
	t.Logf("no push took longer than %v", source.longest.Round(time.Millisecond))
	if source.longest > refusedAtMost {
		t.Errorf("a push took %v, at most %v is promised", source.longest, refusedAtMost)
	}
	if code := f.call("POST", "/v1/barriers", `{"clock":"demo","to":"2026-04-20T00:00:00Z"}`, nil); code != http.StatusOK {
		t.Fatalf("barrier: status %d", code)
	}
	if got := f.verify(demoMonth); got != want {
		t.Fatalf("after the upgrade the hash is %s, without it is %s", got, want)
	}
	if out := f.mustKaohe("push", file); !strings.Contains(out, "accepted 0") {
		t.Errorf("pushed again, all should be known: %s", out)
	}
}
