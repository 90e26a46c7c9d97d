package e2e

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kaohe.dev/e2e/disk"
	"kaohe.dev/e2e/port"
)

// cut runs a command on the disk and pulls the plug after so many changes of it;
// false: the command had ended before.
func (p *plugged) cut(after int, args func(data string) []string) bool {
	p.t.Helper()
	data, unmount := p.mount()
	p.disk.PullAfter(after)
	running := start(p.t, program, append(args(data), "--lang", "en")...)
	pulled := false
	select {
	case <-p.disk.Pulled():
		pulled = true
	case <-running.done:
		pulled = closed(p.disk.Pulled())
		if code := running.cmd.ProcessState.ExitCode(); code != 0 && !pulled {
			p.t.Fatalf("it ended with code %d: %s", code, running.log)
		}
	}
	p.disk = p.disk.Pull(p.chance)
	running.kill()
	unmount()
	return pulled
}

// copied is another disk with the same on it; nobody may be using this one.
func (p *plugged) copied() *plugged {
	settled := p.disk.Pull(p.chance) // two pulls of it find the same
	p.disk = settled.Pull(p.chance)
	return &plugged{t: p.t, disk: settled.Pull(p.chance), chance: p.chance}
}

// found is what a start says of a data directory: "refused", or the hash of the
// month, empty where nothing was ever in it.
func (p *plugged) found(work string, flags ...string) string {
	p.t.Helper()
	data, unmount := p.mount()
	defer unmount()
	return foundIn(p.t, data, work, flags...)
}

func foundIn(t testing.TB, data, work string, flags ...string) string {
	t.Helper()
	s := &server{data: data, http: port.Free(t), grpc: port.Free(t)}
	s.process = start(t, program, append([]string{"up", "--data", data, "--http", s.http, "--grpc", s.grpc, "--lang", "en"}, flags...)...)
	refused := errors.New("refused")
	var err error
	await(t, "ready, or refused", func() error {
		if closed(s.done) {
			err = refused
			return nil
		}
		err = s.ready()
		return err
	})
	if err == nil {
		defer s.stop()
		if len(s.entries(demoMonth, "")) == 0 {
			return ""
		}
		return s.verify(demoMonth)
	}
	if said := s.log.String(); !strings.Contains(said, "is not whole") || !strings.Contains(said, "run kaohe "+work) {
		t.Fatalf("it refused and said: %s", said)
	}
	return "refused"
}

// cuts is how often each work is cut short. KAOHE_CUTS sets it.
func cuts() int {
	if n, err := strconv.Atoi(os.Getenv("KAOHE_CUTS")); err == nil {
		return n
	}
	return 3
}

// worked is a data directory with a month, made on a disk, with its hash and a
// backup of it.
func worked(t testing.TB) (p *plugged, want, backup string) {
	t.Helper()
	p = &plugged{t: t, disk: disk.New(), chance: rand.New(rand.NewPCG(47, 53))}
	data, unmount := p.mount()
	s := up(t, data)
	s.pushes(`[{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"chengqu","nameZh":"城区","kind":"UNIT_KIND_OUTLET"}}]`)
	for from := 0; from < 400; from += 50 {
		s.pushes(overdue(from, from+50))
	}
	want = s.verify(demoMonth)
	backup = filepath.Join(t.TempDir(), "backup")
	s.mustKaohe("backup", backup)
	s.stop()
	unmount()
	return p, want, backup
}

// shorten cuts a work short again and again: each time the directory is as it
// was, whole, or refused, and the same command brings it to its end.
func shorten(t *testing.T, from *plugged, work, before, want string, args func(data string) []string, flags ...string) {
	t.Helper()
	// How much there is to cut is found out by doing it all.
	most := 64
	for whole := from.copied(); whole.cut(most, args); whole = from.copied() {
		most *= 2
	}
	refused := 0
	for range cuts() {
		p := from.copied()
		for p.cut(1+from.chance.IntN(most), args) {
			got := p.copied().found(work, flags...)
			if got != before && got != want && got != "refused" {
				t.Fatalf("%s was cut short, and it started with hash %q, before it was %q, whole it is %q", work, got, before, want)
			}
			if got == "refused" {
				refused++
			}
		}
		if got := p.found(work, flags...); got != want {
			t.Fatalf("%s was gone on with, and it is %q, not %q", work, got, want)
		}
	}
	t.Logf("%s changes the disk less than %d times; it was refused %d times", work, most, refused)
}

func TestARestoreIsWholeOrRefused(t *testing.T) {
	t.Parallel()
	_, want, backup := worked(t)
	empty := &plugged{t: t, disk: disk.New(), chance: rand.New(rand.NewPCG(59, 61))}
	shorten(t, empty, "restore "+backup, "", want, func(data string) []string { return []string{"restore", backup, "--data", data} })
}

func TestARebuildIsWholeOrRefused(t *testing.T) {
	t.Parallel()
	p, want, _ := worked(t)
	shorten(t, p, "rebuild", want, want, func(data string) []string { return []string{"rebuild", "--data", data} })
}

// TestAnArchivingIsWholeOrRefused: what is purged lies on another disk.
func TestAnArchivingIsWholeOrRefused(t *testing.T) {
	t.Parallel()
	p, want, _ := worked(t)
	next := time.Now().UTC().AddDate(0, 0, 15).Format("2006-01")
	if next == time.Now().UTC().Format("2006-01") {
		next = time.Now().UTC().AddDate(0, 1, 0).Format("2006-01")
	}
	archive := filepath.Join(t.TempDir(), "archive")
	shorten(t, p, "archive", want, want, func(data string) []string {
		return []string{"archive", "--before", next, "--purge", "--data", data, archive}
	}, "--archive", archive)
}

// TestAnUpgradeIsWholeWheneverItIsKilled: a start that finds the documents of an
// earlier kaohe builds them anew; the next one goes on with that.
func TestAnUpgradeIsWholeWheneverItIsKilled(t *testing.T) {
	t.Parallel()
	const release = "testdata/release-1"
	hashes := strings.Fields(mustRead(t, filepath.Join(release, "hash")))
	data := unpack(t, filepath.Join(release, "data.tar.gz"))
	marked := 0
	for _, after := range []time.Duration{100, 200, 300, 400, 500, 700} {
		upgrading := start(t, program, "up", "--data", data, "--http", port.Free(t), "--grpc", port.Free(t))
		stop := time.AfterFunc(after*time.Millisecond, upgrading.kill)
		<-upgrading.done
		stop.Stop()
		if _, err := os.Stat(filepath.Join(data, "unfinished")); err == nil {
			marked++
		}
	}
	t.Logf("%d times it was interrupted before it was whole", marked)
	if got := up(t, data).verify(demoMonth); got != hashes[len(hashes)-1] {
		t.Errorf("it verifies to %s, want %s", got, hashes[len(hashes)-1])
	}
}

// TestAKilledRestoreIsGoneOnWith: without a power loss, by the clock.
func TestAKilledRestoreIsGoneOnWith(t *testing.T) {
	t.Parallel()
	_, want, backup := worked(t)
	data := filepath.Join(t.TempDir(), "data")
	for _, after := range []time.Duration{50, 150, 300, 600} {
		restoring := start(t, program, "restore", backup, "--data", data)
		stop := time.AfterFunc(after*time.Millisecond, restoring.kill)
		<-restoring.done
		stop.Stop()
	}
	if out, ok := command(t, "restore", backup, "--data", data); !ok && !strings.Contains(out, "there are events already") {
		t.Fatalf("restore: %s", out)
	}
	if got := foundIn(t, data, "restore"); got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}
