package adversary

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kaohe.dev/e2e/port"
)

// says is what kaohe says at start when something is not as it was left.
var says = regexp.MustCompile(`is not as it was left|is damaged that the log can give back`)

// A byte changes anywhere in a directory that was left in order: it is found at
// start, every time, by the name of its file. KAOHE_FLIPS sets how often.
func TestAFlippedByteAnywhereIsFoundAtStart(t *testing.T) {
	l := live(t, false)
	chance := rand.New(rand.NewPCG(11, 13))
	refused, mended := 0, 0
	n := flips(20)
	for i := range n {
		p := anywhere(t, l.dir, i, chance, func(string) bool { return true })
		dir := l.copied(t)
		p.flip(t, dir)
		s, running, said := tried(t, dir)
		if !says.MatchString(said) || !strings.Contains(said, p.file) {
			t.Errorf("flip %d, byte %d of %s by %x: not found; kaohe said:\n%s", i, p.at, p.file, p.mask, said)
		}
		if !running {
			refused++
		} else if mended++; strings.HasPrefix(p.file, "state") && mended%5 == 1 {
			if got := s.hash(); got != l.hash {
				t.Errorf("flip %d in %s: decided anew to hash %s, it was %s", i, p.file, got, l.hash)
			}
		}
		s.kill()
		must(t, os.RemoveAll(dir))
	}
	t.Logf("%d flipped bytes: %d starts refused, %d went on and said so", n, refused, mended)
}

// A byte changes anywhere in a directory whose kaohe was killed: it is found, or
// nothing that is served is another thing.
func TestAFlippedByteAfterAKillIsFoundOrChangesNothing(t *testing.T) {
	l := live(t, true)
	chance := rand.New(rand.NewPCG(17, 19))
	found, unseen := 0, map[string]int{}
	n := flips(20)
	for i := range n {
		p := anywhere(t, l.dir, i, chance, func(file string) bool { return !strings.HasSuffix(file, "-shm") }) // made anew after a crash
		dir := l.copied(t)
		p.flip(t, dir)
		s, running, said := tried(t, dir)
		if says.MatchString(said) {
			found++
		} else {
			unseen[filepath.Ext(p.file)]++
			if !running {
				t.Errorf("flip %d, byte %d of %s: it ended:\n%s", i, p.at, p.file, said)
			} else if got := s.hash(); got != l.hash {
				t.Errorf("flip %d, byte %d of %s by %x: not found, and the hash is %s, it was %s", i, p.at, p.file, p.mask, got, l.hash)
			}
		}
		s.kill()
		must(t, os.RemoveAll(dir))
	}
	t.Logf("%d flipped bytes: %d found; not found, and without effect, by kind of file: %v", n, found, unseen)
}

// feedBlock is a block of the log.
func feedBlock(dir string) string {
	return filepath.Join(dir, "nats", "jetstream", "$G", "streams", "FEED", "msgs", "1.blk")
}

// What the log has lost is named at start, mended without touching the rest, and
// sent again without being called a duplicate.
func TestWhatTheLogHasLostIsSentAgain(t *testing.T) {
	l := live(t, false)
	damaged := func(t *testing.T) string {
		dir := l.copied(t)
		info, err := os.Stat(feedBlock(dir))
		must(t, err)
		for _, part := range []int64{3, 2} {
			file, _ := filepath.Rel(dir, feedBlock(dir))
			place{file, info.Size() / part, 0x40}.flip(t, dir)
		}
		_, running, said := tried(t, dir)
		if running || !strings.Contains(said, "FEED, message") || !strings.Contains(said, "kaohe mend") {
			t.Fatalf("it does not say which messages of the log are lost:\n%s", said)
		}
		again, _ := os.ReadFile(feedBlock(l.dir))
		if now, err := os.ReadFile(feedBlock(dir)); err != nil || len(now) != len(again) {
			t.Fatalf("the log was cut at start (%v)", err)
		}
		return dir
	}
	t.Run("from a backup", func(t *testing.T) {
		backup := filepath.Join(t.TempDir(), "backup")
		whole := up(t, l.copied(t))
		if out, ok := whole.asks("backup", backup); !ok || !strings.Contains(out, "the log is whole") {
			t.Fatalf("backup: %s", out)
		}
		whole.stop()
		dir := damaged(t)
		out, ok := command(t, "mend", "--data", dir, "--backup", backup)
		if !ok || !strings.Contains(out, "taken back from the backup") || strings.Contains(out, "\n0 events were taken back") {
			t.Fatalf("mend: %s", out)
		}
		s := up(t, dir)
		if got := s.hash(); got != l.hash {
			t.Errorf("mended from a backup to hash %s, it was %s", got, l.hash)
		}
		if out, ok := s.asks("push", l.feed); !ok || !strings.Contains(out, "accepted 0") {
			t.Errorf("pushed again: %s", out)
		}
	})
	t.Run("by its source", func(t *testing.T) {
		dir := damaged(t)
		if out, ok := command(t, "mend", "--data", dir); !ok {
			t.Fatalf("mend: %s", out)
		}
		if kept, _ := filepath.Glob(filepath.Join(dir, "damaged", "*", "nats", "jetstream", "*", "streams", "FEED", "msgs", "1.blk")); len(kept) != 1 {
			t.Errorf("there is no copy of what was damaged: %v", kept)
		}
		s := up(t, dir)
		out, ok := s.asks("push", l.feed)
		if !ok || strings.Contains(out, "accepted 0") || !strings.Contains(out, "accepted ") {
			t.Errorf("pushed again: %s", out)
		}
		t.Log(out)
		if got := s.hash(); got != l.hash {
			t.Errorf("sent again to hash %s, it was %s", got, l.hash)
		}
		if out, ok := s.asks("backup", filepath.Join(t.TempDir(), "backup")); !ok {
			t.Errorf("a backup of a log that was mended: %s", out)
		}
	})
}

// Somebody writes to the log past the gateways, with a NATS server of his own:
// it is said, and a backup of such a log is not called whole.
func TestAForeignWriteToTheLogIsNamed(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"))
	if out, ok := s.asks("verify", "--month", damageMonth); !ok || !strings.Contains(out, "the log is whole") { // and something is in the log
		t.Fatalf("verify: %s", out)
	}
	s.stop()
	forge(t, filepath.Join(s.data, "nats"), "feed.batches", "")
	if _, running, said := tried(t, s.data); running || !strings.Contains(said, "has other content") && !strings.Contains(said, "bytes and has") {
		t.Fatalf("the log was written to, and kaohe said:\n%s", said)
	}
	must(t, os.Remove(filepath.Join(s.data, "inventory"))) // as after a kill
	s = up(t, s.data)
	if out, ok := s.asks("verify", "--month", damageMonth); ok || !strings.Contains(out, "no gateway signed it") {
		t.Errorf("verify: %s", out)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	if out, ok := s.asks("backup", backup); ok || !strings.Contains(out, "not a whole backup") {
		t.Errorf("backup: %s", out)
	}
	if out, ok := command(t, "restore", backup, "--data", filepath.Join(t.TempDir(), "data")); ok || !strings.Contains(out, "--damaged") {
		t.Errorf("restore: %s", out)
	}
}

// forge publishes a message through a NATS server on a directory of streams.
func forge(t *testing.T, dir, subject, data string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "nats-server")
	build := exec.Command("go", "build", "-o", name, "github.com/nats-io/nats-server/v2")
	build.Dir = "../../services"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build a NATS server: %v\n%s", err, out)
	}
	address := port.Free(t)
	_, number, err := net.SplitHostPort(address)
	must(t, err)
	nats := exec.Command(name, "-a", "127.0.0.1", "-p", number, "-js", "-sd", dir)
	must(t, nats.Start())
	defer func() { _ = nats.Process.Signal(os.Interrupt); _ = nats.Wait() }()
	await(t, "stored", func() error {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		must(t, c.SetDeadline(time.Now().Add(2*time.Second))) // it may not have the stream yet
		fmt.Fprintf(c, "CONNECT {\"verbose\":false}\r\nSUB answer 1\r\nPUB %s answer %d\r\n%s\r\nPING\r\n", subject, len(data), data)
		said := make([]byte, 0, 4096)
		for !strings.Contains(string(said), `"stream":"FEED"`) {
			piece := make([]byte, 4096)
			n, err := c.Read(piece)
			if said = append(said, piece[:n]...); err != nil {
				return fmt.Errorf("%s: %w", said, io.ErrUnexpectedEOF)
			}
		}
		return nil
	})
}
