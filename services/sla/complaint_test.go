package sla_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

const answeredLate = "complaint_answered_late/C/1"

func filed(cause feedv1.ComplaintCause) *feedv1.ComplaintFiled {
	return &feedv1.ComplaintFiled{Cause: cause, Customer: "k", Level: feedv1.ComplaintLevel_COMPLAINT_LEVEL_HOTLINE}
}

func lateWork() *feedv1.ComplaintFiled {
	return filed(feedv1.ComplaintCause_COMPLAINT_CAUSE_LATE_WORK)
}

func forwarded() *feedv1.ComplaintForwarded { return &feedv1.ComplaintForwarded{} }

func answered() *feedv1.ComplaintAnswered { return &feedv1.ComplaintAnswered{} }

func TestAnAnswerAfterExactlyTwentyFourHoursIsInTime(t *testing.T) {
	for when, late := range map[string]bool{"01-06 09:59:59": false, "01-06 10:00": false, "01-06 10:00:01": true} {
		w := run(t, old("1", "01-05 09:00", lateWork()), old("2", "01-05 10:00", forwarded()), old("3", when, answered()))
		if !late {
			holdsNot(t, w, answeredLate, "")
			continue
		}
		f := holds(t, w, answeredLate, "01-06 10:00")
		want := &factv1.ComplaintAnsweredLate{
			Complaint: "C", ForwardedAt: stamp("01-05 10:00"), DueAt: stamp("01-06 10:00"), AnsweredAt: stamp(when),
		}
		if got := f.GetComplaintAnsweredLate(); !proto.Equal(got, want) {
			t.Errorf("body %v, want %v", got, want)
		}
		route := &factv1.Route{Unit: "U", Customer: "k", Complaint: "C"}
		if !proto.Equal(f.Route, route) {
			t.Errorf("route %v, want %v", f.Route, route)
		}
	}
}

func TestAnUnansweredComplaintFallsDueAndALateHeardAnswerRetracts(t *testing.T) {
	w := run(t, live("1", "01-05 09:00", lateWork()), live("2", "01-05 10:00", forwarded()), now("01-06 09:59:59"))
	holdsNot(t, w, answeredLate, "")
	w.Do(now("01-06 10:00"))
	holds(t, w, answeredLate, "01-06 10:00")
	w.Do(live("3", "01-06 09:00", answered()))
	holdsNot(t, w, answeredLate, "answered_in_time")
}

func TestForwardingAgainBeforeAnAnswerDoesNotStartAnew(t *testing.T) {
	w := run(t, live("1", "01-05 09:00", lateWork()), live("2", "01-05 10:00", forwarded()),
		live("3", "01-06 08:00", &feedv1.ComplaintForwarded{Unit: "V"}), now("01-20 00:00"))
	if got := holds(t, w, answeredLate, "01-06 10:00").Route.Unit; got != "U" {
		t.Errorf("%s answers, want U", got)
	}
	holdsNot(t, w, "complaint_answered_late/C/2", "")
}

func TestForwardingAfterAnAnswerIsANewClockOfTheUnitItWentTo(t *testing.T) {
	w := run(t, live("1", "01-05 09:00", lateWork()), live("2", "01-05 10:00", forwarded()),
		live("3", "01-05 12:00", answered()), live("4", "01-07 10:00", &feedv1.ComplaintForwarded{Unit: "V"}), now("01-20 00:00"))
	holdsNot(t, w, answeredLate, "")
	if got := holds(t, w, "complaint_answered_late/C/2", "01-08 10:00").Route.Unit; got != "V" {
		t.Errorf("%s answers, want V", got)
	}
}

func TestAComplaintFoundInvalidStillWantsAnAnswer(t *testing.T) {
	w := run(t, live("1", "01-05 09:00", lateWork()), live("2", "01-05 10:00", forwarded()),
		live("3", "01-05 11:00", &feedv1.ComplaintVerified{Valid: false}), now("01-06 10:00"))
	holds(t, w, answeredLate, "01-06 10:00")
}

func TestAComplaintNobodyForwardedHasNoClock(t *testing.T) {
	w := run(t, live("1", "01-05 09:00", lateWork()), now("02-06 10:00"))
	holdsNot(t, w, answeredLate, "")
}
