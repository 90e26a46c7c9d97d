package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/storeurl"
)

// Atomicity is what a crash may leave of a commit.
type Atomicity int

// All or nothing, or the first writes of it.
const (
	AllOrNothing Atomicity = iota
	Prefix
)

const (
	crashURL   = "KAOHE_STORETEST_CRASH_URL"
	crashBatch = "KAOHE_STORETEST_CRASH_BATCH"
	crashes    = 6
)

func connect(t *testing.T, url string) store.Store {
	t.Helper()
	s, err := storeurl.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ensure(t.Context(), collections()...); err != nil {
		t.Fatal(errors.Join(err, s.Close()))
	}
	return s
}

// Reopen writes, closes, opens and reads.
func Reopen(t *testing.T, url string) {
	want := sample()
	s := connect(t, url)
	fill(t, s, want)
	commit(t, s, remove(docs, want[0].Key, 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = connect(t, url)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for i, w := range want {
		got := load(t, s, docs, w.Key)
		if i == 0 {
			if len(got) != 0 {
				t.Error("a deleted document is back")
			}
			continue
		}
		w.Version, w.Body = 1, body(w.Key)
		if len(got) != 1 {
			t.Fatalf("%q is gone", w.Key)
		}
		if err := same(got[0], w); err != nil {
			t.Error(err)
		}
	}
	commit(t, s, put(want[1].Key, 1, nil))
}

// Crash kills a process in the middle of a commit, several times, and looks at what is there; then another writer goes on.
// The test binary must have a test TestCrashWriter that calls CrashWriter. next gives the URL of an empty store, and what
// tells, beside the writer, that something of a commit has been written (nil: nothing does).
func Crash(t *testing.T, next func() (url string, written func() any), a Atomicity) {
	midway := 0
	for i := range crashes {
		batch := 3000
		if a == Prefix {
			batch = 12 // FerretDB scans
		}
		url, written := next()
		committed, torn := killWriter(t, url, batch, i+1, written)
		if torn {
			midway++
		}
		gens := generations(t, url, batch)
		t.Logf("told of %d commits; first document %d, last %d", committed, gens[0], gens[batch-1])
		if gens[0] < committed {
			t.Errorf("commit %d was acknowledged, the first document is at %d", committed, gens[0])
		}
		allowed := int64(1)
		if a == AllOrNothing {
			allowed = 0
		}
		if gens[0]-gens[batch-1] > allowed {
			t.Errorf("a commit was torn: %v", gens)
		}
		for j := 1; j < batch; j++ {
			if gens[j] > gens[j-1] {
				t.Errorf("write %d of a commit is there and write %d is not: %v", j, j-1, gens)
			}
		}
		goOn(t, url, batch)
	}
	if midway == 0 {
		t.Error("no writer died in the middle of a commit")
	}
}

// goOn is another writer that continues with the versions it finds. A server may be busy with the last bulk of the dead
// writer: then there is a conflict, and the other reads again.
func goOn(t *testing.T, url string, batch int) {
	t.Helper()
	s := connect(t, url)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for {
		gens := generations(t, url, batch)
		writes := make([]store.Write, batch)
		for i, gen := range gens {
			writes[i] = count(position, crashKey(i), gen, gen+1)
		}
		err := s.Commit(t.Context(), writes)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, gen := range generations(t, url, batch) {
			if gen != gens[i]+1 {
				t.Fatalf("document %d is at %d after a commit over %d", i, gen, gens[i])
			}
		}
		return
	}
}

// killWriter runs CrashWriter in a process and kills it when it has begun a commit and written something of it. It returns
// the last commit it told of, and whether it died in one.
func killWriter(t *testing.T, url string, batch, after int, written func() any) (committed int64, midway bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashWriter$") //nolint:gosec // this test itself
	cmd.Env = append(os.Environ(), crashURL+"="+url, crashBatch+"="+strconv.Itoa(batch))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	killed := false
	for lines.Scan() { // to the end of the pipe: what it told before it died counts
		what, number, _ := strings.Cut(lines.Text(), " ")
		gen, err := strconv.ParseInt(number, 10, 64)
		if err != nil || what != "began" && what != "committed" {
			t.Logf("writer: %s", lines.Text())
			continue
		}
		if midway = what == "began"; !midway {
			committed = gen
		}
		if midway && gen > int64(after) && !killed {
			killed = true
			await(t, written)
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || !killed {
		t.Fatalf("the writer ended by itself: %v", err)
	}
	return committed, midway
}

// await waits until something is written.
func await(t *testing.T, written func() any) {
	t.Helper()
	if written == nil {
		return
	}
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for was, end := written(), time.Now().Add(20*time.Second); written() == was; <-look.C {
		if time.Now().After(end) {
			t.Fatal("a commit has begun and nothing is written")
		}
	}
}

// generations reads which commit each document is from. A server may still be busy with the last bulk of the dead writer:
// read from the last document to the first, what is found of a later write is there of an earlier one.
func generations(t *testing.T, url string, batch int) []int64 {
	t.Helper()
	s := connect(t, url)
	gens := make([]int64, batch)
	for i := batch - 1; i >= 0; i-- {
		if got := load(t, s, position, crashKey(i)); len(got) == 1 {
			gens[i] = got[0].Body.(*wrapperspb.Int64Value).GetValue()
			if gens[i] != got[0].Version {
				t.Errorf("document %d has version %d and content %d", i, got[0].Version, gens[i])
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return gens
}

func crashKey(i int) string { return fmt.Sprintf("crash-%04d", i) }

// CrashWriter commits the same documents over and over and tells of each commit, until it is killed. Outside Crash it is
// skipped.
func CrashWriter(t *testing.T) {
	url := os.Getenv(crashURL)
	if url == "" {
		t.Skip("only as a process of the crash tests")
	}
	batch, err := strconv.Atoi(os.Getenv(crashBatch))
	if err != nil {
		t.Fatal(err)
	}
	s := connect(t, url)
	for gen := int64(1); ; gen++ {
		writes := make([]store.Write, batch)
		for i := range writes {
			writes[i] = count(position, crashKey(i), gen-1, gen)
		}
		if _, err := fmt.Printf("began %d\n", gen); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(context.Background(), writes); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Printf("committed %d\n", gen); err != nil {
			t.Fatal(err)
		}
	}
}
