package ingest_test

import (
	"testing"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

func TestAWorkIsCompletedWhenItIsFirstTrulyClaimedDone(t *testing.T) {
	open := event("1", "05 10:00", opened())
	for _, c := range []struct {
		name                                   string
		events                                 []*feedv1.Event
		completed, closed, replied, finishedAt string
	}{
		{"open", nil, "", "", "", ""},
		{"closed", []*feedv1.Event{event("2", "05 12:00", closedAt(""))}, "05 12:00", "05 12:00", "", ""},
		{"closed, finished before", []*feedv1.Event{event("2", "05 12:00", closedAt("05 11:00"))}, "05 11:00", "05 12:00", "", "05 11:00"},
		{
			"replied, then closed",
			[]*feedv1.Event{event("2", "05 11:00", reply(done, "")), event("3", "05 12:00", closedAt(""))},
			"05 11:00", "05 12:00", "05 11:00", "",
		},
		{
			"replied twice", []*feedv1.Event{event("2", "05 11:00", reply(done, "")), event("3", "05 12:00", reply(done, ""))},
			"05 11:00", "", "05 11:00", "",
		},
		{"replied, finished before", []*feedv1.Event{event("2", "05 12:00", reply(done, "05 11:30"))}, "05 11:30", "", "05 12:00", "05 11:30"},
		{"stated in the future is not believed", []*feedv1.Event{event("2", "05 12:00", closedAt("05 13:00"))}, "05 12:00", "05 12:00", "", ""},
		{"still in progress", []*feedv1.Event{event("2", "05 12:00", reply(inProgress, "05 11:30"))}, "", "", "", ""},
		{
			"the claim taken back by a reply",
			[]*feedv1.Event{event("2", "05 11:00", reply(done, "05 10:30")), event("3", "05 12:00", reply(handedOn, ""))}, "", "", "", "",
		},
		{
			"the claim taken back by a transfer, the later one counts",
			[]*feedv1.Event{
				event("2", "05 11:00", reply(done, "")), event("3", "05 12:00", &feedv1.TicketTransferred{Unit: "V"}),
				event("4", "05 13:00", reply(done, "")),
			},
			"05 13:00", "", "05 13:00", "",
		},
		{
			"nothing is taken back after the closing",
			[]*feedv1.Event{
				event("2", "05 11:00", reply(done, "")), event("3", "05 12:00", closedAt("")),
				event("4", "05 13:00", &feedv1.TicketTransferred{Unit: "V"}),
			},
			"05 11:00", "05 12:00", "05 11:00", "",
		},
		{
			"closed twice", []*feedv1.Event{event("2", "05 11:00", closedAt("")), event("3", "05 12:00", closedAt(""))},
			"05 11:00", "05 11:00", "", "",
		},
		{
			"the closing corrected", []*feedv1.Event{event("2", "05 11:00", closedAt("")), event("3", "05 13:00", closedAt("05 12:00"))},
			"05 12:00", "05 11:00", "", "05 12:00",
		},
		{"closed seconds before it was opened", []*feedv1.Event{event("2", "05 09:59:57", closedAt(""))}, "05 09:59:57", "05 09:59:57", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := record(t, append([]*feedv1.Event{open}, c.events...)...)
			if len(r.Cycles) != 1 {
				t.Fatalf("%d cycles, want 1", len(r.Cycles))
			}
			cycle := r.Cycles[0]
			same(t, "completed", cycle.CompletedAt, c.completed)
			same(t, "closed", cycle.ClosedAt, c.closed)
			same(t, "replied", cycle.RepliedAt, c.replied)
			same(t, "finished", cycle.FinishedAt, c.finishedAt)
			if (cycle.ProofEnd == "") != (c.completed == "") {
				t.Errorf("completion proved by %q", cycle.ProofEnd)
			}
		})
	}
}

func TestReopeningStartsACycleAndNamesWhoCompletedTheLast(t *testing.T) {
	r := record(t, event("1", "05 10:00", opened()), event("2", "05 11:00", closedAt("")),
		event("3", "05 12:00", &feedv1.TicketTransferred{Unit: "V"}),
		event("4", "06 10:00", &feedv1.TicketReopened{DueAt: at("07 10:00")}),
		event("5", "06 11:00", closedAt("05 11:00")))
	if len(r.Cycles) != 2 || len(r.Reopenings) != 1 {
		t.Fatalf("%d cycles, %d reopenings; want 2, 1", len(r.Cycles), len(r.Reopenings))
	}
	first, second := r.Cycles[0], r.Cycles[1]
	same(t, "first completed", first.CompletedAt, "05 11:00")
	same(t, "second started", second.StartedAt, "06 10:00")
	same(t, "second completed, not when the first was", second.CompletedAt, "06 11:00")
	same(t, "second finished", second.FinishedAt, "")
	if len(second.Promises) != 1 || second.Ordinal != 2 || second.ProofStart != "s/4" {
		t.Errorf("second cycle %v", second)
	}
	if got := r.Reopenings[0]; got.Unit != "U" || got.Proof != "s/4" {
		t.Errorf("reopening %v, want of U, who held it at the completion", got)
	}
}

func TestAtOneInstantWorkEndsBeforeItIsReopened(t *testing.T) {
	r := record(t, event("a", "05 10:00", &feedv1.TicketReopened{}), event("b", "05 10:00", closedAt("")), event("c", "05 10:00", opened()))
	same(t, "first closed", r.Cycles[0].ClosedAt, "05 10:00")
	same(t, "second closed", r.Cycles[1].ClosedAt, "")
}

func TestSuspensionsAreDisjointAndEndWithTheWork(t *testing.T) {
	suspended := &feedv1.TicketSuspended{Reason: feedv1.SuspendReason_SUSPEND_REASON_MATERIAL}
	open, wait := event("1", "05 10:00", opened()), event("2", "05 11:00", suspended)
	for _, c := range []struct {
		name   string
		events []*feedv1.Event
		to     string
	}{
		{"open", nil, ""},
		{"resumed", []*feedv1.Event{event("3", "05 12:00", &feedv1.TicketResumed{})}, "05 12:00"},
		{"resumed twice", []*feedv1.Event{event("3", "05 12:00", &feedv1.TicketResumed{}), event("4", "05 13:00", &feedv1.TicketResumed{})}, "05 12:00"},
		{"suspended again meanwhile", []*feedv1.Event{event("3", "05 12:00", suspended), event("4", "05 13:00", &feedv1.TicketResumed{})}, "05 13:00"},
		{"closed", []*feedv1.Event{event("3", "05 12:00", closedAt(""))}, "05 12:00"},
		{"completed before the closing", []*feedv1.Event{event("3", "05 12:00", closedAt("05 11:30"))}, "05 11:30"},
		{"completed before the suspension", []*feedv1.Event{event("3", "05 12:00", closedAt("05 10:30"))}, "05 12:00"},
		{"cancelled", []*feedv1.Event{event("3", "05 12:00", &feedv1.TicketCancelled{})}, "05 12:00"},
		{"reopened", []*feedv1.Event{event("3", "05 12:00", &feedv1.TicketReopened{})}, "05 12:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := record(t, append([]*feedv1.Event{open, wait}, c.events...)...)
			if len(r.Suspensions) != 1 || r.Suspensions[0].Label != "material" {
				t.Fatalf("suspensions %v, want one for material", r.Suspensions)
			}
			same(t, "suspended", r.Suspensions[0].From, "05 11:00")
			same(t, "suspended until", r.Suspensions[0].To, c.to)
		})
	}
	r := record(t, open, wait, event("3", "05 11:00", &feedv1.TicketResumed{}), event("4", "05 12:00", closedAt("")), event("5", "05 13:00", suspended))
	if len(r.Suspensions) != 0 {
		t.Errorf("suspensions %v, want none: one without length, one after the closing", r.Suspensions)
	}
}

func TestOnlyAgreedPromisesCount(t *testing.T) {
	open := opened()
	open.Commitment = &feedv1.TicketOpened_DueAt{DueAt: at("06 10:00")}
	r := record(t, event("1", "05 10:00", open),
		event("2", "05 11:00", &feedv1.TicketRescheduled{DueAt: at("07 10:00")}),
		event("3", "05 12:00", &feedv1.TicketRescheduled{DueAt: at("08 10:00"), Agreed: true}))
	promises := r.Cycles[0].Promises
	if len(promises) != 2 {
		t.Fatalf("promises %v, want two", promises)
	}
	same(t, "first due", promises[0].DueAt, "06 10:00")
	same(t, "second due", promises[1].DueAt, "08 10:00")
}

func TestHoldersAndClassesFollowDispatchAndTransfer(t *testing.T) {
	open := opened()
	open.Agent, open.Commitment = "a", &feedv1.TicketOpened_CommitmentClass{CommitmentClass: "day"}
	r := record(t, event("1", "05 10:00", open),
		event("0", "05 09:59:58", &feedv1.TicketDispatched{Agent: "b"}), // the source's clock is two seconds off
		event("2", "05 11:00", &feedv1.TicketDispatched{}),
		event("3", "05 12:00", &feedv1.TicketTransferred{Unit: "V", CommitmentClass: ptr("")}),
		event("4", "05 13:00", &feedv1.TicketTransferred{Agent: "c"}))
	var got []string
	for _, h := range r.Holdings {
		got = append(got, h.From.AsTime().Format("15:04 ")+h.Unit+"/"+h.Agent)
	}
	want := []string{"10:00 U/a", "10:00 U/b", "12:00 V/", "13:00 V/c"}
	if len(got) != len(want) {
		t.Fatalf("holdings %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("holding %d: %s, want %s", i, got[i], want[i])
		}
	}
	if len(r.Classes) != 2 || r.Classes[0].CommitmentClass != "day" || r.Classes[1].CommitmentClass != "" {
		t.Errorf("classes %v, want day, then none", r.Classes)
	}
}
