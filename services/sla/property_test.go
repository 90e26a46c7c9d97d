package sla_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/sla"
)

// course draws the events of ticket T: opened once, then anything at any
// minute of four days, now and then before it was opened or at one instant.
func course(t *rapid.T, clock string) []*feedv1.Event {
	class := rapid.SampledFrom([]string{"", "day", "twodays", "office"})
	minute := rapid.IntRange(-10, 4*24*60)
	when := func(label string) *timestamppb.Timestamp {
		return timestamppb.New(at("01-05 10:00").Add(time.Duration(minute.Draw(t, label)) * time.Minute))
	}
	opened := classed(class.Draw(t, "class"))
	if rapid.Bool().Draw(t, "promised") {
		opened.Commitment = &feedv1.TicketOpened_DueAt{DueAt: when("promise")}
	}
	events := []*feedv1.Event{event("0", "01-05 10:00", clock, opened)}
	for i := range rapid.IntRange(0, 8).Draw(t, "events") {
		var payload any
		switch rapid.IntRange(0, 11).Draw(t, "type") {
		case 0:
			payload = &feedv1.TicketTransferred{Unit: "V", CommitmentClass: ptr(class.Draw(t, "new class"))}
		case 1:
			payload = suspended()
		case 2:
			payload = &feedv1.TicketResumed{}
		case 3:
			payload = &feedv1.TicketRescheduled{DueAt: when("new promise"), Agreed: true}
		case 4:
			payload = done("")
		case 5:
			payload = &feedv1.TicketReplied{Result: feedv1.ReplyResult_REPLY_RESULT_DONE, CompletedAt: when("finished")}
		case 6:
			payload = &feedv1.TicketReplied{Result: feedv1.ReplyResult_REPLY_RESULT_IN_PROGRESS}
		case 7:
			payload = closed()
		case 8:
			payload = &feedv1.TicketReopened{}
		case 9:
			payload = &feedv1.TicketClosed{CompletedAt: when("completed")}
		case 10:
			payload = &feedv1.TicketMerged{}
		case 11:
			payload = &feedv1.TicketUnmerged{}
		}
		e := event(fmt.Sprint(i+1), "01-05 10:00", clock, payload)
		e.OccurredAt = when("occurred")
		events = append(events, e)
	}
	return events
}

// facts gives what holds, without what tells when it was found.
func facts(w *flowtest.World) string {
	text := ""
	for _, f := range w.Facts() {
		f = proto.CloneOf(f)
		f.Revision, f.DetectedAt, f.ReceivedAt = 0, nil, nil
		text += prototext.Format(f)
	}
	return text
}

func TestAnyOrderAndRepetitionGivesTheSameFacts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		clock := rapid.SampledFrom([]string{"", imported}).Draw(rt, "clock")
		events := course(rt, clock)
		end := at("01-05 10:00").Add(time.Duration(rapid.IntRange(0, 6*24*60).Draw(rt, "end")) * time.Minute)
		told := func(events []*feedv1.Event, early bool) *flowtest.World {
			w := flowtest.Run(t, standard(), machines())
			for i, e := range events {
				e = proto.CloneOf(e)
				e.ReceivedAt = timestamppb.New(at("01-01 00:00")) // arrival says nothing about the clock
				w.Do(flowtest.Event(e))
				if early && i == len(events)/2 {
					w.Do(flowtest.Clock(clock, end.Add(-time.Hour)))
				}
			}
			w.Do(flowtest.Clock(clock, end))
			return w
		}
		inOrder := told(events, false)
		shuffled := rapid.Permutation(append(slices.Clone(events), events[:1+len(events)/2]...)).Draw(rt, "order")
		again := told(shuffled, rapid.Bool().Draw(rt, "the clock moves meanwhile"))
		if want, got := facts(inOrder), facts(again); want != got {
			rt.Fatalf("in order\n%s\nas they came\n%s", want, got)
		}
		agree(rt, inOrder, end)
	})
}

// agree demands one verdict for each cycle, the same as the facts say.
func agree(t *rapid.T, w *flowtest.World, asOf time.Time) {
	r := w.Fact("ticket_recorded/T").GetTicketRecorded()
	violated := map[int32]bool{}
	for _, f := range w.Kind(flow.TicketOverdue) {
		o := f.GetTicketOverdue()
		violated[o.Cycle] = true
		if !o.DueAt.AsTime().Equal(f.OccurredAt.AsTime()) {
			t.Fatalf("occurred at %s, due %s", f.OccurredAt.AsTime(), o.DueAt.AsTime())
		}
	}
	seen := map[int32]bool{}
	for _, c := range sla.Clocks(standard(), r, asOf) {
		if seen[c.Cycle] {
			t.Fatalf("cycle %d has two clocks", c.Cycle)
		}
		seen[c.Cycle] = true
		if (c.Verdict == sla.Violated) != violated[c.Cycle] {
			t.Fatalf("cycle %d: clock says %s, overdue fact %t", c.Cycle, c.Verdict, violated[c.Cycle])
		}
		late := !c.EndedAt.IsZero() && c.EndedAt.After(c.DueAt)
		if c.Verdict == sla.Met && (c.EndedAt.IsZero() || late) || c.Verdict == sla.Violated && !c.EndedAt.IsZero() && !late {
			t.Fatalf("cycle %d: %s, due %s, ended %s", c.Cycle, c.Verdict, c.DueAt, c.EndedAt)
		}
	}
}
