package sla

import (
	"strconv"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
)

// ticket judges every cycle of a ticket.
func (d *docket) ticket(f *factv1.Fact) {
	r := f.GetTicketRecorded()
	for nth := range r.GetCycles() {
		d.overdue(r, nth)
		d.replyLate(r, nth)
	}
}

// overdue judges a cycle by its commitment (六.1). A ticket that never had one
// has nothing to say.
func (d *docket) overdue(r *factv1.TicketRecorded, nth int) {
	j := judge(d.policy, r, nth, d.asOf)
	if j.code == codeNoCommitment && len(r.Classes) <= 1 {
		return
	}
	if j.verdict == Running && !j.due.IsZero() {
		d.await(j.due)
	}
	if j.verdict != Violated && d.terse {
		return
	}
	id := cycleID("ticket_overdue/", r.Ticket, j.cycle)
	if j.verdict != Violated {
		d.say(flow.Not(id, d.whyNot(&j)))
		return
	}
	unit := holder(r, j.due)
	overdue := &factv1.TicketOverdue{
		Ticket: r.Ticket, Cycle: j.cycle.Ordinal, DueAt: flow.At(j.due), CompletedAt: j.cycle.CompletedAt,
		CommitmentClass: j.class, Kind: r.Kind, Category: r.Category,
	}
	if j.book != nil {
		overdue.RulebookVersion = j.book.Version
	}
	d.say(&factv1.Fact{
		Id: id, Reason: j.reason(d.policy.Zone(unit)), OccurredAt: overdue.DueAt,
		Proof: proofs(j.cycle.ProofStart, j.cycle.ProofEnd), Route: ticketRoute(r, unit),
		Body: &factv1.Fact_TicketOverdue{TicketOverdue: overdue},
	})
}

// whyNot gives the reason a cycle is not overdue. A full sentence is worth its
// price only where it may have been found overdue before: past the deadline.
func (d *docket) whyNot(j *judgement) *factv1.Reason {
	if j.code == codeMet && !d.reached(j.due) {
		return flow.Because("met_before")
	}
	if j.code == codeNotDueYet {
		return flow.Because("not_due")
	}
	return j.reason(d.policy.Zone(holder(j.record, j.start)))
}

// replyLate judges whether finished work was reported back in time (六.6). Only
// work whose completion was stated apart from the reply can be late.
func (d *docket) replyLate(r *factv1.TicketRecorded, nth int) {
	c := r.Cycles[nth]
	if c.FinishedAt == nil {
		return
	}
	finished := flow.Time(c.FinishedAt)
	limit := d.policy.For(holder(r, finished), finished).Limits.Reply
	due, replied := finished.Add(limit), flow.Time(c.RepliedAt)
	id := cycleID("reply_late/", r.Ticket, c)
	stopped := replied.IsZero() && nth+1 < len(r.Cycles) && flow.Time(r.Cycles[nth+1].StartedAt).Before(due)
	switch {
	case r.CancelledAt != nil || r.MergedAt != nil || stopped:
		d.say(flow.Not(id, flow.Because("stopped")))
	case !d.missed(due, replied):
		d.say(flow.Not(id, flow.Because("replied_in_time")))
	default:
		unit := holder(r, due)
		d.say(&factv1.Fact{
			Id: id, OccurredAt: flow.At(due), Route: ticketRoute(r, unit),
			Reason: lateReason(reply(), due, replied, d.policy.Zone(unit)),
			Proof:  proofs(c.ProofStart, c.ProofEnd, c.ProofReply),
			Body: &factv1.Fact_ReplyLate{ReplyLate: &factv1.ReplyLate{
				Ticket: r.Ticket, Cycle: c.Ordinal, FinishedAt: c.FinishedAt, DueAt: flow.At(due), RepliedAt: c.RepliedAt,
			}},
		})
	}
}

func ticketRoute(r *factv1.TicketRecorded, unit string) *factv1.Route {
	return &factv1.Route{Unit: unit, Ticket: r.Ticket, Customer: r.Customer, Category: r.Category}
}

func cycleID(prefix, about string, c *factv1.Cycle) string {
	return prefix + about + "/" + strconv.Itoa(int(c.Ordinal))
}

// reason says in one sentence what was found of a cycle; zone is where its
// instants are read.
func (j *judgement) reason(zone *time.Location) *factv1.Reason {
	switch j.code {
	case codeCompletedLate, codeNotCompleted:
		return lateReason(completion(), j.due, j.done, zone)
	case codeMet:
		return metReason(j, zone)
	}
	return stillReason(j, zone)
}
