package run_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/scoring"
)

// TestAClosedMonthHoldsTheLogUpToItsClosing: closed in the middle of a shuffled
// feed, with what is late approved for some units and refused for others, by
// services in one part or three that crash all the time, the ledger holds what
// the fold of the log gives.
func TestAClosedMonthHoldsTheLogUpToItsClosing(t *testing.T) {
	for _, parts := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d parts", parts), func(t *testing.T) { closing(t, parts, uint64(parts)) })
	}
}

func closing(t *testing.T, parts int, seed uint64) {
	chance := rand.New(rand.NewPCG(seed, 17))
	log := closingLog(t, chance)
	want := fold(t, log)
	if all := fold(t, withoutDecisions(log)); all == want {
		t.Fatal("the decisions change nothing; the test shows nothing")
	}
	var mu sync.Mutex
	crashes := 0
	fault := func(string) error {
		mu.Lock()
		defer mu.Unlock()
		if crashes < 20 && chance.IntN(8) == 0 {
			crashes++
			return errCrash
		}
		return nil
	}
	p := openInParts(t, t.TempDir(), parts, time.Now, fault)
	p.push(log, 1+chance.IntN(400))
	if got := scoring.Hash(ofMonth(p.entries("end"))); got != want {
		t.Fatalf("hash %s after %d crashes, the fold has %s", got, crashes, want)
	}
	if crashes == 0 {
		t.Error("nothing crashed")
	}
}

// closingLog is a shuffled month, units first, with decisions about it.
func closingLog(t *testing.T, chance *rand.Rand) []*feedv1.Event {
	events, end := simulated(t, 4)
	var units, rest []*feedv1.Event
	for _, e := range events {
		if e.GetUnitRegistered() != nil {
			units = append(units, e)
		} else {
			rest = append(rest, e)
		}
	}
	chance.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	some, more := len(rest)/2, len(rest)*4/5
	log := append(units, rest[:some]...)
	log = append(log, tick("month", "over", end.OccurredAt.AsTime().AddDate(0, 0, -15)),
		decision("close", &feedv1.Event{Payload: &feedv1.Event_MonthClosed{MonthClosed: &feedv1.MonthClosed{Month: month, Person: "p"}}}))
	log = append(log, rest[some:more]...)
	for i, u := range units[:4] {
		log = append(log, decision(fmt.Sprint("restate-", i), &feedv1.Event{Payload: &feedv1.Event_RestatementDecided{
			RestatementDecided: &feedv1.RestatementDecided{
				Unit: u.GetUnitRegistered().Unit, Month: month, Approved: i%2 == 0, Person: "p", Reason: "r",
			},
		}}))
	}
	return append(append(log, rest[more:]...), end)
}

func decision(id string, e *feedv1.Event) *feedv1.Event {
	e.Id, e.Source, e.Clock = id, "desk", "month"
	e.OccurredAt = timestamppb.New(time.Date(2026, 4, 5, 0, 0, 0, 0, time.UTC))
	e.ReceivedAt = e.OccurredAt
	return e
}

func withoutDecisions(log []*feedv1.Event) []*feedv1.Event {
	var rest []*feedv1.Event
	for _, e := range log {
		if e.Source != "desk" {
			rest = append(rest, e)
		}
	}
	return rest
}
