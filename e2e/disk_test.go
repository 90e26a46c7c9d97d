package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a disk of its own.
func smallDisk(t testing.TB, size string) string {
	t.Helper()
	dir := t.TempDir()
	tight.Store(t.Name(), true)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a small disk needs the right to mount one: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes until a disk is full, and gives what makes room again.
func fill(t testing.TB, dir string) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for chunk := make([]byte, 1<<20); err == nil; {
		_, err = file.Write(chunk)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// overdue are tickets of March that fell due; each costs points.
func overdue(from, to int) string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf(`{"id":"o%[1]d","source":"96766","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"T%[1]d",`+
			`"kind":"TICKET_KIND_FAULT","unit":"chengqu","dueAt":"2026-03-03T09:00:00+08:00"}}`, i))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestAFullDiskIsToldAndLosesNothing(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "128m")
	s := up(t, filepath.Join(disk, "data"), "--reserve", "40MiB")
	unit := `{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"chengqu","nameZh":"城区","kind":"UNIT_KIND_OUTLET"}}`
	if code := s.call("POST", "/v1/events", unit, nil); code != http.StatusOK {
		t.Fatalf("register the unit: status %d", code)
	}
	if code := s.call("POST", "/v1/events", overdue(0, 3000), nil); code != http.StatusOK {
		t.Fatalf("push: status %d", code)
	}
	free := fill(t, disk) // while the services still decide

	var refusal struct{ Code, Message string }
	if code := s.call("POST", "/v1/events", overdue(3000, 3001), &refusal); code != http.StatusInsufficientStorage || refusal.Code != "disk_full" {
		t.Errorf("with a full disk: status %d, %+v", code, refusal)
	}
	one := write(t, "one.ndjson", strings.Trim(overdue(3000, 3001), "[]"))
	if out, err := s.kaohe("push", one); err == nil || !strings.Contains(out, "kaohe: the disk is full") {
		t.Errorf("push on the command line: %v\n%s", err, out)
	}
	var ready struct{ Reasons map[string]string }
	if code := s.call("GET", "/readyz", "", &ready); code != http.StatusServiceUnavailable || !strings.Contains(ready.Reasons["door"], "free some space") {
		t.Errorf("readiness: status %d, %v", code, ready.Reasons)
	}
	if code := s.call("GET", "/v1/months/2026-03/scorecards", "", nil); code != http.StatusOK {
		t.Errorf("reading with a full disk: status %d", code)
	}

	free()
	await(t, "ready again", func() error {
		if code, err := s.try("GET", "/readyz", "", nil); err != nil || code != http.StatusOK {
			return fmt.Errorf("status %d: %w", code, err)
		}
		return nil
	})
	if code := s.call("POST", "/v1/events", overdue(2900, 3100), nil); code != http.StatusOK {
		t.Fatalf("push after room was made: status %d", code)
	}
	s.verify(demoMonth)
	if n := len(s.entries(demoMonth, "state=active&rule=ticket_overdue")); n != 3100 {
		t.Errorf("%d tickets are overdue, want 3100", n)
	}
}

func TestAFullDiskCostsNoReport(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	s.pushes(`[{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"chengqu","nameZh":"城区","kind":"UNIT_KIND_OUTLET"}}]`)
	s.pushes(overdue(0, 300))
	disk := smallDisk(t, "1m")
	file := func(name string) string { return filepath.Join(disk, name) }
	for _, name := range []string{"report.xlsx", "report.csv", "report.html"} {
		if out, err := s.kaohe("report", demoMonth, "--file", file(name)); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		before, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		free := fill(t, disk)
		if out, err := s.kaohe("report", demoMonth, "--file", file(name), "--force"); err == nil || !strings.Contains(out, "no space left") {
			t.Errorf("%s on a full disk: %v\n%s", name, err, out)
		}
		if after, err := os.ReadFile(file(name)); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s is not what it was: %d bytes of %d, %v", name, len(after), len(before), err)
		}
		if out, err := s.kaohe("report", demoMonth, "--file", file("new-"+name)); err == nil {
			t.Errorf("new-%s on a full disk: %s", name, out)
		}
		if left, err := filepath.Glob(file("*" + name + "*")); err != nil || len(left) != 1 {
			t.Errorf("left on the disk: %v, %v", left, err)
		}
		free()
	}
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
