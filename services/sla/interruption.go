package sla

import (
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
)

// interruption judges a complaint about an unannounced interruption (六.7) by
// the interruption it names; outage is nil when none is known.
func (d *docket) interruption(complaint, outage *factv1.Fact) {
	r, o := complaint.GetComplaintRecorded(), outage.GetOutageRecorded()
	// The id names the outage too: a complaint that names another one later is
	// judged under another key, and an id belongs to one key.
	id := "interruption_unannounced/" + r.Complaint
	if named := complaint.Route.GetOutage(); named != "" {
		id += "/" + named
	}
	if invalid(r) {
		d.say(flow.Not(id, flow.Because("found_invalid")))
		return
	}
	if o != nil && o.StartsAt == nil {
		d.say(flow.Not(id, flow.Because("not_planned")))
		return
	}
	missing := d.unannounced(r, o)
	if missing == "" {
		d.say(flow.Not(id, flow.Because("announced")))
		return
	}
	d.say(&factv1.Fact{
		Id: id, OccurredAt: r.FiledAt, Route: complaintRoute(complaint, complaint.Route.GetUnit()),
		Reason: d.unannouncedReason(complaint.Route.GetUnit(), missing, o),
		Proof:  proofs(append(append([]string(nil), outage.GetProof()...), complaint.Proof...)...),
		Body: &factv1.Fact_InterruptionUnannounced{InterruptionUnannounced: &factv1.InterruptionUnannounced{
			Outage: o.GetOutage(), Complaint: r.Complaint, Missing: missing,
		}},
	})
}

// unannounced says what was missing: "notice", "customers", "both", or nothing.
// A notice exactly as far ahead as the limit is enough, and so is telling
// customers at the very start.
func (d *docket) unannounced(r *factv1.ComplaintRecorded, o *factv1.OutageRecorded) string {
	if o == nil {
		return "both"
	}
	starts := flow.Time(o.StartsAt)
	latest := starts.Add(-d.policy.For(r.Filed.Unit, flow.Time(r.FiledAt)).Limits.InterruptionNotice)
	notice := o.NoticeAt == nil || flow.Time(o.NoticeAt).After(latest)
	customers := o.CustomersToldAt == nil || flow.Time(o.CustomersToldAt).After(starts)
	switch {
	case notice && customers:
		return "both"
	case notice:
		return "notice"
	case customers:
		return "customers"
	}
	return ""
}

func (d *docket) unannouncedReason(unit, missing string, o *factv1.OutageRecorded) *factv1.Reason {
	if o == nil {
		return flow.Because("no_interruption_known")
	}
	return flow.Because("unannounced_"+missing, flow.Instant("starts", flow.Time(o.StartsAt), d.policy.Zone(unit)))
}
