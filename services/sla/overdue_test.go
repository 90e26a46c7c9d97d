package sla_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/calendar"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/sla"
	"kaohe.dev/services/words"
)

const overdue = "ticket_overdue/T/1"

func TestDoneAtTheVeryDeadlineIsInTime(t *testing.T) {
	commitments := map[string]*feedv1.TicketOpened{"class": classed("day"), "promise": promised("01-06 10:00")}
	for name, opened := range commitments {
		for done, late := range map[string]bool{"01-06 09:59:59": false, "01-06 10:00:00": false, "01-06 10:00:01": true} {
			w := run(t, old("1", "01-05 10:00", opened), old("2", done, closed()))
			if late {
				holds(t, w, overdue, "01-06 10:00")
			} else {
				holdsNot(t, w, overdue, "")
			}
		}
		t.Log(name)
	}
}

func TestAnOpenTicketIsOverdueFromTheDeadlineOn(t *testing.T) {
	for _, clock := range []string{"", imported} {
		opened := flowtest.Event(event("1", "01-05 10:00", clock, classed("day")))
		w := run(t, opened, flowtest.Clock(clock, at("01-06 09:59:59")))
		holdsNot(t, w, overdue, "")
		w.Do(flowtest.Clock(clock, at("01-06 10:00")))
		holds(t, w, overdue, "01-06 10:00")
	}
}

func TestOnAClockThatHasNotMovedAnOpenTicketIsNotJudged(t *testing.T) {
	w := run(t, old("1", "01-05 10:00", classed("day")), old("2", "01-20 10:00", &feedv1.TicketSuspended{}))
	holdsNot(t, w, overdue, "")
}

func TestDownOverTheDeadlineItFiresOnceAtTheRightTime(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", classed("day")), now("02-20 00:00"), now("02-21 00:00"))
	f := holds(t, w, overdue, "01-06 10:00")
	if n := len(w.Kind(flow.TicketOverdue)); n != 1 {
		t.Errorf("%d overdue facts, want 1", n)
	}
	if f.Revision != w.Said[len(w.Said)-1].Revision {
		t.Errorf("said again later:\n%s", w.Transcript())
	}
}

func TestTheReasonNamesDeadlineCompletionAndDelayOnTheLocalClock(t *testing.T) {
	w := run(t, live("1", "01-02 10:00", promised("01-03 10:00")), now("01-03 11:00"))
	check := func(code, zh, en string) {
		t.Helper()
		got := holds(t, w, overdue, "01-03 10:00").Reason
		if text := words.Text(got); got.Code != code || text.Zh != zh || text.En != en {
			t.Errorf("reason %s: %v, want %s: %s, %s", got.Code, text, code, zh, en)
		}
	}
	check("not_completed", "应于 2026-01-03 10:00 前完成，到期未完成", "due 2026-01-03 10:00, not completed by then")
	w.Do(live("2", "01-03 12:30", closed()))
	check("completed_late", "应于 2026-01-03 10:00 前完成，实际 2026-01-03 12:30 完成，超时 2小时30分",
		"due 2026-01-03 10:00, completed 2026-01-03 12:30, 2 h 30 min late")
}

func TestALateCloseRetractsAndItsCorrectionBringsBack(t *testing.T) {
	w := run(t, live("1", "01-02 10:00", promised("01-03 10:00")), now("01-03 11:00"),
		live("2", "01-03 09:00", closed()), live("3", "01-03 13:00", doneAt("01-03 12:30")))
	want := `+ ticket_overdue/T/1 [U] 2026-01-03T02:00:00Z not_completed: due 2026-01-03 10:00, not completed by then
- ticket_overdue/T/1 [U] met: due 2026-01-03 10:00, completed 2026-01-03 09:00, in time
+ ticket_overdue/T/1 [U] 2026-01-03T02:00:00Z completed_late: due 2026-01-03 10:00, completed 2026-01-03 12:30, 2 h 30 min late
`
	if got := w.Transcript(flow.TicketOverdue); got != want {
		t.Errorf("transcript\n%swant\n%s", got, want)
	}
}

func TestTheOverdueFactSaysWhatJudgedIt(t *testing.T) {
	w := run(t, old("1", "01-31 10:00", &feedv1.TicketOpened{
		Category: "no signal", Customer: "k", Commitment: classed("day").Commitment,
	}), old("2", "02-03 10:00", closed()))
	f := holds(t, w, overdue, "02-01 10:00")
	want := &factv1.TicketOverdue{
		Ticket: "T", Cycle: 1, DueAt: stamp("02-01 10:00"), CompletedAt: stamp("02-03 10:00"), CommitmentClass: "day",
		Kind: feedv1.TicketKind_TICKET_KIND_FAULT, RulebookVersion: "v1", Category: "no signal",
	}
	if got := f.GetTicketOverdue(); !proto.Equal(got, want) {
		t.Errorf("body %v, want %v", got, want)
	}
	route := &factv1.Route{Unit: "U", Ticket: "T", Customer: "k", Category: "no signal"}
	if !proto.Equal(f.Route, route) {
		t.Errorf("route %v, want %v", f.Route, route)
	}
	if month := standard().Month("U", f.OccurredAt.AsTime()); month != "2026-02" {
		t.Errorf("counted in %s, want the month of the deadline, 2026-02", month)
	}
	if got := f.Proof; len(got) != 2 || got[0] != "s/1" || got[1] != "s/2" {
		t.Errorf("proof %v, want opening and closing", got)
	}
}

func TestTheUnitHoldingTheTicketAtTheDeadlineAnswersForIt(t *testing.T) {
	for when, unit := range map[string]string{"01-06 09:59:59": "V", "01-06 10:00": "V", "01-06 10:00:01": "U"} {
		w := run(t, old("1", "01-05 10:00", classed("day")),
			old("2", when, &feedv1.TicketTransferred{Unit: "V"}), old("3", "01-07 10:00", closed()))
		if got := holds(t, w, overdue, "01-06 10:00").Route.Unit; got != unit {
			t.Errorf("transferred at %s: %s answers, want %s", when, got, unit)
		}
	}
}

func TestCancelledAndMergedTicketsStopEveryClock(t *testing.T) {
	for code, stop := range map[string]any{"cancelled": &feedv1.TicketCancelled{}, "merged": &feedv1.TicketMerged{Into: "T0"}} {
		w := run(t, live("1", "01-05 10:00", classed("day")), live("2", "01-06 09:00", stop), now("01-09 00:00"))
		holdsNot(t, w, overdue, "")
		if c := only(t, sla.Clocks(standard(), record(t, w), at("01-09 00:00"))); c.Verdict != sla.Stopped || c.Reason.Code != code {
			t.Errorf("clock %+v, want stopped because %s", c, code)
		}
		w = run(t, live("1", "01-05 10:00", classed("day")), now("01-07 00:00"), live("2", "01-07 09:00", stop))
		back := map[string]string{"cancelled": "cancelled", "merged": "merged_into"}[code]
		if w.Fact(overdue) != nil || w.Retraction(overdue).GetCode() != back {
			t.Errorf("%s after it was posted, it still counts or does not say why:\n%s", code, w.Transcript())
		}
	}
}

func TestUnmergingATicketRestoresItsVerdict(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", classed("day")), now("01-07 00:00"),
		live("2", "01-07 09:00", &feedv1.TicketMerged{}), live("3", "01-07 10:00", &feedv1.TicketUnmerged{}))
	holds(t, w, overdue, "01-06 10:00")
}

func TestReopeningKeepsTheOldVerdictAndStartsANewCycle(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", classed("day")), live("2", "01-06 12:00", closed()),
		live("3", "01-08 10:00", &feedv1.TicketReopened{}), now("01-09 09:59:59"))
	holds(t, w, overdue, "01-06 10:00")
	holdsNot(t, w, "ticket_overdue/T/2", "")
	w.Do(now("01-09 10:00"))
	holds(t, w, overdue, "01-06 10:00")
	holds(t, w, "ticket_overdue/T/2", "01-09 10:00")
}

func TestAReopenedPromiseNeedsANewPromise(t *testing.T) {
	cycle := func(due string) *flowtest.World {
		reopened := &feedv1.TicketReopened{}
		if due != "" {
			reopened.DueAt = stamp(due)
		}
		return run(t, live("1", "01-05 10:00", promised("01-06 10:00")), live("2", "01-05 12:00", closed()),
			live("3", "01-08 10:00", reopened), now("01-20 10:00"))
	}
	holdsNot(t, cycle(""), "ticket_overdue/T/2", "")
	holds(t, cycle("01-10 10:00"), "ticket_overdue/T/2", "01-10 10:00")
}

func TestANewRulebookJudgesWhatStartsInItsMonths(t *testing.T) {
	v1, v2 := book("v1", "2000-01", 24*time.Hour), book("v2", "2026-02", 48*time.Hour)
	changed := rulebook.NewPolicy([]*rulebook.Rulebook{v1, v2}, nil)
	w := run(t, live("1", "01-31 20:00", classed("day")), now("02-10 00:00"), flowtest.Policy(changed))
	if got := holds(t, w, overdue, "02-01 20:00").GetTicketOverdue().RulebookVersion; got != "v1" {
		t.Errorf("judged by %s, want v1, in force when it started", got)
	}
}

func TestOpenDeadlinesFollowAChangedRulebook(t *testing.T) {
	longer := rulebook.NewPolicy([]*rulebook.Rulebook{book("v2", "2000-01", 72*time.Hour)}, nil)
	w := run(t, live("1", "01-05 10:00", classed("day")), flowtest.Policy(longer), now("01-08 09:59:59"))
	holdsNot(t, w, overdue, "")
	w.Do(now("01-08 10:00"))
	holds(t, w, overdue, "01-08 10:00")
}

func TestReopenedBeforeItWasDueTheNewCycleIsJudged(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", classed("day")), live("2", "01-06 09:00", &feedv1.TicketReopened{}), now("01-07 09:00"))
	holdsNot(t, w, overdue, "")
	holds(t, w, "ticket_overdue/T/2", "01-07 09:00")
}

func TestACancelledTicketThatIsReopenedIsJudgedAgain(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", classed("day")), live("2", "01-05 11:00", &feedv1.TicketCancelled{}),
		live("3", "01-05 12:00", &feedv1.TicketReopened{}), now("01-06 12:00"))
	holds(t, w, "ticket_overdue/T/2", "01-06 12:00")
}

// Case 1 of the collection: a calendar changes from a month on. What is open
// in that month follows; what was judged stays with the version that judged it.
func TestCase1OpenDeadlinesFollowAChangedCalendar(t *testing.T) {
	round := book("round", "2026-02", 24*time.Hour)
	round.Commitments["office"] = rulebook.Commitment{Class: "office", Within: 15 * time.Hour, Clock: calendar.WallClock()}
	changed := flowtest.Policy(rulebook.NewPolicy([]*rulebook.Rulebook{book("v1", "2000-01", 24*time.Hour), round}, nil))

	judged := run(t, live("1", "01-05 09:00", classed("office")), now("01-08 09:00"))
	before := judged.Transcript()
	judged.Do(changed, now("01-09 09:00"))
	if after := judged.Transcript(); after != before || judged.Fact(overdue).GetTicketOverdue().RulebookVersion != "v1" {
		t.Errorf("said before the calendar changed:\n%safterwards:\n%s", before, after)
	}

	open := run(t, live("1", "02-02 09:00", classed("office")), changed, now("02-02 23:59:59"))
	holdsNot(t, open, overdue, "")
	open.Do(now("02-03 00:00"))
	f := holds(t, open, overdue, "02-03 00:00")
	if f.GetTicketOverdue().RulebookVersion != "round" {
		t.Errorf("judged by %s", f.GetTicketOverdue().RulebookVersion)
	}
}
