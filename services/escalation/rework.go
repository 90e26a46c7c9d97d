package escalation

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// reopened 返工: each reopening of a ticket, charged to who held it when the
// work was last completed. It stays when the ticket is cancelled or merged
// later: the work was done again all the same.
func reopened(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	var facts []*factv1.Fact
	for _, t := range d.tickets {
		for i, r := range t.Reopenings {
			at := flow.Time(r.At)
			f := rework(id(flow.TicketReworked, t.Ticket, strconv.Itoa(i+1)), t, r.Unit, at, flow.Because("reopened", flow.Instant("at", at, policy.Zone(r.Unit))))
			f.Proof = refs(event{at, r.Proof})
			f.GetTicketReworked().How = "reopened"
			facts = append(facts, f)
		}
	}
	return facts
}

// reportedAgain 返工: a fault of the same customer and category reported again
// within the window after the closing of an earlier fault ticket. Only the one
// closed last before counts, and none that was cancelled or merged away.
func reportedAgain(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	if len(d.tickets) < 2 {
		return nil
	}
	var facts []*factv1.Fact
	closed := closings(d.tickets)
	for order, again := range d.tickets {
		if again.Kind != feedv1.TicketKind_TICKET_KIND_FAULT {
			continue
		}
		facts = append(facts, again.repetition(policy, d.terse, order, closed)...)
	}
	return facts
}

// repetition judges a new report, in its order, against the closings before it.
func (t ticket) repetition(policy *rulebook.Policy, terse bool, order int, closed []closing) (facts []*factv1.Fact) {
	found, judged := false, []string(nil)
	for _, c := range before(closed, t.openedAt) {
		earlier := c.ticket.Ticket
		if earlier == t.Ticket || c.order >= order || slices.Contains(judged, earlier) {
			continue
		}
		if found && terse {
			break
		}
		judged = append(judged, earlier)
		id := id(flow.TicketReworked, earlier, "again", t.Ticket)
		if found {
			return append(facts, flow.Not(id, flow.Because("nearer_ticket")))
		}
		var f *factv1.Fact
		if f, found = t.repeats(policy, terse, id, c); f != nil {
			facts = append(facts, f)
		}
	}
	return facts
}

// repeats judges a new report against the closing of an earlier ticket, and
// whether that ticket stands, so that no farther one can count. Terse gives nil
// for one too long ago.
func (t ticket) repeats(policy *rulebook.Policy, terse bool, id string, c closing) (f *factv1.Fact, stands bool) {
	unit := c.ticket.holder(c.at)
	window := policy.For(unit, t.openedAt).Limits.Rework
	after := t.openedAt.Sub(c.at)
	switch {
	case t.void() != nil:
		return flow.Not(id, t.void()), true
	case c.ticket.void() != nil:
		return flow.Not(id, c.ticket.void()), false
	case after > window && terse:
		return nil, true
	case after > window:
		return flow.Not(id, outsideWindow(after, window)), true
	}
	f = rework(id, c.ticket, unit, t.openedAt, flow.Because("reported_again", flow.Length("after", after), flow.Said("ticket", t.Ticket)))
	f.Proof = refs(event{c.at, c.proof}, event{t.openedAt, t.opening()})
	f.GetTicketReworked().How, f.GetTicketReworked().Again = "reported_again", t.Ticket
	return f, true
}

// rework makes a fact about the ticket whose work was not thorough.
func rework(id string, t ticket, unit string, at time.Time, why *factv1.Reason) *factv1.Fact {
	return &factv1.Fact{
		Id: id, Reason: why, OccurredAt: timestamppb.New(at),
		Route: &factv1.Route{Unit: unit, Ticket: t.Ticket, Customer: t.Customer, Category: t.Category},
		Body:  &factv1.Fact_TicketReworked{TicketReworked: &factv1.TicketReworked{Ticket: t.Ticket}},
	}
}

// closing is a time that the call centre closed a fault ticket.
type closing struct {
	at     time.Time
	ticket ticket
	order  int // the ticket's place among the tickets
	proof  string
}

// closings lists the closings of fault tickets, the first first.
func closings(tickets []ticket) []closing {
	var all []closing
	for order, t := range tickets {
		if t.Kind != feedv1.TicketKind_TICKET_KIND_FAULT {
			continue
		}
		for _, c := range t.Cycles {
			if c.ClosedAt != nil {
				all = append(all, closing{flow.Time(c.ClosedAt), t, order, c.ProofEnd})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b closing) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order))
	})
	return all
}

// before iterates over the closings not after an instant, the nearest first.
func before(closed []closing, at time.Time) iter.Seq2[int, closing] {
	end, _ := slices.BinarySearchFunc(closed, at, func(c closing, at time.Time) int {
		if c.at.After(at) {
			return 1
		}
		return -1
	})
	return slices.Backward(closed[:end])
}

// void says why a ticket does not count, nil when it does.
func (t ticket) void() *factv1.Reason {
	switch {
	case t.CancelledAt != nil:
		return flow.Because("ticket_cancelled", flow.Said("ticket", t.Ticket))
	case t.MergedInto != "" || t.MergedAt != nil:
		return flow.Because("ticket_merged", flow.Said("ticket", t.Ticket))
	default:
		return nil
	}
}

// holder gives who held the ticket at an instant; at the instant of a transfer
// it is the new unit.
func (t ticket) holder(at time.Time) string {
	unit := ""
	for i, h := range t.Holdings {
		if i == 0 || !flow.Time(h.From).After(at) {
			unit = h.Unit
		}
	}
	return unit
}

// opening is the event that opened the ticket.
func (t ticket) opening() string {
	if len(t.Cycles) == 0 {
		return ""
	}
	return t.Cycles[0].ProofStart
}
