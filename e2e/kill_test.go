package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestKillNineLosesNothingAcknowledged kills the real program at random moments
// under load. Nothing that was acknowledged may be lost, and the ledger must
// have the hash of the offline fold. KAOHE_KILLS sets how many kills; `make
// kill` runs 200.
func TestKillNineLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	kills := 5
	if n, err := strconv.Atoi(os.Getenv("KAOHE_KILLS")); err == nil {
		kills = n
	}
	feed := lines(mustRead(t, feedFile(t)))
	data := t.TempDir()
	chance := rand.New(rand.NewPCG(17, 19))
	acknowledged, ever := 0, 0 // in this round, and in any
	const batch = 20
	for kill := range kills {
		s := up(t, data)
		stop := time.AfterFunc(time.Duration(chance.IntN(400))*time.Millisecond, func() { s.kill() })
		for acknowledged < len(feed) {
			end := min(acknowledged+batch, len(feed))
			var answer struct{ Accepted string }
			code, err := s.try("POST", "/v1/events", "["+strings.Join(feed[acknowledged:end], ",")+"]", &answer)
			if err != nil || code != 200 {
				break // killed in the middle: not acknowledged, so sent again
			}
			if end <= ever && answer.Accepted != "" && answer.Accepted != "0" {
				t.Fatalf("kill %d: events %d…%d were acknowledged before, now %s of them are new: they were lost", kill, acknowledged, end, answer.Accepted)
			}
			acknowledged, ever = end, max(ever, end)
		}
		stop.Stop()
		s.kill()
		if acknowledged == len(feed) {
			t.Logf("all %d events were acknowledged after %d kills; the rest kill while deciding", len(feed), kill+1)
			acknowledged = 0 // push them again: duplicates change nothing
		}
	}
	s := up(t, data)
	for from := 0; from < len(feed); from += 500 {
		var answer struct{ Duplicates, Accepted, Rejected string }
		body := "[" + strings.Join(feed[from:min(from+500, len(feed))], ",") + "]"
		if code := s.call("POST", "/v1/events", body, &answer); code != 200 || answer.Rejected != "0" && answer.Rejected != "" {
			t.Fatalf("push: status %d, %+v", code, answer)
		}
		if from+500 <= ever && answer.Accepted != "0" && answer.Accepted != "" {
			t.Fatalf("events %d…%d were acknowledged before, now %s of them are new: they were lost", from, from+500, answer.Accepted)
		}
	}
	if code := s.call("POST", "/v1/barriers", `{"clock":"demo","to":"2026-04-20T00:00:00Z"}`, nil); code != 200 {
		t.Fatal(fmt.Errorf("barrier: status %d", code))
	}
	survived := s.verify(demoMonth)

	clean := up(t, t.TempDir())
	pushAndEnd(clean, feedFile(t))
	if want := clean.verify(demoMonth); survived != want {
		t.Fatalf("after %d kills the hash is %s, without it is %s", kills, survived, want)
	}
}

func mustRead(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
