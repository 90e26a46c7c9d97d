package sla_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
)

const (
	informed = "complaint_alerted/C/1/1"
	warned   = "complaint_alerted/C/1/2"
	missed   = "complaint_alerted/C/1/3"
)

func TestTheResponsiblePersonIsToldWarnedAndToldOfTheBreachOnce(t *testing.T) {
	w := run(t, live("1", "01-05 09:00", lateWork()), live("2", "01-05 10:00", &feedv1.ComplaintForwarded{Person: "Li"}))
	got := holds(t, w, informed, "01-05 10:00").GetComplaintAlerted()
	want := &factv1.ComplaintAlerted{
		Complaint: "C", Forwarding: 1, Level: factv1.AlertLevel_ALERT_LEVEL_INFORMATION, Person: "Li",
		ForwardedAt: stamp("01-05 10:00"), DueAt: stamp("01-06 10:00"),
	}
	if !proto.Equal(got, want) {
		t.Errorf("body %v, want %v", got, want)
	}
	w.Do(now("01-06 05:59:59"))
	holdsNot(t, w, warned, "")
	w.Do(now("01-06 06:00"))
	holds(t, w, warned, "01-06 06:00")
	holdsNot(t, w, missed, "")
	w.Do(now("01-06 10:00"), now("02-06 10:00"))
	holds(t, w, missed, "01-06 10:00")
	if said := len(saidOf(w, flow.ComplaintAlerted)); said != 3 {
		t.Errorf("said %d times:\n%s", said, w.Transcript(flow.ComplaintAlerted))
	}
}

func saidOf(w *flowtest.World, k flow.Kind) (said []*factv1.Fact) {
	for _, f := range w.Said {
		if f.Kind == string(k) {
			said = append(said, f)
		}
	}
	return said
}

func TestAnAnswerBeforeTheWarningIsNoNewsHoweverLateItIsHeard(t *testing.T) {
	w := run(t, live("1", "01-05 09:00", lateWork()), live("2", "01-05 10:00", forwarded()), now("01-07 00:00"))
	holds(t, w, missed, "01-06 10:00")
	w.Do(live("3", "01-06 07:00", answered())) // after the warning, before it was due
	holds(t, w, warned, "01-06 06:00")
	holdsNot(t, w, missed, "alert_answered")
	w.Do(live("4", "01-06 05:00", answered()))
	holdsNot(t, w, warned, "alert_answered")
	holds(t, w, informed, "01-05 10:00")
}

func TestAnAnswerInTimeWarnsNobody(t *testing.T) {
	w := run(t, live("1", "01-05 09:00", lateWork()), live("2", "01-05 10:00", forwarded()),
		live("3", "01-05 11:00", answered()), now("02-06 10:00"))
	holdsNot(t, w, warned, "")
	holdsNot(t, w, missed, "")
}

func TestWhatAnImportAlertsOfCarriesItsClock(t *testing.T) {
	w := run(t, old("1", "01-05 09:00", lateWork()), old("2", "01-05 10:00", forwarded()), asOf("01-08 00:00"))
	for _, id := range []string{informed, warned, missed} {
		if f := w.Fact(id); f == nil || f.Clock != imported {
			t.Errorf("%s: %v", id, f)
		}
	}
}
