package ingest_test

import (
	"testing"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

func TestNobodyDecidesWhatHeProposed(t *testing.T) {
	proposed := func(id, when string, withdrawn bool) *feedv1.Event {
		return event(id, when, &feedv1.PointsProposed{
			Decision: "D", Unit: "U", Subject: "R1", Points: "4", Person: "Wang", Reason: "proven", Withdrawn: withdrawn,
			About: feedv1.DecisionAbout_DECISION_ABOUT_CHEATING_REPORT,
		})
	}
	decided := func(id, when, person string) *feedv1.Event {
		return event(id, when, &feedv1.PointsDecided{
			Decision: "D", Unit: "U", Subject: "R1", Points: "3", Person: person, Reason: "agreed",
			About: feedv1.DecisionAbout_DECISION_ABOUT_CHEATING_REPORT,
		})
	}
	w := run(t, proposed("1", "05 10:00", false))
	waits := w.Fact("points_awaited/D").GetPointsAwaited()
	if waits.GetDecision() != factv1.Decision_DECISION_POINTS || waits.GetPoints() != "4" || waits.GetPerson() != "Wang" || w.Fact("points_given/D") != nil {
		t.Fatalf("proposed: %s", w.Transcript())
	}
	w = run(t, proposed("1", "05 10:00", false), decided("2", "06 10:00", "Wang"))
	if w.Fact("points_given/D") != nil || w.Fact("points_awaited/D") == nil {
		t.Errorf("decided by who proposed it: %s", w.Transcript())
	}
	// It counted until it was known that he had proposed it himself.
	w = run(t, decided("2", "06 10:00", "Wang"), proposed("1", "05 10:00", false))
	if w.Fact("points_given/D") != nil || w.Retraction("points_given/D").GetCode() != "own_decision" {
		t.Errorf("the proposal came later: %s", w.Transcript())
	}
	w = run(t, proposed("1", "05 10:00", false), decided("2", "06 10:00", "Li"))
	if f := w.Fact("points_given/D"); f.GetPointsGiven().GetDecided().GetPoints() != "3" || w.Retraction("points_awaited/D").GetCode() != "already_decided" {
		t.Errorf("decided by another: %s", w.Transcript())
	}
	w = run(t, proposed("1", "05 10:00", false), proposed("2", "06 10:00", true))
	if w.Retraction("points_awaited/D").GetCode() != "proposal_withdrawn" {
		t.Errorf("withdrawn: %s", w.Transcript())
	}
}
