package survey

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
		{"ticket", flow.ReplyFalsified, repliesFalsified},             // 六.2
		{"ticket", flow.FalseReplyComplained, falseRepliesComplained}, // 六.2
		{"ticket", flow.ReplyUnexplained, repliesUnexplained},         // 六.6
		{"ticket", flow.ReplyContradicted, repliesContradicted},       // 六.6
		{"ticket", flow.CallbackRated, callbacksRated},                // the sheet only
		{"ticket", flow.CustomerThanked, customersThanked},            // 九.1
		{"praise", flow.CustomerPraised, customerPraised},             // 九.2
	}
}

// Service is survey. No verdict of it waits for a deadline, so it never asks to
// be woken.
func Service() flow.Service {
	table := rules()
	var produces []flow.Kind
	for _, r := range table {
		produces = append(produces, r.kind)
	}
	return flow.Service{
		Name:     "survey",
		Consumes: []flow.Kind{flow.WorkReported, flow.ComplaintRecorded, flow.PraiseReceived, flow.UnitKnown, flow.RulebookInForce},
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

// keys gives the dossier a fact belongs to. A complaint about no ticket cannot
// be about a reply.
func keys(f *factv1.Fact) []string {
	switch flow.KindOf(f) {
	case flow.WorkReported, flow.ComplaintRecorded:
		if ticket := f.GetRoute().GetTicket(); ticket != "" {
			return []string{"ticket/" + ticket}
		}
	case flow.PraiseReceived:
		return []string{"praise/" + praiseID(f)}
	}
	return nil
}

// praiseID is the praise's own id, as ticket-ingest named it.
func praiseID(f *factv1.Fact) string {
	return strings.TrimPrefix(f.Id, string(flow.PraiseReceived)+"/")
}

// id names a fact: what it is about, then, in a ticket, the event it judges. A
// slash inside the ticket is escaped, so that no two pairs share a name.
func id(kind flow.Kind, about string, event ...string) string {
	if len(event) == 0 {
		return string(kind) + "/" + about
	}
	if strings.ContainsAny(about, "%/") {
		about = strings.NewReplacer("%", "%25", "/", "%2F").Replace(about)
	}
	return string(kind) + "/" + about + "/" + strings.Join(event, "/")
}

// refs leaves out events that are not known and repetitions.
func refs(events ...string) []string {
	var known []string
	for _, ref := range events {
		if ref != "" && !slices.Contains(known, ref) {
			known = append(known, ref)
		}
	}
	return known
}
