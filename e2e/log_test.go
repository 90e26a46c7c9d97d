package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs the program without a server and gives what it printed.
func command(t testing.TB, args ...string) (string, bool) {
	t.Helper()
	p := start(t, program, append(args, "--lang", "en")...)
	<-p.done
	return p.log.String(), p.cmd.ProcessState.ExitCode() == 0
}

func TestABackupIsRestoredWithTheSameHashes(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	pushAndEnd(s, feedFile(t))
	want := s.verify(demoMonth)
	dir := filepath.Join(t.TempDir(), "backup")
	s.mustKaohe("backup", dir)
	if out, err := s.kaohe("backup", dir); err == nil || !strings.Contains(out, "not empty") {
		t.Errorf("backed up over a backup: %v\n%s", err, out)
	}
	s.stop()

	data := filepath.Join(t.TempDir(), "data")
	out, ok := command(t, "restore", dir, "--data", data)
	if !ok || !strings.Contains(out, want) || !strings.Contains(out, "the same") || strings.Contains(out, "differs") {
		t.Fatalf("restore: %s", out)
	}
	if out, ok := command(t, "restore", dir, "--data", data); ok {
		t.Errorf("restored over what is there: %s", out)
	}
	again := up(t, data)
	if got := again.verify(demoMonth); got != want {
		t.Fatalf("restored to hash %s, it was %s", got, want)
	}
	// What comes again is known, customers included: the key was restored too.
	if out := again.mustKaohe("push", feedFile(t)); !strings.Contains(out, "accepted 0") {
		t.Errorf("pushed again: %s", out)
	}
	again.stop()

	files, err := filepath.Glob(filepath.Join(dir, "events-*.pb.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the backup has no log: %v", err)
	}
	raw := []byte(mustRead(t, files[0]))
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(files[0], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "data")
	if out, ok := command(t, "restore", dir, "--data", fresh); ok || !strings.Contains(out, "is damaged") {
		t.Errorf("a damaged backup: %s", out)
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("a damaged backup left a data directory behind")
	}
}

func TestARebuildArrivesAtTheSameHashes(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := up(t, data)
	pushAndEnd(s, feedFile(t))
	want := s.verify(demoMonth)
	if out, ok := command(t, "rebuild", "--data", data); ok || !strings.Contains(out, "in use") {
		t.Errorf("rebuilt while it runs: %s", out)
	}
	s.stop()
	out, ok := command(t, "rebuild", "--data", data)
	if !ok || !strings.Contains(out, want) || strings.Contains(out, "differs") {
		t.Fatalf("rebuild: %s", out)
	}
	// The number of partitions can be changed in this way, and in no other.
	if out, ok := command(t, "rebuild", "--data", data, "--partitions", "3"); !ok || !strings.Contains(out, want) {
		t.Fatalf("rebuild in other parts: %s", out)
	}
	again := up(t, data, "--partitions", "3")
	if got := again.verify(demoMonth); got != want {
		t.Fatalf("rebuilt to hash %s, it was %s", got, want)
	}
	// Who verified before, and who rebuilt, is told after.
	trail := again.mustKaohe("audit", "--what", "call_made")
	for _, call := range []string{"VerifyMonth", "rebuild", "local:"} {
		if !strings.Contains(trail, call) {
			t.Errorf("the trail does not tell of %s:\n%s", call, trail)
		}
	}
}
