package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// halves are the first half of a feed, and all of it, as files. Tickets that
// are open at the cut go on behind it.
func halves(t testing.TB, file string) (first, all string) {
	t.Helper()
	feed := lines(mustRead(t, file))
	return write(t, "first.ndjson", strings.Join(feed[:len(feed)/2], "\n")), file
}

// does runs a command that must succeed and say something.
func does(t testing.TB, want string, args ...string) {
	t.Helper()
	if out, ok := command(t, args...); !ok || !strings.Contains(out, want) {
		t.Fatalf("kaohe %s: it said %s, not %q", strings.Join(args, " "), out, want)
	}
}

// refuses runs a command that must fail and say something.
func refuses(t testing.TB, want string, args ...string) {
	t.Helper()
	if out, ok := command(t, args...); ok || !strings.Contains(out, want) {
		t.Errorf("kaohe %s: it said %s, not %q", strings.Join(args, " "), out, want)
	}
}

func TestAnArchivedLogIsVerifiedAndRebuilt(t *testing.T) {
	t.Parallel()
	file := feedFile(t)
	one := up(t, t.TempDir())
	pushAndEnd(one, file)
	want := one.verify(demoMonth)
	one.stop()

	first, all := halves(t, file)
	data, archive := t.TempDir(), filepath.Join(t.TempDir(), "archive")
	s := up(t, data)
	s.mustKaohe("push", first)
	s.stop()
	here := time.Now().In(time.FixedZone("UTC+8", 8*60*60))
	next := here.AddDate(0, 0, 1-here.Day()).AddDate(0, 1, 0).Format("2006-01") // all that came so far
	does(t, "nothing was removed", "archive", "--before", next, "--data", data, archive)
	does(t, "the log begins at message", "archive", "--before", next, "--purge", "--data", data, archive)

	// What goes on needs nothing of what is gone.
	s = up(t, data)
	pushAndEnd(s, all)
	if out, err := s.kaohe("verify", "--month", demoMonth); err == nil || !strings.Contains(out, "--archive") {
		t.Errorf("verify without the archive: %v: %s", err, out)
	}
	s.stop()
	refuses(t, "--archive", "rebuild", "--data", data)

	s = up(t, data, "--archive", archive)
	if got := s.verify(demoMonth); got != want {
		t.Errorf("with the archive the hash is %s, without archiving it is %s", got, want)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	s.mustKaohe("backup", backup)
	s.stop()
	does(t, want, "rebuild", "--data", data, "--archive", archive)
	does(t, want, "restore", backup, "--data", filepath.Join(t.TempDir(), "data"))

	// The rest is archived behind it, and a damaged archive is not used.
	does(t, "the log begins at message", "archive", "--before", next, "--purge", "--data", data, archive)
	does(t, want, "rebuild", "--data", data, "--archive", archive)
	refuses(t, "archive that ends at", "archive", "--before", next, "--data", data, filepath.Join(t.TempDir(), "another"))
	name := filepath.Join(archive, "events-00001.pb.gz")
	raw := []byte(mustRead(t, name))
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	refuses(t, "is damaged", "rebuild", "--data", data, "--archive", archive)
}
