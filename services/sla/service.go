package sla

import (
	"slices"
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// Service is sla-timer.
func Service() flow.Service {
	return flow.Service{
		Name:     "sla-timer",
		Consumes: []flow.Kind{flow.TicketRecorded, flow.ComplaintRecorded, flow.OutageRecorded, flow.UnitKnown, flow.RulebookInForce},
		Produces: []flow.Kind{
			flow.TicketOverdue, flow.ReplyLate, flow.ComplaintAnsweredLate,
			flow.MassFaultUntold, flow.InterruptionUnannounced, flow.ComplaintAlerted,
		},
		Keys:   keys,
		Decide: decide,
	}
}

// keys: a complaint because of an outage is judged with the outage as well.
func keys(f *factv1.Fact) []string {
	switch flow.KindOf(f) {
	case flow.TicketRecorded:
		return []string{"ticket/" + f.Route.GetTicket()}
	case flow.ComplaintRecorded:
		if f.Route.GetOutage() == "" {
			return []string{"complaint/" + f.Route.GetComplaint()}
		}
		return []string{"complaint/" + f.Route.GetComplaint(), "outage/" + f.Route.GetOutage()}
	case flow.OutageRecorded:
		return []string{"outage/" + f.Route.GetOutage()}
	}
	return nil
}

func decide(policy *rulebook.Policy, c flow.Case) flow.Decision {
	d := &docket{policy: policy, asOf: c.AsOf, terse: c.Terse}
	about, _, _ := strings.Cut(c.Key, "/")
	switch about {
	case "ticket":
		for _, f := range c.Facts {
			d.ticket(f)
		}
	case "complaint":
		for _, f := range c.Facts {
			d.complaint(f)
		}
	case "outage":
		d.outage(c.Facts)
	}
	return flow.Decision{Facts: d.facts, Wake: d.wake}
}

// docket collects the verdicts of one key.
type docket struct {
	policy *rulebook.Policy
	asOf   time.Time // zero: not known
	terse  bool      // nobody asks why something does not hold
	facts  []*factv1.Fact
	wake   time.Time
}

func (d *docket) say(f *factv1.Fact) { d.facts = append(d.facts, f) }

// reached reports whether an instant is known to have come.
func (d *docket) reached(t time.Time) bool { return reached(d.asOf, t) }

func reached(asOf, t time.Time) bool { return !asOf.IsZero() && !asOf.Before(t) }

// await asks to look again at a deadline that has not come yet.
func (d *docket) await(due time.Time) {
	if d.wake.IsZero() || due.Before(d.wake) {
		d.wake = due
	}
}

// missed judges something that had to be done by an instant, and asks to look
// again when that is still open. A zero done means: not done.
func (d *docket) missed(due, done time.Time) bool {
	switch {
	case !done.IsZero():
		return done.After(due)
	case d.reached(due):
		return true
	}
	d.await(due)
	return false
}

// holder gives who holds a ticket at an instant: whoever got it at that very
// instant does.
func holder(r *factv1.TicketRecorded, at time.Time) string {
	unit := ""
	for i, h := range r.Holdings {
		if i == 0 || !h.From.AsTime().After(at) {
			unit = h.Unit
		}
	}
	return unit
}

// proofs lists the events that are known, without repeating one.
func proofs(refs ...string) []string {
	var known []string
	for _, ref := range refs {
		if ref != "" && !slices.Contains(known, ref) {
			known = append(known, ref)
		}
	}
	return known
}
