package escalation

import (
	"slices"
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
)

// rules is all this service knows, with the clause of the 96766 rules.
func rules() []flow.Rule[dossier] {
	return []flow.Rule[dossier]{
		{Dossier: "complaint", Kind: flow.LateWorkComplained, Judge: lateWorkComplained},   // 六.1
		{Dossier: "complaint", Kind: flow.BuckPassed, Judge: buckPassed},                   // 六.3
		{Dossier: "complaint", Kind: flow.MisconductJudged, Judge: misconductJudged},       // the sheet only
		{Dossier: "complaint", Kind: flow.ComplaintEscalated, Judge: anonymousEscalated},   // 六.10
		{Dossier: "complaint", Kind: flow.ComplaintAwaited, Judge: complaintAwaited},       // 六.3, 六.10, the sheet only
		{Dossier: "customer", Kind: flow.SecondComplaintMade, Judge: secondComplaintsMade}, // 六.9
		{Dossier: "customer", Kind: flow.ComplaintEscalated, Judge: complaintsEscalated},   // 六.10
		{Dossier: "ticket", Kind: flow.TicketReworked, Judge: reopened},                    // the sheet only
		{Dossier: "repeat", Kind: flow.TicketReworked, Judge: reportedAgain},               // the sheet only
	}
}

// Service is complaint-escalation. No verdict of it waits for a deadline, so
// it never asks to be woken.
func Service() flow.Service {
	produces, decide := flow.ByTable(rules(), read)
	return flow.Service{
		Name:     "complaint-escalation",
		Consumes: []flow.Kind{flow.ComplaintRecorded, flow.PointsGiven, flow.TicketRecorded, flow.UnitKnown, flow.RulebookInForce},
		Produces: produces, Keys: keys, Decide: decide,
	}
}

// keys gives the dossiers a fact belongs to.
func keys(f *factv1.Fact) []string {
	route := f.GetRoute()
	var to []string
	add := func(dossier string, parts ...string) {
		if !slices.Contains(parts, "") {
			to = append(to, name(dossier, parts...))
		}
	}
	switch flow.KindOf(f) {
	case flow.ComplaintRecorded:
		add("complaint", route.GetComplaint())
		add("customer", route.GetCustomer())
	case flow.PointsGiven:
		add("complaint", route.GetComplaint())
	case flow.TicketRecorded:
		add("ticket", route.GetTicket())
		add("repeat", route.GetCustomer(), route.GetCategory())
		if route.GetMergedInto() != "" {
			add("customer", route.GetCustomer())
		}
	}
	return to
}

// name joins the parts of a key or an id. A slash inside a part is escaped, so
// that no two lists of parts share a name.
func name(kind string, parts ...string) string {
	for _, part := range parts {
		kind += "/" + escape(part)
	}
	return kind
}

// escape hides the slash; most parts have none, and this runs for every fact.
func escape(part string) string {
	if !strings.ContainsAny(part, "%/") {
		return part
	}
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(part)
}

// id names a fact.
func id(kind flow.Kind, parts ...string) string { return name(string(kind), parts...) }
