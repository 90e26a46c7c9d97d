package escalation

import (
	"slices"
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// rule recognises one kind of fact in one kind of dossier.
type rule struct {
	dossier string
	kind    flow.Kind
	judge   judge
}

// judge gives what holds and, made with flow.Not, what does not.
type judge func(*rulebook.Policy, dossier) []*factv1.Fact

// rules is all this service knows, with the clause of the 96766 rules.
func rules() []rule {
	return []rule{
		{"complaint", flow.LateWorkComplained, lateWorkComplained},   // 六.1
		{"complaint", flow.BuckPassed, buckPassed},                   // 六.3
		{"complaint", flow.MisconductJudged, misconductJudged},       // the sheet only
		{"complaint", flow.ComplaintEscalated, anonymousEscalated},   // 六.10
		{"customer", flow.SecondComplaintMade, secondComplaintsMade}, // 六.9
		{"customer", flow.ComplaintEscalated, complaintsEscalated},   // 六.10
		{"ticket", flow.TicketReworked, reopened},                    // the sheet only
		{"repeat", flow.TicketReworked, reportedAgain},               // the sheet only
	}
}

// Service is complaint-escalation. No verdict of it waits for a deadline, so
// it never asks to be woken.
func Service() flow.Service {
	table := rules()
	var produces []flow.Kind
	for _, r := range table {
		if !slices.Contains(produces, r.kind) {
			produces = append(produces, r.kind)
		}
	}
	return flow.Service{
		Name:     "complaint-escalation",
		Consumes: []flow.Kind{flow.ComplaintRecorded, flow.PointsGiven, flow.TicketRecorded, flow.UnitKnown, flow.RulebookInForce},
		Produces: produces,
		Keys:     keys,
		Decide: func(policy *rulebook.Policy, c flow.Case) flow.Decision {
			kind, _, _ := strings.Cut(c.Key, "/")
			known := read(c.Facts)
			var decision flow.Decision
			for _, r := range table {
				if r.dossier == kind {
					decision.Facts = append(decision.Facts, r.judge(policy, known)...)
				}
			}
			return decision
		},
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
