package escalation

import (
	"slices"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// complaintAwaited: a complaint that costs nothing before somebody has found it
// valid, or has said how many points it costs.
func complaintAwaited(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	var facts []*factv1.Fact
	for _, c := range d.complaints {
		facts = append(facts,
			c.awaits(id(flow.ComplaintAwaited, c.Complaint, "validity"), c.Valid == nil && c.countsIfValid(), &factv1.DecisionAwaited{
				Decision: factv1.Decision_DECISION_VALIDITY, Subject: c.Complaint,
			}, flow.Because("to_verify")),
			c.awaits(id(flow.ComplaintAwaited, c.Complaint, "misconduct"), c.misconduct() && !c.invalid() && !decided(d.decisions, c), &factv1.DecisionAwaited{
				Decision: factv1.Decision_DECISION_MISCONDUCT, Subject: c.Complaint,
			}, flow.Because("to_decide", causeOf(c))))
	}
	return facts
}

func (c complaint) awaits(id string, waits bool, what *factv1.DecisionAwaited, why *factv1.Reason) *factv1.Fact {
	if !waits {
		return flow.Not(id, flow.Because("nothing_awaited"))
	}
	f := c.fact(id, c.filedAt, c.proofs(), why)
	f.Body = &factv1.Fact_ComplaintAwaited{ComplaintAwaited: what}
	return f
}

// countsIfValid reports whether a rule waits for the complaint to be verified:
// passing the buck, or a level above the hotline.
func (c complaint) countsIfValid() bool {
	top := c.highest()
	return c.Filed.GetCause() == feedv1.ComplaintCause_COMPLAINT_CAUSE_BUCK_PASSING ||
		top != nil && top.Level > feedv1.ComplaintLevel_COMPLAINT_LEVEL_HOTLINE
}

// misconduct reports whether the assessor sets the points.
func (c complaint) misconduct() bool {
	return slices.Contains([]feedv1.ComplaintCause{
		feedv1.ComplaintCause_COMPLAINT_CAUSE_ATTITUDE, feedv1.ComplaintCause_COMPLAINT_CAUSE_DISCIPLINE,
	}, c.Filed.GetCause())
}

// decided reports whether somebody has decided about a complaint, if only that
// it costs nothing.
func decided(decisions []decision, c complaint) bool {
	return slices.ContainsFunc(decisions, func(d decision) bool {
		return d.About == feedv1.DecisionAbout_DECISION_ABOUT_COMPLAINT && d.Subject == c.Complaint
	})
}
