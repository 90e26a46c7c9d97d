package quality

import (
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// rules is all this service knows; the numbers are clauses of the domain.
func rules() []flow.Rule[dossier] {
	return []flow.Rule[dossier]{
		{Dossier: "unit-month", Kind: flow.CheckJudged, Judge: checksGraded},        // §4, the sheet
		{Dossier: "unit-month", Kind: flow.CheckJudged, Judge: checksCounted},       // §4, extra deductions
		{Dossier: "unit-month", Kind: flow.MysteryVisitRated, Judge: visitorsRated}, // §4, 第三方暗访
		{Dossier: "unit-month", Kind: flow.ItemExcused, Judge: itemsExcused},        // §4, the last paragraph
		{Dossier: "said", Kind: flow.HallRated, Judge: hallRated},                   // §4, 客户满意度
		{Dossier: "said", Kind: flow.ConductJudged, Judge: conductJudged},           // §4, 加分 and 扣分
		{Dossier: "said", Kind: flow.UnitSanctioned, Judge: unitSanctioned},         // §4, sanctions
	}
}

// Service is quality. No verdict of it waits for a deadline.
func Service() flow.Service {
	produces, decide := flow.ByTable(rules(), read)
	return flow.Service{
		Name:     "quality",
		Consumes: []flow.Kind{flow.AssessmentRecorded, flow.UnitKnown, flow.RulebookInForce},
		Produces: produces, Keys: keys, Decide: decide,
	}
}

// keys gives the dossier a record belongs to: with a month the unit's month.
func keys(f *factv1.Fact) []string {
	if flow.KindOf(f) != flow.AssessmentRecorded {
		return nil
	}
	if route := f.GetRoute(); route.GetMonth() != "" {
		return []string{"unit-month/" + escape(route.Unit) + "/" + route.Month}
	}
	return []string{"said/" + aboutOf(f)}
}

// aboutOf is what ticket-ingest named the record.
func aboutOf(f *factv1.Fact) string {
	return strings.TrimPrefix(f.Id, string(flow.AssessmentRecorded)+"/")
}

// escape keeps the slash for ids.
func escape(s string) string { return strings.NewReplacer("%", "%25", "/", "%2F").Replace(s) }

// inMonth reports whether a record happened in the month it is for, where its
// unit is.
func inMonth(policy *rulebook.Policy, f *factv1.Fact) bool {
	return policy.Month(f.Route.GetUnit(), flow.Time(f.OccurredAt)) == f.Route.GetMonth()
}
