package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kaohe.dev/e2e/port"
)

// feedFile writes the events that `kaohe demo` would play, as NDJSON.
func feedFile(t testing.TB) string {
	t.Helper()
	return feedOf(t, demoMonth)
}

func feedOf(t testing.TB, month string) string {
	t.Helper()
	out := start(t, program, "demo", "--print", "--month", month, "--seed", "5")
	<-out.done
	if code := out.cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("demo --print ended with code %d", code)
	}
	name := filepath.Join(t.TempDir(), "feed.ndjson")
	if err := os.WriteFile(name, []byte(out.log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const demoMonth = "2026-03"

// pushAndEnd pushes a feed file and moves its clock to after the month.
func pushAndEnd(s *server, file string) {
	s.t.Helper()
	s.mustKaohe("push", file)
	var answer struct{ Barrier struct{ Barrier string } }
	if code := s.call("POST", "/v1/barriers", `{"clock":"demo","to":"2026-04-20T00:00:00Z"}`, &answer); code != 200 {
		s.t.Fatalf("barrier: status %d", code)
	}
}

func TestSeparateProcessesArriveAtTheHashOfOne(t *testing.T) {
	t.Parallel()
	file := feedFile(t)
	one := up(t, t.TempDir())
	pushAndEnd(one, file)
	want := one.verify(demoMonth)
	one.stop()

	dir := t.TempDir()
	address := startNATS(t, filepath.Join(dir, "nats"))
	shared := []string{"--data", filepath.Join(dir, "kaohe"), "--nats", "nats://" + address, "--store", "sqlite:" + filepath.Join(dir, "state")}
	for _, target := range services {
		start(t, program, append([]string{"serve", "--target", target}, shared...)...)
	}
	s := &server{data: filepath.Join(dir, "kaohe"), http: port.Free(t), grpc: port.Free(t)}
	s.process = start(t, program, append([]string{
		"serve", "--target", "gateway", "--http", s.http, "--grpc", s.grpc,
	}, shared...)...)
	s.waitReady()
	pushAndEnd(s, file)
	if got := s.verify(demoMonth); got != want {
		t.Fatalf("separate processes have hash %s, one process has %s", got, want)
	}
}

// startNATS starts one server that keeps its streams in a directory.
func startNATS(t testing.TB, dir string) (address string) {
	t.Helper()
	address = port.Free(t)
	config := filepath.Join(t.TempDir(), "nats.conf")
	text := fmt.Sprintf("listen: %q\njetstream { store_dir: %q, sync_interval: always }\n", address, dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, natsServer, "-c", config)
	return address
}

func TestARestartGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	file := feedFile(t)
	data := t.TempDir()
	s := up(t, data)
	pushAndEnd(s, file)
	hash := s.verify(demoMonth)
	before := len(s.entries(demoMonth, ""))
	s.stop()
	again := up(t, data)
	if got := again.verify(demoMonth); got != hash {
		t.Fatalf("hash %s after the restart, %s before", got, hash)
	}
	if after := len(again.entries(demoMonth, "")); after != before || after == 0 {
		t.Fatalf("%d entries after the restart, %d before", after, before)
	}
}

func TestAPortInUseSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	other := start(t, program, "up", "--data", t.TempDir(), "--http", s.http, "--grpc", port.Free(t))
	<-other.done
	if out := other.log.String(); other.cmd.ProcessState.ExitCode() == 0 || !strings.Contains(out, s.http) {
		t.Fatalf("it ended with %d and said %q", other.cmd.ProcessState.ExitCode(), out)
	}
	if s.kaohe("units"); s.call("GET", "/v1/units", "", nil) != 200 {
		t.Fatal("the first one was harmed")
	}
}

func TestADataDirectoryInUseIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	other := start(t, program, "up", "--data", s.data, "--http", port.Free(t), "--grpc", port.Free(t))
	<-other.done
	if out := other.log.String(); !strings.Contains(out, "in use") {
		t.Fatalf("it said %q", out)
	}
}

// TestADamagedStateFileIsDecidedAnew: it is named, put aside, and what it held is
// there again, without anybody doing anything.
func TestADamagedStateFileIsDecidedAnew(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := up(t, data)
	pushAndEnd(s, feedFile(t))
	hash := s.verify(demoMonth)
	s.stop()
	files, err := filepath.Glob(filepath.Join(data, "state", "scoring*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no state of scoring in %s: %v", data, err)
	}
	for _, name := range files {
		if err := os.WriteFile(name, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = up(t, data)
	if out := s.log.String(); !strings.Contains(out, "scoring.db") || !strings.Contains(out, "decided anew") {
		t.Errorf("it said %q", out)
	}
	if got := s.verify(demoMonth); got != hash {
		t.Errorf("decided anew to hash %s, was %s", got, hash)
	}
	aside, err := filepath.Glob(filepath.Join(data, "damaged", "*", "state", "scoring.db"))
	if err != nil || len(aside) == 0 {
		t.Errorf("what was damaged is not kept aside (%v)", err)
	}
}
