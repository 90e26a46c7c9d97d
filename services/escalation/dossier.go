package escalation

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// dossier is what is known under a key, read out of its facts.
type dossier struct {
	complaints []complaint // by filing, then id
	decisions  []decision  // by decision time, then fact id
	tickets    []ticket    // by opening, then id
	terse      bool        // nobody asks why something does not hold
}

type complaint struct {
	*factv1.ComplaintRecorded
	filedAt time.Time
}

type decision struct {
	*feedv1.PointsDecided
	fact *factv1.Fact
}

type ticket struct {
	*factv1.TicketRecorded
	openedAt time.Time
}

func read(c flow.Case) dossier {
	d := dossier{terse: c.Terse}
	for _, f := range c.Facts {
		if c := f.GetComplaintRecorded(); c != nil {
			d.complaints = append(d.complaints, complaint{c, flow.Time(c.FiledAt)})
		}
		if p := f.GetPointsGiven().GetDecided(); p != nil {
			d.decisions = append(d.decisions, decision{p, f})
		}
		if t := f.GetTicketRecorded(); t != nil {
			d.tickets = append(d.tickets, ticket{t, flow.Time(t.OpenedAt)})
		}
	}
	slices.SortFunc(d.complaints, func(a, b complaint) int {
		return cmp.Or(a.filedAt.Compare(b.filedAt), strings.Compare(a.Complaint, b.Complaint))
	})
	slices.SortFunc(d.decisions, func(a, b decision) int {
		return cmp.Or(flow.Time(a.fact.OccurredAt).Compare(flow.Time(b.fact.OccurredAt)),
			strings.Compare(a.fact.Id, b.fact.Id))
	})
	slices.SortFunc(d.tickets, func(a, b ticket) int {
		return cmp.Or(a.openedAt.Compare(b.openedAt), strings.Compare(a.Ticket, b.Ticket))
	})
	return d
}

// invalid reports whether the last verification found the complaint invalid.
// A complaint not verified yet is neither valid nor invalid.
func (c complaint) invalid() bool { return c.Valid != nil && !*c.Valid }

// valid reports whether the last verification found it valid 有效.
func (c complaint) valid() bool { return c.Valid != nil && *c.Valid }

// event is an event that proves something.
type event struct {
	at  time.Time
	ref string
}

// refs names events in the order they happened, each once.
func refs(events ...event) []string {
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	var names []string
	for _, e := range events {
		if e.ref != "" && !slices.Contains(names, e.ref) {
			names = append(names, e.ref)
		}
	}
	return names
}

// proofs gives the first filing and, when verified, the verification that
// counts, with other events in their place.
func (c complaint) proofs(others ...event) []string {
	if first := c.filing(); first != nil {
		others = slices.Insert(others, 0, event{flow.Time(first.At), first.Proof})
	}
	for _, s := range slices.Backward(c.Steps) {
		if s.Step == "verified" {
			others = append(others, event{flow.Time(s.At), s.Proof})
			break
		}
	}
	return refs(others...)
}

// filing is the first filing.
func (c complaint) filing() *factv1.ComplaintStep {
	for _, s := range c.Steps {
		if s.Step == "filed" {
			return s
		}
	}
	return nil
}

// fact makes a fact about the complaint, attributed to its unit.
func (c complaint) fact(id string, at time.Time, proof []string, why *factv1.Reason) *factv1.Fact {
	return &factv1.Fact{
		Id: id, Reason: why, Proof: proof, OccurredAt: timestamppb.New(at),
		Route: &factv1.Route{
			Unit: c.Filed.GetUnit(), Ticket: c.Filed.GetTicket(), Customer: c.Filed.GetCustomer(),
			Complaint: c.Complaint, Outage: c.Filed.GetOutage(),
		},
	}
}

// proofs gives the events of the decision.
func (d decision) proofs() []event {
	var events []event
	for _, ref := range d.fact.Proof {
		events = append(events, event{flow.Time(d.fact.OccurredAt), ref})
	}
	return events
}
