package ingest

import (
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// complaintFacts gives what is known of a complaint, once it was filed. It is
// about what the first filing says; later filings are steps up the ladder.
func complaintFacts(complaint string, events []*factv1.Fact) []*factv1.Fact {
	r := &factv1.ComplaintRecorded{Complaint: complaint}
	for _, f := range events {
		r.Steps = append(r.Steps, complaintStep(r, f))
	}
	if r.Filed == nil {
		return nil
	}
	return []*factv1.Fact{{
		Id: "complaint_recorded/" + complaint, OccurredAt: r.FiledAt, Proof: refs(events),
		Route: &factv1.Route{
			Unit: r.Filed.Unit, Ticket: r.Filed.Ticket, Customer: r.Filed.Customer,
			Complaint: complaint, Outage: r.Filed.Outage,
		},
		Body: &factv1.Fact_ComplaintRecorded{ComplaintRecorded: r},
	}}
}

// complaintStep gives an event as a step, and notes what it says of the whole.
func complaintStep(r *factv1.ComplaintRecorded, f *factv1.Fact) *factv1.ComplaintStep {
	step := &factv1.ComplaintStep{At: f.OccurredAt, Proof: f.Id}
	switch p := f.GetEvent().GetPayload().(type) {
	case *feedv1.Event_ComplaintFiled:
		step.Step, step.Level = "filed", p.ComplaintFiled.Level
		if r.Filed == nil {
			r.Filed, r.FiledAt = p.ComplaintFiled, f.OccurredAt
		}
	case *feedv1.Event_ComplaintForwarded:
		step.Step, step.Person, step.Unit = "forwarded", p.ComplaintForwarded.Person, p.ComplaintForwarded.Unit
	case *feedv1.Event_ComplaintAnswered:
		step.Step, step.Person = "answered", p.ComplaintAnswered.Person
	case *feedv1.Event_ComplaintVerified:
		step.Step, step.Person, step.Valid = "verified", p.ComplaintVerified.Person, p.ComplaintVerified.Valid
		r.Valid = &p.ComplaintVerified.Valid
	case *feedv1.Event_ComplaintResolved:
		step.Step, step.Person = "resolved", p.ComplaintResolved.Person
	case *feedv1.Event_ComplaintFedBack:
		step.Step, step.Person = "fed_back", p.ComplaintFedBack.Person
	}
	return step
}
