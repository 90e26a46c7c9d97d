package quality

import (
	"cmp"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// hallRated: what a customer asked about the hall said 客户满意度.
func hallRated(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	said := d.said.GetAssessmentRecorded().GetSurvey()
	if said == nil {
		return nil
	}
	reason := flow.Because("hall_satisfied")
	if !said.Satisfied {
		reason = flow.Because("hall_dissatisfied", wrote("said", said.Text))
	}
	return []*factv1.Fact{d.fact(id(flow.HallRated, said.Survey), said.Unit, reason, &factv1.Fact{
		Body: &factv1.Fact_HallRated{HallRated: &factv1.HallRated{Survey: said.Survey, Satisfied: said.Satisfied, Method: said.Method}},
	})}
}

// conductJudged: a merit 加分 or fault 扣分 beside the items.
func conductJudged(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	said := d.said.GetAssessmentRecorded().GetConduct()
	if said == nil {
		return nil
	}
	reason := flow.Because("recorded", flow.Said("person", said.Person), flow.Said("reason", said.Reason))
	return []*factv1.Fact{d.fact(id(flow.ConductJudged, said.Record), said.Unit, reason, &factv1.Fact{
		Body: &factv1.Fact_ConductJudged{ConductJudged: &factv1.ConductJudged{
			Record: said.Record, Kind: said.Kind, Points: cmp.Or(said.Points, "0"), Agent: said.Agent,
		}},
	})}
}

// unitSanctioned: a sanction for gaming the assessment.
func unitSanctioned(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	said := d.said.GetAssessmentRecorded().GetSanction()
	if said == nil {
		return nil
	}
	reason := flow.Because("sanctioned", flow.Said("person", said.Person), flow.Said("reason", said.Reason))
	return []*factv1.Fact{d.fact(id(flow.UnitSanctioned, said.Sanction), said.Unit, reason, &factv1.Fact{
		Body: &factv1.Fact_UnitSanctioned{UnitSanctioned: &factv1.UnitSanctioned{
			Sanction: said.Sanction, Scope: said.Scope, Item: said.Item,
		}},
	})}
}

// fact completes a fact about the record that stands alone.
func (d dossier) fact(id, unit string, reason *factv1.Reason, f *factv1.Fact) *factv1.Fact {
	f.Id, f.Reason, f.Proof, f.OccurredAt = id, reason, d.said.Proof, d.said.OccurredAt
	f.Route = &factv1.Route{Unit: unit, Customer: d.said.Route.GetCustomer()}
	return f
}
