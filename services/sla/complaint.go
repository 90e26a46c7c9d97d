package sla

import (
	"strconv"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// complaint judges the answers to a complaint and, when it names no outage,
// whether an interruption it is about was announced.
func (d *docket) complaint(f *factv1.Fact) {
	r := f.GetComplaintRecorded()
	if r == nil {
		return
	}
	var running *factv1.ComplaintStep
	ordinal, nth := 0, 0
	for _, step := range r.Steps {
		switch {
		case step.Step == "forwarded":
			ordinal++
			if running == nil { // forwarding again before an answer does not start anew
				running, nth = step, ordinal
			}
		case step.Step == "answered" && running != nil:
			d.answer(f, running, step, nth)
			running = nil
		}
	}
	if running != nil {
		d.answer(f, running, nil, nth)
	}
	if f.Route.GetOutage() == "" && f.GetComplaintRecorded().GetFiled().GetCause() == interruption {
		d.interruption(f, nil)
	}
}

const interruption = feedv1.ComplaintCause_COMPLAINT_CAUSE_UNANNOUNCED_INTERRUPTION

// answer judges one forwarding 转办 by its answer, nil when there is none yet
// (六.8). A complaint found invalid still wants an answer.
func (d *docket) answer(f *factv1.Fact, forwarded, answered *factv1.ComplaintStep, nth int) {
	r := f.GetComplaintRecorded()
	unit := forwarded.Unit
	if unit == "" {
		unit = r.Filed.GetUnit()
	}
	start, done := flow.Time(forwarded.At), flow.Time(answered.GetAt())
	due := start.Add(d.policy.For(unit, start).Limits.ComplaintAnswer)
	d.alert(forwarding{f, forwarded, answered, nth, unit, due})
	id := "complaint_answered_late/" + r.Complaint + "/" + strconv.Itoa(nth)
	if !d.missed(due, done) {
		if done.IsZero() {
			d.say(flow.Not(id, flow.Because("answer_not_due")))
			return
		}
		zone := d.policy.Zone(unit)
		d.say(flow.Not(id, flow.Because("answered_in_time", flow.Instant("due", due, zone), flow.Instant("done", done, zone))))
		return
	}
	route := complaintRoute(f, unit)
	d.say(&factv1.Fact{
		Id: id, OccurredAt: flow.At(due), Route: route, Reason: lateReason(answer(), due, done, d.policy.Zone(unit)),
		Proof: proofs(forwarded.Proof, answered.GetProof()),
		Body: &factv1.Fact_ComplaintAnsweredLate{ComplaintAnsweredLate: &factv1.ComplaintAnsweredLate{
			Complaint: r.Complaint, ForwardedAt: forwarded.At, DueAt: flow.At(due), AnsweredAt: answered.GetAt(),
		}},
	})
}

func complaintRoute(f *factv1.Fact, unit string) *factv1.Route {
	return &factv1.Route{
		Unit: unit, Ticket: f.Route.GetTicket(), Customer: f.Route.GetCustomer(), Complaint: f.Route.GetComplaint(),
		Outage: f.Route.GetOutage(), Category: f.Route.GetCategory(),
	}
}
