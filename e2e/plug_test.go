package e2e

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"kaohe.dev/e2e/disk"
)

// plugged is a data directory on a disk whose plug can be pulled.
type plugged struct {
	t      testing.TB
	disk   *disk.Disk
	chance *rand.Rand
}

// mount shows the disk at a new place until the test ends or unmount is called.
func (p *plugged) mount() (data string, unmount func()) {
	p.t.Helper()
	dir := p.t.TempDir()
	off, err := p.disk.Mount(dir)
	if err != nil {
		p.t.Skipf("pulling the plug needs /dev/fuse and the right to mount: %v", err)
	}
	mounted := true
	unmount = func() {
		if mounted {
			if err := off(); err != nil {
				p.t.Error(err)
			}
		}
		mounted = false
	}
	p.t.Cleanup(unmount)
	return filepath.Join(dir, "data"), unmount
}

// run runs kaohe on the disk, does something with it once it is ready, and
// pulls the plug, if it is not out yet: the process dies, and the disk is the
// one that is found.
func (p *plugged) run(while func(*server), args ...string) {
	p.t.Helper()
	data, unmount := p.mount()
	s := &server{data: data, http: freePort(p.t), grpc: freePort(p.t)}
	s.process = start(p.t, program, append([]string{"up", "--data", data, "--http", s.http, "--grpc", s.grpc}, args...)...)
	if p.ready(s) {
		while(s)
	}
	p.disk = p.disk.Pull(p.chance)
	s.kill()
	unmount()
}

// ready waits until it is ready; false: the plug was pulled before.
func (p *plugged) ready(s *server) bool {
	var err error
	await(p.t, "ready, nor the plug pulled", func() error {
		select {
		case <-p.disk.Pulled():
			err = errors.New("the plug is pulled")
			return nil
		case <-s.done:
			p.t.Fatal("it ended before it was ready")
		default:
		}
		err = s.ready()
		return err
	})
	return err == nil
}

// TestAPulledPlugLosesNothingAcknowledged pulls the plug at random moments
// under load: between any two things that the program does with the disk.
// KAOHE_PULLS sets how often; `make pull` does it 200 times.
func TestAPulledPlugLosesNothingAcknowledged(t *testing.T) {
	pulls := 4
	if n, err := strconv.Atoi(os.Getenv("KAOHE_PULLS")); err == nil {
		pulls = n
	}
	feed := lines(mustRead(t, feedFile(t)))
	p := &plugged{t: t, disk: disk.New(), chance: rand.New(rand.NewPCG(23, 29))}
	acknowledged := 0
	for range pulls {
		p.disk.PullAfter(p.chance.IntN(3000))
		p.run(func(s *server) { acknowledged = pushSome(s, feed, acknowledged) })
	}
	t.Logf("%d of %d events were acknowledged in %d pulls", acknowledged, len(feed), pulls)

	data, _ := p.mount()
	if out, ok := command(t, "rebuild", "--data", data); !ok {
		t.Fatalf("rebuild: %s", out)
	}
	s := up(t, data)
	if lost := pushAgain(s, feed[:acknowledged]); lost > 0 {
		t.Fatalf("%d events are lost that were acknowledged", lost)
	}
	pushAgain(s, feed[acknowledged:])
	if code := s.call("POST", "/v1/barriers", `{"clock":"demo","to":"2026-04-20T00:00:00Z"}`, nil); code != 200 {
		t.Fatalf("barrier: status %d", code)
	}
	got := s.verify(demoMonth)
	s.stop()

	clean := up(t, t.TempDir())
	pushAndEnd(clean, feedFile(t))
	if want := clean.verify(demoMonth); got != want {
		t.Fatalf("after %d pulls the hash is %s, without it is %s", pulls, got, want)
	}
}

// pushSome pushes events from a place on until the plug is pulled, and gives
// how many were acknowledged.
func pushSome(s *server, feed []string, from int) int {
	for from < len(feed) {
		end := min(from+20, len(feed))
		code, err := s.try("POST", "/v1/events", "["+strings.Join(feed[from:end], ",")+"]", nil)
		if err != nil || code != 200 {
			break
		}
		from = end
	}
	return from
}

// pushAgain pushes events and gives how many of them were new.
func pushAgain(s *server, feed []string) int {
	s.t.Helper()
	fresh := 0
	for from := 0; from < len(feed); from += 500 {
		var answer struct{ Accepted, Rejected string }
		body := "[" + strings.Join(feed[from:min(from+500, len(feed))], ",") + "]"
		if code := s.call("POST", "/v1/events", body, &answer); code != 200 || answer.Rejected != "0" && answer.Rejected != "" {
			s.t.Fatalf("push: status %d, %+v", code, answer)
		}
		n, _ := strconv.Atoi(answer.Accepted)
		fresh += n
	}
	return fresh
}

// With an interval the same pull takes what was acknowledged since: the fault
// is real, and what is said of --sync is true. What is left can be used.
func TestAPulledPlugTakesWhatAnIntervalLeftUnsynced(t *testing.T) {
	feed := lines(mustRead(t, feedFile(t)))
	p := &plugged{t: t, disk: disk.New(), chance: rand.New(rand.NewPCG(31, 37))}
	data, unmount := p.mount()
	up(t, data).stop()
	unmount()
	acknowledged := 0
	p.run(func(s *server) { acknowledged = pushSome(s, feed[:2000], 0) }, "--sync", "1h")
	if acknowledged != 2000 {
		t.Fatalf("only %d events were acknowledged", acknowledged)
	}

	data, _ = p.mount()
	note := filepath.Join(data, "unsynced")
	if err := os.WriteFile(note, []byte("another start of the machine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := command(t, "up", "--data", data, "--http", freePort(t), "--grpc", freePort(t)); ok || !strings.Contains(out, "kaohe rebuild") {
		t.Errorf("after the machine went down it said: %s", out)
	}
	if out, ok := command(t, "rebuild", "--data", data); !ok {
		t.Fatalf("rebuild: %s", out)
	}
	s := up(t, data)
	lost := pushAgain(s, feed[:acknowledged])
	t.Logf("%d of %d events were lost", lost, acknowledged)
	if lost == 0 {
		t.Error("nothing is lost: the plug was not pulled")
	}
	s.verify(demoMonth)
}
