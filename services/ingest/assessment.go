package ingest

import (
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// assessmentOf names what an event says about a hall; empty: nothing.
func assessmentOf(e *feedv1.Event) string {
	switch p := e.GetPayload().(type) {
	case *feedv1.Event_HallAssessed:
		return "visit/" + p.HallAssessed.Visit
	case *feedv1.Event_HallSurveyed:
		return "survey/" + p.HallSurveyed.Survey
	case *feedv1.Event_ConductRecorded:
		return "conduct/" + p.ConductRecorded.Record
	case *feedv1.Event_SanctionImposed:
		return "sanction/" + p.SanctionImposed.Sanction
	case *feedv1.Event_ItemWaived:
		w := p.ItemWaived
		return "waiver/" + escape(w.Unit) + "/" + w.Month + "/" + w.Item
	}
	return ""
}

// assessmentFacts gives what was said last under an id; withdrawn, nothing.
func assessmentFacts(about string, events []*factv1.Fact) []*factv1.Fact {
	last := events[len(events)-1]
	said := &factv1.AssessmentRecorded{At: last.OccurredAt}
	route := &factv1.Route{}
	var withdrawn bool
	switch p := last.GetEvent().Payload.(type) {
	case *feedv1.Event_HallAssessed:
		said.Said = &factv1.AssessmentRecorded_Visit{Visit: p.HallAssessed}
		route.Unit, route.Month, withdrawn = p.HallAssessed.Unit, p.HallAssessed.Month, p.HallAssessed.Withdrawn
	case *feedv1.Event_HallSurveyed:
		said.Said = &factv1.AssessmentRecorded_Survey{Survey: p.HallSurveyed}
		route.Unit, route.Customer = p.HallSurveyed.Unit, p.HallSurveyed.Customer
	case *feedv1.Event_ConductRecorded:
		said.Said = &factv1.AssessmentRecorded_Conduct{Conduct: p.ConductRecorded}
		route.Unit, withdrawn = p.ConductRecorded.Unit, p.ConductRecorded.Withdrawn
	case *feedv1.Event_SanctionImposed:
		said.Said = &factv1.AssessmentRecorded_Sanction{Sanction: p.SanctionImposed}
		route.Unit, withdrawn = p.SanctionImposed.Unit, p.SanctionImposed.Withdrawn
	case *feedv1.Event_ItemWaived:
		said.Said = &factv1.AssessmentRecorded_Waiver{Waiver: p.ItemWaived}
		route.Unit, route.Month, withdrawn = p.ItemWaived.Unit, p.ItemWaived.Month, p.ItemWaived.Withdrawn
	}
	id := string(flow.AssessmentRecorded) + "/" + about
	if withdrawn {
		return []*factv1.Fact{flow.Not(id, flow.Because("record_withdrawn"))}
	}
	return []*factv1.Fact{{
		Id: id, OccurredAt: last.OccurredAt, Proof: []string{last.Id}, Route: route,
		Body: &factv1.Fact_AssessmentRecorded{AssessmentRecorded: said},
	}}
}

// escape keeps the slash for ids.
func escape(s string) string { return strings.NewReplacer("%", "%25", "/", "%2F").Replace(s) }
