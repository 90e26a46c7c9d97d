package ingest

import (
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// aboutTicket gives what is known of a ticket from its events in order. Work
// is told even before the opening came: a callback names its unit itself.
func aboutTicket(ticket string, events []*factv1.Fact) flow.Decision {
	opened := opening(events)
	s := newStory(ticket, opened, reportsWork(events))
	for _, f := range events {
		if f != opened {
			s.take(f)
		}
	}
	facts := make([]*factv1.Fact, 0, 3)
	if opened != nil {
		proof := refs(events)
		where := route(opened)
		where.MergedInto = s.record.MergedInto // merges alone reach a customer's dossier
		facts = append(facts, &factv1.Fact{
			Id: "ticket_recorded/" + ticket, OccurredAt: opened.OccurredAt, Proof: proof,
			Route: where, Body: &factv1.Fact_TicketRecorded{TicketRecorded: s.record},
		})
		if s.record.Kind == feedv1.TicketKind_TICKET_KIND_FAULT {
			facts = append(facts, faultReported(s.record, opened, where))
		}
	}
	if work := workReported(s, opened, events); work != nil {
		facts = append(facts, work)
	}
	return flow.Decision{Facts: facts, Moved: merged(s.record)}
}

// opening gives the event that opened the ticket, the earliest of several; nil
// when it has not come yet.
func opening(events []*factv1.Fact) *factv1.Fact {
	for _, f := range events {
		if f.GetEvent().GetTicketOpened() != nil {
			return f
		}
	}
	return nil
}

// route is what a ticket concerns. The unit is the one at opening, whoever
// holds the ticket later: a transfer must not move what was counted.
func route(opened *factv1.Fact) *factv1.Route {
	o := opened.GetEvent().GetTicketOpened()
	return &factv1.Route{Unit: o.Unit, Ticket: o.Ticket, Customer: o.Customer, Category: o.Category}
}

// faultReported says that the quota counts the ticket, or why it does not.
func faultReported(r *factv1.TicketRecorded, opened *factv1.Fact, where *factv1.Route) *factv1.Fact {
	id := "fault_reported/" + r.Ticket
	if r.CancelledAt != nil {
		return flow.Not(id, flow.Because("fault_cancelled"))
	}
	if why := merged(r); why != nil {
		return flow.Not(id, why)
	}
	return &factv1.Fact{
		Id: id, OccurredAt: opened.OccurredAt, Proof: []string{opened.Id}, Route: where,
		Body: &factv1.Fact_FaultReported{FaultReported: &factv1.FaultReported{Ticket: r.Ticket}},
	}
}

// merged says why a merged ticket no longer counts by itself, nil when it does.
func merged(r *factv1.TicketRecorded) *factv1.Reason {
	if r.MergedAt == nil {
		return nil
	}
	return flow.Because("merged_into", flow.Said("into", r.MergedInto))
}
