package survey

import (
	"slices"
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
)

// rules is all this service knows, with the clause of the 96766 rules.
func rules() []flow.Rule[dossier] {
	return []flow.Rule[dossier]{
		{Dossier: "ticket", Kind: flow.ReplyFalsified, Judge: repliesFalsified},             // 六.2
		{Dossier: "ticket", Kind: flow.FalseReplyComplained, Judge: falseRepliesComplained}, // 六.2
		{Dossier: "ticket", Kind: flow.ReplyUnexplained, Judge: repliesUnexplained},         // 六.6
		{Dossier: "ticket", Kind: flow.ReplyContradicted, Judge: repliesContradicted},       // 六.6
		{Dossier: "ticket", Kind: flow.CallbackRated, Judge: callbacksRated},                // the sheet only
		{Dossier: "ticket", Kind: flow.CustomerThanked, Judge: customersThanked},            // 九.1
		{Dossier: "ticket", Kind: flow.ThanksAwaited, Judge: thanksAwaited},                 // 九.1
		{Dossier: "praise", Kind: flow.CustomerPraised, Judge: customerPraised},             // 九.2
	}
}

// Service is survey. No verdict of it waits for a deadline, so it never asks to
// be woken.
func Service() flow.Service {
	produces, decide := flow.ByTable(rules(), read)
	return flow.Service{
		Name:     "survey",
		Consumes: []flow.Kind{flow.WorkReported, flow.ComplaintRecorded, flow.PraiseReceived, flow.UnitKnown, flow.RulebookInForce},
		Produces: produces, Keys: keys, Decide: decide,
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
