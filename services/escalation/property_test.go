package escalation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
)

// TestAnyOrderAndRepetitionGiveTheSameFacts: whatever was said in between, and
// however often, in the end the service holds what it holds when only the last
// word about each thing is said once. What is said of one thing comes in its
// order, as ticket-ingest says it.
func TestAnyOrderAndRepetitionGiveTheSameFacts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		histories := drawHistories(r)
		var last []*factv1.Fact
		for _, h := range histories {
			last = append(last, h[len(h)-1])
		}
		want := contents(run(t, last...))
		got := contents(run(t, interleave(r, histories)...))
		if !slices.Equal(got, want) {
			r.Fatalf("holds\n%q, want\n%q", got, want)
		}
		atMostOneEscalationAMatter(r, run(t, last...))
	})
}

func atMostOneEscalationAMatter(r *rapid.T, w *flowtest.World) {
	seen := make(map[string]bool)
	for _, f := range w.Kind(flow.ComplaintEscalated) {
		matter := f.GetComplaintEscalated().Matter
		if seen[matter] {
			r.Fatalf("matter %s costs twice", matter)
		}
		seen[matter] = true
	}
}

func contents(w *flowtest.World) []string {
	var all []string
	for _, f := range w.Facts() {
		all = append(all, fmt.Sprintf("%s %x", f.Id, flow.ContentHash(f)))
	}
	return all
}

// interleave deals the histories out in some order, repeating what was said.
func interleave(r *rapid.T, histories [][]*factv1.Fact) []*factv1.Fact {
	rest := slices.Clone(histories)
	var out []*factv1.Fact
	for len(rest) > 0 {
		i := rapid.IntRange(0, len(rest)-1).Draw(r, "whose")
		out = append(out, rest[i][0])
		if rest[i] = rest[i][1:]; len(rest[i]) == 0 {
			rest = slices.Delete(rest, i, i+1)
		}
		if rapid.Bool().Draw(r, "again") {
			out = append(out, rapid.SampledFrom(out).Draw(r, "which"))
		}
	}
	return out
}

func drawHistories(r *rapid.T) [][]*factv1.Fact {
	var histories [][]*factv1.Fact
	draw := func(kind string, n int, version func(id string) *factv1.Fact) {
		for i := range n {
			id := fmt.Sprintf("%s%d", kind, i)
			var versions []*factv1.Fact
			for range rapid.IntRange(1, 3).Draw(r, "versions of "+id) {
				versions = append(versions, version(id))
			}
			histories = append(histories, said(versions))
		}
	}
	draw("K", rapid.IntRange(1, 6).Draw(r, "complaints"), func(id string) *factv1.Fact { return drawComplaint(r, id) })
	draw("T", rapid.IntRange(0, 4).Draw(r, "tickets"), func(id string) *factv1.Fact { return drawTicket(r, id) })
	draw("D", rapid.IntRange(0, 3).Draw(r, "decisions"), func(id string) *factv1.Fact {
		return points(id, rapid.SampledFrom([]string{"K0", "K1"}).Draw(r, "subject"),
			rapid.SampledFrom([]string{"0", "1", "1.5"}).Draw(r, "points"), drawInstant(r))
	})
	return histories
}

// said gives versions of a fact the way the kernel says them: a changed route
// is taken back first.
func said(versions []*factv1.Fact) []*factv1.Fact {
	var history []*factv1.Fact
	for i, v := range versions {
		if i > 0 && !proto.Equal(versions[i-1].Route, v.Route) {
			history = append(history, gone(uint64(2*i), versions[i-1]))
		}
		history = append(history, revised(uint64(2*i+1), v))
	}
	return history
}

// drawInstant draws around the boundaries of both windows.
func drawInstant(r *rapid.T) time.Time {
	days := rapid.SampledFrom([]int{0, 1, 7, 8, 30, 31, 60}).Draw(r, "day")
	return start.Add(time.Duration(days)*day + time.Duration(rapid.IntRange(0, 1).Draw(r, "second"))*time.Second)
}

func drawComplaint(r *rapid.T, id string) *factv1.Fact {
	at := drawInstant(r)
	edits := []edit{
		of(rapid.SampledFrom([]string{"C", "C", "D", ""}).Draw(r, "customer")),
		unit(rapid.SampledFrom([]string{"U", "V"}).Draw(r, "unit")),
		because(feedv1.ComplaintCause(rapid.IntRange(1, 7).Draw(r, "cause"))),
	}
	if ticket := rapid.SampledFrom([]string{"T0", "T1", "T2", "", "m"}).Draw(r, "ticket"); ticket == "m" {
		edits = append(edits, matter("m"))
	} else {
		edits = append(edits, about(ticket))
	}
	if rapid.Bool().Draw(r, "climbs") {
		edits = append(edits, reaches(feedv1.ComplaintLevel(rapid.IntRange(2, 4).Draw(r, "level")), drawInstant(r)))
	}
	if rapid.Bool().Draw(r, "verified") {
		edits = append(edits, verified(rapid.Bool().Draw(r, "valid"), at))
	}
	return complain(id, at, edits...)
}

func drawTicket(r *rapid.T, id string) *factv1.Fact {
	at := drawInstant(r)
	edits := []ticketEdit{ticketOf(rapid.SampledFrom([]string{"C", "D"}).Draw(r, "customer"), "no signal")}
	if rapid.Bool().Draw(r, "closed") {
		edits = append(edits, closed(drawInstant(r)))
	}
	if rapid.Bool().Draw(r, "reopened") {
		edits = append(edits, reopened(drawInstant(r), "V"))
	}
	switch rapid.IntRange(0, 3).Draw(r, "end") {
	case 0:
		edits = append(edits, merged(rapid.SampledFrom([]string{"T0", "T1", "T2"}).Draw(r, "into"), at))
	case 1:
		edits = append(edits, cancelled(at))
	}
	return fault(id, at, edits...)
}
