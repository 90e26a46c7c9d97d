package blocks_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"kaohe.dev/services/internal/blocks"
	"kaohe.dev/services/internal/embedded"
)

// open opens the streams of a directory.
func open(t testing.TB, dir string) (jetstream.JetStream, func()) {
	t.Helper()
	s, err := embedded.Start(embedded.Options{Dir: dir, SyncEvery: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect("", nats.InProcessServer(s.Server))
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js, func() { nc.Close(); s.Stop() }
}

// written makes a stream of so many messages with the server, and gives where it
// is: every second one has headers, and a tenth are large.
func written(t testing.TB, dir string, n int) blocks.Stream {
	t.Helper()
	js, stop := open(t, dir)
	defer stop()
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "FEED", Subjects: []string{"feed.>"}}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		m := nats.NewMsg("feed.batches")
		m.Data = []byte(strings.Repeat(fmt.Sprint("message ", i, " "), 1+i%10/9*5000))
		if i%2 == 0 {
			m.Header.Set("Kaohe-Link", fmt.Sprint("link ", i))
		}
		if _, err := js.PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	return blocks.Stream{Dir: filepath.Join(dir, "jetstream", server.DEFAULT_GLOBAL_ACCOUNT, "streams", "FEED"), Name: "FEED"}
}

func scan(t testing.TB, s blocks.Stream) blocks.Report {
	t.Helper()
	r, err := s.Scan(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// files are the blocks of a stream.
func files(t testing.TB, s blocks.Stream) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(s.Dir, "msgs", "*.blk"))
	if err != nil || len(all) == 0 {
		t.Fatal("it has no blocks", err)
	}
	return all
}

func flip(t testing.TB, path string, at int, mask byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		raw[at] ^= mask
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheServersOwnFilesAreRead(t *testing.T) {
	s := written(t, t.TempDir(), 3000)
	r := scan(t, s)
	if r.First != 1 || r.Last != 3000 || r.Messages != 3000 || len(r.Damage) > 0 {
		t.Errorf("%+v", r)
	}
	t.Logf("%d blocks", len(files(t, s)))
}

// Whatever byte of whatever block changes is found, and all other messages are
// there when the stream was mended and the server has it again.
func TestEveryFlippedByteIsFoundAndCostsOneMessage(t *testing.T) {
	chance := rand.New(rand.NewPCG(5, 7))
	dir := t.TempDir()
	const all = 300
	s := written(t, dir, all)
	for range 300 {
		paths := files(t, s)
		path := paths[chance.IntN(len(paths))]
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		at, mask := chance.IntN(int(info.Size())), byte(1+chance.IntN(255))
		flip(t, path, at, mask)
		r := scan(t, s)
		if len(r.Damage) != 1 || r.Messages != all-1 {
			t.Fatalf("byte %d of %s, changed by %x: %d messages, %+v", at, filepath.Base(path), mask, r.Messages, r.Damage)
		}
		if d := r.Damage[0]; d.File != path || d.Offset > at || d.Offset+d.Size <= at || d.To != d.From && !d.End {
			t.Fatalf("byte %d of %s: %+v", at, filepath.Base(path), d)
		}
		flip(t, path, at, mask)
	}
}

func TestAMendedStreamHasAllButWhatWasLost(t *testing.T) {
	dir := t.TempDir()
	const all = 3000
	s := written(t, dir, all)
	paths := files(t, s)
	flip(t, paths[0], 30, 1)
	flip(t, paths[0], 5000, 1)
	r := scan(t, s)
	want := int64(2)
	if err := os.Remove(paths[1]); err != nil { // a block is lost as a whole
		t.Fatal(err)
	}
	want += r.Messages - scan(t, s).Messages
	lost, err := s.Mend("feed.batches")
	if err != nil || lost != want {
		t.Fatalf("%d are lost, want %d: %v", lost, want, err)
	}
	if r := scan(t, s); len(r.Damage) > 0 || r.First != 1 || r.Last != all {
		t.Fatalf("mended, it has %+v", r)
	}
	js, stop := open(t, dir)
	defer stop()
	stream, err := js.Stream(t.Context(), "FEED")
	if err != nil {
		t.Fatal(err)
	}
	if state := stream.CachedInfo().State; state.LastSeq != all || state.FirstSeq != 1 || state.Msgs != all {
		t.Errorf("the server has %+v", state)
	}
	gone := int64(0)
	for n := uint64(1); n <= all; n++ {
		m, err := stream.GetMsg(t.Context(), n)
		switch {
		case err != nil:
			t.Fatal(n, err)
		case m.Header.Get(blocks.Lost) != "":
			gone++
		case !strings.HasPrefix(string(m.Data), fmt.Sprint("message ", n-1, " ")):
			t.Fatalf("%d has %.30q", n, m.Data)
		}
	}
	if gone != lost {
		t.Errorf("%d are marked as lost", gone)
	}
	if _, err := js.Publish(t.Context(), "feed.batches", []byte("more")); err != nil {
		t.Error(err)
	}
}

func TestABeginningThatIsLostIsMissed(t *testing.T) {
	s := written(t, t.TempDir(), 3000)
	if err := os.Remove(files(t, s)[0]); err != nil {
		t.Fatal(err)
	}
	if r := scan(t, s); len(r.Damage) > 0 {
		t.Errorf("where it begins is not known, and yet %+v", r.Damage)
	}
	s.First = 1
	if r := scan(t, s); len(r.Damage) != 1 || r.Damage[0].From != 1 || r.Damage[0].To != r.First-1 {
		t.Errorf("%+v", r)
	}
}

func TestATornEndIsNoLoss(t *testing.T) {
	dir := t.TempDir()
	s := written(t, dir, 20)
	path := files(t, s)[0]
	info, err := os.Stat(path)
	if err := errors.Join(err, os.Truncate(path, info.Size()-5)); err != nil {
		t.Fatal(err)
	}
	r := scan(t, s)
	if len(r.Damage) != 1 || !r.Damage[0].End || r.Damage[0].To >= r.Damage[0].From || r.Last != 19 {
		t.Errorf("%+v", r)
	}
}
