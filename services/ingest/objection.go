package ingest

import (
	"cmp"
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
// decide about and somebody else to decide it.
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
	for _, stage := range []feedv1.ObjectionStage{feedv1.ObjectionStage_OBJECTION_STAGE_ASSESSOR, feedv1.ObjectionStage_OBJECTION_STAGE_COMMITTEE} {
		if ruling := rule(recorded, stage, events); ruling != nil {
			recorded.Rulings = append(recorded.Rulings, ruling)
			fact.Proof = append(fact.Proof, ruling.Proof)
		}
	}
	fact.Body = &factv1.Fact_ObjectionRecorded{ObjectionRecorded: recorded}
	return []*factv1.Fact{fact}
}

func raise(recorded *factv1.ObjectionRecorded, raised *feedv1.ObjectionRaised, f *factv1.Fact) {
	recorded.Month, recorded.Fact, recorded.Rule, recorded.Entry = raised.Month, raised.Fact, raised.Rule, raised.Entry
	recorded.Steps = append(recorded.Steps, &factv1.ObjectionStep{
		Stage: raised.Stage, Person: raised.Person, Grounds: raised.Grounds, Evidence: raised.Evidence, At: f.OccurredAt, Sender: standing(f.GetEvent()),
	})
}

// standing is who stands for an event, as far as it is known.
func standing(e *feedv1.Event) string { return cmp.Or(e.Actor, e.Sender) }

// rule gives the first decision of a stage that counts: nobody decides what he
// raised, or decided at another stage.
func rule(recorded *factv1.ObjectionRecorded, stage feedv1.ObjectionStage, events []*factv1.Fact) *factv1.ObjectionRuling {
	if !stepped(recorded, stage) {
		return nil
	}
	for _, f := range events {
		decided := f.GetEvent().GetObjectionDecided()
		if decided != nil && decided.Stage == stage && !concerned(recorded, decided.Person, f.GetEvent().Actor) {
			return &factv1.ObjectionRuling{
				Stage: decided.Stage, Outcome: decided.Outcome, Points: decided.Points,
				Person: decided.Person, Reason: decided.Reason, At: f.OccurredAt, Proof: f.Id, Sender: standing(f.GetEvent()),
			}
		}
	}
	return nil
}

// concerned reports whether somebody has raised an objection or ruled on it.
func concerned(recorded *factv1.ObjectionRecorded, person, actor string) bool {
	same := func(name, sender string) bool { return name == person || actor != "" && sender == actor }
	return slices.ContainsFunc(recorded.Steps, func(s *factv1.ObjectionStep) bool { return same(s.Person, s.Sender) }) ||
		slices.ContainsFunc(recorded.Rulings, func(r *factv1.ObjectionRuling) bool { return same(r.Person, r.Sender) })
}

func stepped(recorded *factv1.ObjectionRecorded, stage feedv1.ObjectionStage) bool {
	return slices.ContainsFunc(recorded.Steps, func(s *factv1.ObjectionStep) bool { return s.Stage == stage })
}
