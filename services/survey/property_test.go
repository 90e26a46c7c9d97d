package survey_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
)

// TestAnyOrderAndRepetitionGiveTheSameFacts: what is said of a ticket and of
// the complaints about it may come in any order and twice; the end is that of
// the last word about each thing said once.
func TestAnyOrderAndRepetitionGiveTheSameFacts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var all, last []*factv1.Fact
		history := func(version func() *factv1.Fact) {
			n := rapid.IntRange(1, 4).Draw(r, "versions")
			for i := range n {
				all = append(all, revised(uint64(i+1), version()))
			}
			last = append(last, all[len(all)-1])
		}
		history(func() *factv1.Fact { return drawWork(r) })
		for i := range rapid.IntRange(0, 3).Draw(r, "complaints") {
			history(func() *factv1.Fact {
				valid := verified(rapid.Bool().Draw(r, "valid"))
				return complain(fmt.Sprint("K", i), sec(rapid.IntRange(0, 6).Draw(r, "filed")), valid)
			})
		}
		want := contents(run(t, last...))
		all = append(all, rapid.SliceOf(rapid.SampledFrom(all)).Draw(r, "again")...)
		got := contents(run(t, rapid.Permutation(all).Draw(r, "order")...))
		if !slices.Equal(got, want) {
			r.Fatalf("holds\n%q, want\n%q", got, want)
		}
	})
}

func contents(w *flowtest.World) []string {
	var all []string
	for _, f := range w.Facts() {
		all = append(all, fmt.Sprintf("%s %x", f.Id, flow.ContentHash(f)))
	}
	return all
}

// drawWork draws what ticket-ingest could say: each list in time order.
func drawWork(r *rapid.T) *factv1.Fact {
	var parts []part
	for i := range 6 {
		at := sec(i)
		name := fmt.Sprint("e", i)
		switch rapid.IntRange(0, 4).Draw(r, "what") {
		case 0:
			parts = append(parts, reply(name, "U", feedv1.ReplyResult(rapid.IntRange(1, 3).Draw(r, "result")), at))
		case 1:
			parts = append(parts, callback(name, at, func(said *feedv1.CallbackDone) {
				said.WorkDone = proto.Bool(rapid.Bool().Draw(r, "work done"))
				said.Match = feedv1.ReplyMatch(rapid.IntRange(0, 3).Draw(r, "match"))
			}))
		case 2:
			parts = append(parts, handOn(rapid.SampledFrom([]string{"transferred", "suspended", "reopened"}).Draw(r, "how"), at))
		case 3:
			parts = append(parts, closedAt(at))
		}
	}
	return work(parts...)
}
