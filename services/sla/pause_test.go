package sla_test

import (
	"testing"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow/flowtest"
)

func suspended() *feedv1.TicketSuspended {
	return &feedv1.TicketSuspended{Reason: feedv1.SuspendReason_SUSPEND_REASON_WEATHER}
}

func TestASuspensionMovesTheClockOfAClassByItsLength(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", classed("day")), live("2", "01-05 12:00", suspended()), now("01-10 00:00"))
	holdsNot(t, w, overdue, "")
	w.Do(live("3", "01-10 12:00", &feedv1.TicketResumed{}), now("01-11 09:59:59"))
	holdsNot(t, w, overdue, "")
	w.Do(now("01-11 10:00"))
	holds(t, w, overdue, "01-11 10:00")
}

func TestASuspensionFromTheDeadlineOnDoesNotHelp(t *testing.T) {
	for _, from := range []string{"01-06 10:00", "01-06 10:00:01"} {
		w := run(t, old("1", "01-05 10:00", classed("day")), old("2", from, suspended()), asOf("01-06 11:00"))
		holds(t, w, overdue, "01-06 10:00")
	}
	w := run(t, old("1", "01-05 10:00", classed("day")), old("2", "01-06 09:59:59", suspended()), asOf("01-06 11:00"))
	holdsNot(t, w, overdue, "")
}

func TestASuspendedTicketClosedWithoutAResumeEndsItsPause(t *testing.T) {
	w := run(t, old("1", "01-05 10:00", classed("day")), old("2", "01-05 12:00", suspended()),
		old("3", "01-20 12:00", closed()),
		old("4", "01-25 10:00", &feedv1.TicketReopened{}), asOf("01-26 10:00"))
	holdsNot(t, w, overdue, "")
	holds(t, w, "ticket_overdue/T/2", "01-26 10:00")
}

func TestAPromisedDateIsMovedByANewPromiseOnly(t *testing.T) {
	opened := live("1", "01-05 10:00", promised("01-06 10:00"))
	moved := func(agreed bool) flowtest.Input {
		return live("2", "01-06 08:00", &feedv1.TicketRescheduled{DueAt: stamp("01-08 10:00"), Agreed: agreed})
	}
	w := run(t, opened, live("2", "01-05 12:00", suspended()), now("01-06 10:00"))
	holds(t, w, overdue, "01-06 10:00")
	holds(t, run(t, opened, moved(false), now("01-06 10:00")), overdue, "01-06 10:00")

	w = run(t, opened, moved(true), now("01-08 09:59:59"))
	holdsNot(t, w, overdue, "")
	w.Do(now("01-08 10:00"))
	holds(t, w, overdue, "01-08 10:00")
}

func TestAReschedulingHeardOfTooLateRetracts(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", promised("01-06 10:00")), now("01-06 12:00"),
		live("2", "01-06 08:00", &feedv1.TicketRescheduled{DueAt: stamp("01-08 10:00"), Agreed: true}))
	holdsNot(t, w, overdue, "promise_moved")
}

func TestAPromiseGivenAfterTheWorkWasDoneDoesNotCount(t *testing.T) {
	w := run(t, old("1", "01-05 10:00", promised("01-06 10:00")), old("2", "01-07 10:00", closed()),
		old("3", "01-07 11:00", &feedv1.TicketRescheduled{DueAt: stamp("01-08 10:00"), Agreed: true}))
	holds(t, w, overdue, "01-06 10:00")
}

func TestPausesAndWorkingTimeAreIntersectedNotAdded(t *testing.T) {
	// 15 h of 08:30–12:00, 14:00–18:00 from Monday 08:30: Tuesday 18:00. A
	// suspension over lunch and the night takes only the working hour in it.
	w := run(t, old("1", "01-05 08:30", classed("office")), old("2", "01-05 11:30", suspended()),
		old("3", "01-05 14:30", &feedv1.TicketResumed{}), old("4", "01-05 18:00", suspended()),
		old("5", "01-06 08:30", &feedv1.TicketResumed{}), asOf("01-07 09:30"))
	holds(t, w, overdue, "01-07 09:30")
	w = run(t, old("1", "01-05 08:30", classed("office")), asOf("01-06 18:00"))
	holds(t, w, overdue, "01-06 18:00")
}

func TestTheClassInForceLastJudgesTheWholeCycle(t *testing.T) {
	class := func(c string) *feedv1.TicketTransferred {
		return &feedv1.TicketTransferred{Unit: "V", CommitmentClass: &c}
	}
	t.Run("switched off before the deadline", func(t *testing.T) {
		w := run(t, live("1", "01-05 10:00", classed("day")), live("2", "01-06 09:00", class("")), now("01-09 00:00"))
		holdsNot(t, w, overdue, "")
	})
	t.Run("switched off after it was posted", func(t *testing.T) {
		w := run(t, live("1", "01-05 10:00", classed("day")), now("01-07 00:00"), live("2", "01-07 09:00", class("")))
		holdsNot(t, w, overdue, "no_commitment")
	})
	t.Run("switched while suspended", func(t *testing.T) {
		w := run(t, old("1", "01-05 10:00", classed("day")), old("2", "01-05 12:00", suspended()),
			old("3", "01-06 12:00", class("twodays")), old("4", "01-07 12:00", &feedv1.TicketResumed{}), asOf("01-09 10:00"))
		holds(t, w, overdue, "01-09 10:00")
	})
	t.Run("there and back is as if never left", func(t *testing.T) {
		w := run(t, old("1", "01-05 10:00", classed("day")), old("2", "01-05 11:00", class("twodays")),
			old("3", "01-05 12:00", class("day")), asOf("01-06 10:00"))
		holds(t, w, overdue, "01-06 10:00")
	})
	t.Run("not after the work was done", func(t *testing.T) {
		w := run(t, old("1", "01-05 10:00", classed("day")), old("2", "01-07 10:00", closed()), old("3", "01-07 11:00", class("")))
		holds(t, w, overdue, "01-06 10:00")
	})
}
