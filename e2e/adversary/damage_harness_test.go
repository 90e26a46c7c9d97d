package adversary

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// damageMonth is the month that a directory to be damaged has.
const damageMonth = "2026-03"

// command runs the program and gives what it printed, and whether it ended well.
func command(t testing.TB, args ...string) (string, bool) {
	t.Helper()
	out, err := exec.Command(program, append(args, "--lang", "en")...).CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return string(out), err == nil
}

// asks runs a command that asks the server.
func (s *server) asks(args ...string) (string, bool) {
	s.t.Helper()
	return command(s.t, append(args, "--addr", s.grpc, "--data", s.data)...)
}

// stop is SIGTERM, and wants a clean end.
func (s *server) stop() {
	s.t.Helper()
	must(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.done:
	case <-time.After(2 * time.Minute):
		s.t.Fatal("it did not stop within two minutes of SIGTERM")
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Fatalf("it ended with code %d after SIGTERM:\n%s", code, s.log)
	}
}

// hash verifies the month and gives its hash.
func (s *server) hash() string {
	s.t.Helper()
	out, ok := s.asks("verify", "--month", damageMonth)
	if !ok || !strings.Contains(out, "the same") {
		s.t.Fatalf("verify: %s", out)
	}
	for line := range strings.Lines(out) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "ledger" {
			return words[2]
		}
	}
	s.t.Fatalf("verify names no hash: %s", out)
	return ""
}

// lived is a data directory in which a month was decided.
type lived struct {
	dir, hash string
	// feed is the file with the events of it.
	feed   string
	events int
}

// live makes one: left in order, or killed.
func live(t testing.TB, killed bool) lived {
	t.Helper()
	out, ok := command(t, "demo", "--print", "--month", damageMonth, "--seed", "5")
	if !ok {
		t.Fatalf("demo --print: %s", out)
	}
	l := lived{dir: filepath.Join(t.TempDir(), "data"), feed: filepath.Join(t.TempDir(), "feed.ndjson"), events: strings.Count(out, "\n")}
	must(t, os.WriteFile(l.feed, []byte(out), 0o600))
	s := up(t, l.dir)
	for events := range slices.Chunk(strings.Split(strings.TrimSpace(out), "\n"), 50) { // many messages
		if code := s.call("POST", "/v1/events", "["+strings.Join(events, ",")+"]", nil); code != 200 {
			t.Fatalf("push: status %d", code)
		}
	}
	if code := s.call("POST", "/v1/barriers", `{"clock":"demo","to":"2026-04-20T00:00:00Z"}`, nil); code != 200 {
		t.Fatalf("barrier: status %d", code)
	}
	l.hash = s.hash()
	if killed {
		s.kill()
	} else {
		s.stop()
	}
	return l
}

// copied gives a copy of the directory.
func (l lived) copied(t testing.TB) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	must(t, os.CopyFS(to, os.DirFS(l.dir)))
	must(t, os.Chmod(to, 0o700))
	return to
}

// place is a byte of a file, and how it changes.
type place struct {
	file string
	at   int64
	mask byte
}

// anywhere picks a byte of the directory by chance: every other time one of all
// bytes of all files, else one of a file, so that small files have their turn.
func anywhere(t testing.TB, dir string, turn int, chance *rand.Rand, wanted func(file string) bool) place {
	t.Helper()
	sizes, all := map[string]int64{}, int64(0)
	var names []string
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		name, relErr := filepath.Rel(dir, path)
		if err = errors.Join(err, relErr); err == nil && info.Size() > 0 && wanted(name) {
			names, sizes[name] = append(names, name), info.Size()
			all += info.Size()
		}
		return err
	}))
	slices.Sort(names)
	if turn%2 == 1 {
		name := names[chance.IntN(len(names))]
		return place{name, chance.Int64N(sizes[name]), byte(1 + chance.IntN(255))}
	}
	at := chance.Int64N(all)
	for _, name := range names {
		if at < sizes[name] {
			return place{name, at, byte(1 + chance.IntN(255))}
		}
		at -= sizes[name]
	}
	return place{}
}

// flip changes the byte.
func (p place) flip(t testing.TB, dir string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(dir, p.file), os.O_RDWR, 0)
	must(t, err)
	defer file.Close()
	one := make([]byte, 1)
	_, err = file.ReadAt(one, p.at)
	must(t, err)
	one[0] ^= p.mask
	_, err = file.WriteAt(one, p.at)
	must(t, err)
}

// tried starts kaohe in a directory and waits until it is ready or ends; running
// tells which. It gives what it said.
func tried(t testing.TB, dir string) (s *server, running bool, said string) {
	t.Helper()
	s = launch(t, dir)
	await(t, "ready, nor has it ended", func() error {
		select {
		case <-s.done:
			return nil
		default:
			err := s.asked()
			running = err == nil
			return err
		}
	})
	return s, running, s.log.String()
}

// flips is how many bytes are flipped; `make flip` says 200.
func flips(otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv("KAOHE_FLIPS")); err == nil {
		return n
	}
	return otherwise
}
