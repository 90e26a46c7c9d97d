package ingest

import (
	"slices"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// objected is what an objection event is about.
type objected interface {
	GetUnit() string
	GetRule() string
	GetFact() string
}

func objectionKey(o objected) string {
	return "objection/" + objectedTo(o.GetUnit(), o.GetRule(), o.GetFact())
}

// ObjectionID names the fact that an objection to what a rule made of a unit's
// fact becomes.
func ObjectionID(unit, rule, fact string) string {
	return string(flow.ObjectionRecorded) + "/" + objectedTo(unit, rule, fact)
}

func objectedTo(unit, rule, fact string) string {
	return escape(unit) + "/" + escape(rule) + "/" + fact
}

// objectionFacts gives an objection 异议 with its appeal and what was decided:
// of each stage the first of both counts, and a decision needs something to
// decide about.
func objectionFacts(about string, events []*factv1.Fact) []*factv1.Fact {
	recorded := &factv1.ObjectionRecorded{}
	fact := &factv1.Fact{Id: string(flow.ObjectionRecorded) + "/" + about, Route: &factv1.Route{}}
	for _, f := range events {
		if raised := f.GetEvent().GetObjectionRaised(); raised != nil && !stepped(recorded, raised.Stage) {
			raise(recorded, raised, f)
			fact.Route.Unit = raised.Unit
			fact.OccurredAt, fact.Proof = f.OccurredAt, append(fact.Proof, f.Id)
		}
	}
	if len(recorded.Steps) == 0 {
		return nil // decided before it was raised: nothing to tell yet
	}
	for _, f := range events {
		if decided := f.GetEvent().GetObjectionDecided(); decided != nil && stepped(recorded, decided.Stage) && !ruled(recorded, decided.Stage) {
			recorded.Rulings = append(recorded.Rulings, &factv1.ObjectionRuling{
				Stage: decided.Stage, Outcome: decided.Outcome, Points: decided.Points,
				Person: decided.Person, Reason: decided.Reason, At: f.OccurredAt, Proof: f.Id, Sender: f.GetEvent().Sender,
			})
			fact.Proof = append(fact.Proof, f.Id)
		}
	}
	slices.SortFunc(recorded.Rulings, func(a, b *factv1.ObjectionRuling) int { return int(a.Stage) - int(b.Stage) })
	fact.Body = &factv1.Fact_ObjectionRecorded{ObjectionRecorded: recorded}
	return []*factv1.Fact{fact}
}

func raise(recorded *factv1.ObjectionRecorded, raised *feedv1.ObjectionRaised, f *factv1.Fact) {
	recorded.Month, recorded.Fact, recorded.Rule, recorded.Entry = raised.Month, raised.Fact, raised.Rule, raised.Entry
	recorded.Steps = append(recorded.Steps, &factv1.ObjectionStep{
		Stage: raised.Stage, Person: raised.Person, Grounds: raised.Grounds, Evidence: raised.Evidence, At: f.OccurredAt, Sender: f.GetEvent().Sender,
	})
}

func stepped(recorded *factv1.ObjectionRecorded, stage feedv1.ObjectionStage) bool {
	return slices.ContainsFunc(recorded.Steps, func(s *factv1.ObjectionStep) bool { return s.Stage == stage })
}

func ruled(recorded *factv1.ObjectionRecorded, stage feedv1.ObjectionStage) bool {
	return slices.ContainsFunc(recorded.Rulings, func(r *factv1.ObjectionRuling) bool { return r.Stage == stage })
}
