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
	"kaohe.dev/e2e/port"
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
	s := &server{data: data, http: port.Free(p.t), grpc: port.Free(p.t)}
	s.process = start(p.t, program, append([]string{"up", "--data", data, "--http", s.http, "--grpc", s.grpc}, args...)...)
	pulled := p.disk.Pulled()
	go func() { // or who waits for an acknowledgement would wait long
		select {
		case <-pulled:
			s.kill()
		case <-s.done:
		}
	}()
	if p.ready(s) {
		while(s)
	}
	p.disk = p.disk.Pull(p.chance)
	s.kill()
	unmount()
}

var errPulled = errors.New("the plug is pulled")

// ready waits until it is ready; false: the plug was pulled before.
func (p *plugged) ready(s *server) bool {
	p.t.Helper()
	var err error
	await(p.t, "ready, nor the plug pulled", func() error {
		ended := closed(s.done)
		if closed(p.disk.Pulled()) {
			err = errPulled
			return nil
		}
		if ended {
			p.t.Fatal("it ended before it was ready")
		}
		err = s.ready()
		return err
	})
	return err == nil
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// pullsARound is after how many pulls is looked what is left.
const pullsARound = 20

// TestAPulledPlugLosesNothingAcknowledged pulls the plug at random moments
// under load: between any two things that the program does with the disk.
// KAOHE_PULLS sets how often; `make pull` does it 200 times.
func TestAPulledPlugLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	pulls := 8
	if n, err := strconv.Atoi(os.Getenv("KAOHE_PULLS")); err == nil {
		pulls = n
	}
	file := feedFile(t)
	clean := up(t, t.TempDir())
	pushAndEnd(clean, file)
	want := clean.verify(demoMonth)
	clean.stop()
	chance := rand.New(rand.NewPCG(23, 29))
	for ; pulls > 0; pulls -= pullsARound {
		p := &plugged{t: t, disk: disk.New(), chance: chance}
		p.round(lines(mustRead(t, file)), min(pulls, pullsARound))
		if got := p.whatIsLeft(file); got != want {
			t.Fatalf("after pulls the hash is %s, without it is %s", got, want)
		}
	}
}

// round pulls the plug some times on one disk and looks whether it has all that
// was acknowledged.
func (p *plugged) round(feed []string, pulls int) {
	p.t.Helper()
	acknowledged := 0
	for range pulls {
		p.disk.PullAfter(p.chance.IntN(6000))
		p.run(func(s *server) { acknowledged = pushSome(s, feed, acknowledged) })
	}
	p.t.Logf("%d events were acknowledged in %d pulls", acknowledged, pulls)
	data, unmount := p.mount()
	defer unmount()
	// The door has a memory of its own of what came, which must not hide a loss.
	if out, ok := command(p.t, "rebuild", "--data", data); !ok {
		p.t.Fatalf("rebuild: %s", out)
	}
	s := up(p.t, data)
	if lost := pushAgain(s, feed[:acknowledged]); lost > 0 {
		p.t.Fatalf("%d events are lost that were acknowledged", lost)
	}
	s.stop()
}

// whatIsLeft brings the disk to the end of the feed and gives the hash.
func (p *plugged) whatIsLeft(file string) string {
	p.t.Helper()
	data, unmount := p.mount()
	defer unmount()
	s := up(p.t, data)
	pushAndEnd(s, file)
	defer s.stop()
	return s.verify(demoMonth)
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
	t.Parallel()
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
	if out, ok := command(t, "up", "--data", data, "--http", port.Free(t), "--grpc", port.Free(t)); ok || !strings.Contains(out, "kaohe rebuild") {
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
