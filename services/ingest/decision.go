package ingest

import (
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// decisionFacts gives the latest version of an assessor's decision, and whether
// what somebody proposed still waits for one. Nobody decides what he proposed
// himself: such a decision does not count.
func decisionFacts(decision string, events []*factv1.Fact) []*factv1.Fact {
	var decided, proposed *factv1.Fact
	for _, f := range events {
		if f.GetEvent().GetPointsDecided() != nil {
			decided = f
		} else {
			proposed = f
		}
	}
	own := decided != nil && proposed != nil && (flow.SameActor(decided.GetEvent(), proposed.GetEvent()) ||
		decided.GetEvent().GetPointsDecided().Person == proposed.GetEvent().GetPointsProposed().Person)
	facts := []*factv1.Fact{given(decision, decided, own)}
	if proposed != nil {
		facts = append(facts, awaited(decision, proposed, decided != nil && !own))
	}
	return facts
}

// given is what was decided. With no points it is withdrawn, but that a
// complaint costs nothing is a decision too.
func given(decision string, event *factv1.Fact, own bool) *factv1.Fact {
	id := string(flow.PointsGiven) + "/" + decision
	if event == nil {
		return flow.Not(id, flow.Because("undecided"))
	}
	decided := event.GetEvent().GetPointsDecided()
	complaint := decided.About == feedv1.DecisionAbout_DECISION_ABOUT_COMPLAINT
	switch {
	case own:
		return flow.Not(id, flow.Because("own_decision", flow.Said("person", decided.Person)))
	case strings.Trim(decided.Points, "0.") == "" && !complaint:
		return flow.Not(id, flow.Because("decision_withdrawn", flow.Said("person", decided.Person), flow.Said("reason", decided.Reason)))
	}
	f := &factv1.Fact{
		Id: id, OccurredAt: instant(decided.AboutAt, event), Proof: []string{event.Id},
		Reason: flow.Because("decided", flow.Said("person", decided.Person), flow.Said("reason", decided.Reason)),
		Route:  &factv1.Route{Unit: decided.Unit},
		Body:   &factv1.Fact_PointsGiven{PointsGiven: &factv1.PointsGiven{Decided: decided}},
	}
	if complaint {
		f.Route.Complaint = decided.Subject
	}
	return f
}

// awaited is what somebody proposed and nobody has decided.
func awaited(decision string, event *factv1.Fact, decided bool) *factv1.Fact {
	id, said := string(flow.PointsAwaited)+"/"+decision, event.GetEvent().GetPointsProposed()
	switch {
	case said.Withdrawn:
		return flow.Not(id, flow.Because("proposal_withdrawn", flow.Said("person", said.Person), flow.Said("reason", said.Reason)))
	case decided:
		return flow.Not(id, flow.Because("already_decided"))
	}
	return &factv1.Fact{
		Id: id, OccurredAt: event.OccurredAt, Proof: []string{event.Id},
		Reason: flow.Because("proposed", flow.Said("person", said.Person), flow.Said("points", said.Points), flow.Said("reason", said.Reason)),
		Route:  &factv1.Route{Unit: said.Unit},
		Body: &factv1.Fact_PointsAwaited{PointsAwaited: &factv1.DecisionAwaited{
			Decision: factv1.Decision_DECISION_POINTS, Subject: decision, Points: said.Points, Item: said.Item,
			About: said.About, AboutSubject: said.Subject, AboutAt: instant(said.AboutAt, event), Person: said.Person, Evidence: said.Evidence,
			Actor: event.GetEvent().Actor,
		}},
	}
}

// instant is when something happened that an event tells of; with the event if
// it does not say.
func instant(stated *timestamppb.Timestamp, event *factv1.Fact) *timestamppb.Timestamp {
	if stated != nil {
		return stated
	}
	return event.OccurredAt
}
