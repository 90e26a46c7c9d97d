package ingest

import (
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// Service is ticket-ingest.
func Service() flow.Service {
	return flow.Service{
		Name:     "ticket-ingest",
		Consumes: []flow.Kind{flow.Event},
		Produces: []flow.Kind{
			flow.TicketRecorded, flow.WorkReported, flow.FaultReported, flow.ComplaintRecorded,
			flow.OutageRecorded, flow.PraiseReceived, flow.PointsGiven, flow.UnitKnown, flow.RulebookInForce,
			flow.AssessmentRecorded, flow.ObjectionRecorded, flow.PointsAwaited,
		},
		Keys:   keys,
		Decide: decide,
	}
}

// keys gives the one thing an event is about; none for the tick of a clock.
func keys(f *factv1.Fact) []string {
	switch p := f.GetEvent().GetPayload().(type) {
	case *feedv1.Event_ComplaintFiled, *feedv1.Event_ComplaintForwarded, *feedv1.Event_ComplaintAnswered,
		*feedv1.Event_ComplaintVerified, *feedv1.Event_ComplaintResolved, *feedv1.Event_ComplaintFedBack:
		return []string{"complaint/" + complaintOf(f.GetEvent())}
	case *feedv1.Event_MassFaultDeclared:
		return []string{"outage/" + p.MassFaultDeclared.Outage}
	case *feedv1.Event_MassFaultTold:
		return []string{"outage/" + p.MassFaultTold.Outage}
	case *feedv1.Event_MassFaultRestored:
		return []string{"outage/" + p.MassFaultRestored.Outage}
	case *feedv1.Event_InterruptionPlanned:
		return []string{"outage/" + p.InterruptionPlanned.Outage}
	case *feedv1.Event_PraiseGiven:
		return []string{"praise/" + f.Id}
	case *feedv1.Event_PointsDecided:
		return []string{"decision/" + p.PointsDecided.Decision}
	case *feedv1.Event_PointsProposed:
		return []string{"decision/" + p.PointsProposed.Decision}
	case *feedv1.Event_UnitRegistered:
		return []string{"unit/" + p.UnitRegistered.Unit}
	case *feedv1.Event_RulebookPublished:
		return []string{"rulebook/" + p.RulebookPublished.Version}
	case *feedv1.Event_ObjectionRaised:
		return []string{objectionKey(p.ObjectionRaised)}
	case *feedv1.Event_ObjectionDecided:
		return []string{objectionKey(p.ObjectionDecided)}
	}
	if about := assessmentOf(f.GetEvent()); about != "" {
		return []string{"assessment/" + about}
	}
	if ticket := ticketOf(f.GetEvent()); ticket != "" {
		return []string{"ticket/" + ticket}
	}
	return nil
}

// ticketOf gives the ticket whose timeline an event belongs to; empty: none.
func ticketOf(e *feedv1.Event) string {
	switch p := e.GetPayload().(type) {
	case *feedv1.Event_TicketOpened:
		return p.TicketOpened.Ticket
	case *feedv1.Event_TicketDispatched:
		return p.TicketDispatched.Ticket
	case *feedv1.Event_TicketTransferred:
		return p.TicketTransferred.Ticket
	case *feedv1.Event_TicketSuspended:
		return p.TicketSuspended.Ticket
	case *feedv1.Event_TicketResumed:
		return p.TicketResumed.Ticket
	case *feedv1.Event_TicketRescheduled:
		return p.TicketRescheduled.Ticket
	case *feedv1.Event_TicketReplied:
		return p.TicketReplied.Ticket
	case *feedv1.Event_TicketClosed:
		return p.TicketClosed.Ticket
	case *feedv1.Event_TicketReopened:
		return p.TicketReopened.Ticket
	case *feedv1.Event_TicketCancelled:
		return p.TicketCancelled.Ticket
	case *feedv1.Event_TicketMerged:
		return p.TicketMerged.Ticket
	case *feedv1.Event_TicketUnmerged:
		return p.TicketUnmerged.Ticket
	case *feedv1.Event_SourceVerdictReported:
		return p.SourceVerdictReported.Ticket
	case *feedv1.Event_CallbackDone:
		return p.CallbackDone.Ticket
	case *feedv1.Event_ThanksDecided:
		return p.ThanksDecided.Ticket
	}
	return ""
}

func complaintOf(e *feedv1.Event) string {
	switch p := e.GetPayload().(type) {
	case *feedv1.Event_ComplaintFiled:
		return p.ComplaintFiled.Complaint
	case *feedv1.Event_ComplaintForwarded:
		return p.ComplaintForwarded.Complaint
	case *feedv1.Event_ComplaintAnswered:
		return p.ComplaintAnswered.Complaint
	case *feedv1.Event_ComplaintVerified:
		return p.ComplaintVerified.Complaint
	case *feedv1.Event_ComplaintResolved:
		return p.ComplaintResolved.Complaint
	case *feedv1.Event_ComplaintFedBack:
		return p.ComplaintFedBack.Complaint
	}
	return ""
}

func decide(_ *rulebook.Policy, c flow.Case) flow.Decision {
	events := inOrder(c.Facts)
	if len(events) == 0 {
		return flow.Decision{}
	}
	about, id, _ := strings.Cut(c.Key, "/")
	var facts []*factv1.Fact
	switch about {
	case "ticket":
		return aboutTicket(id, events)
	case "complaint":
		facts = complaintFacts(id, events)
	case "outage":
		facts = outageFacts(id, events)
	case "praise":
		facts = praiseFacts(events)
	case "decision":
		facts = decisionFacts(id, events)
	case "assessment":
		facts = assessmentFacts(id, events)
	case "objection":
		facts = objectionFacts(id, events)
	case "unit":
		facts = unitFacts(id, events)
	case "rulebook":
		facts = rulebookFacts(id, events)
	}
	return flow.Decision{Facts: facts}
}

// refs gives the proofs of events: their own ids.
func refs(events []*factv1.Fact) []string {
	ids := make([]string, len(events))
	for i, f := range events {
		ids[i] = f.Id
	}
	return ids
}
