package survey

import (
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// falseRepliesComplained: a complaint about a false reply that was false. The
// unit of the last false reply before the complaint answers for it.
func falseRepliesComplained(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	var facts []*factv1.Fact
	shown := d.falsifications()
	for _, c := range d.complaints {
		id := id(flow.FalseReplyComplained, c.Complaint)
		if c.Filed.GetCause() != feedv1.ComplaintCause_COMPLAINT_CAUSE_FALSE_REPLY {
			facts = append(facts, flow.Not(id, flow.Because("not_about_a_reply")))
			continue
		}
		if c.Valid != nil && !*c.Valid {
			facts = append(facts, flow.Not(id, flow.Because("found_invalid")))
			continue
		}
		reply := complainedOf(d, shown, c)
		if reply == nil {
			facts = append(facts, flow.Not(id, flow.Because("no_false_reply")))
			continue
		}
		facts = append(facts, falseReplyComplained(policy, d, id, c, reply, shown[reply]))
	}
	return facts
}

// complainedOf is the last false reply not after the complaint; a complaint
// dated before all of them is about the first. Nil when none is false.
func complainedOf(d dossier, shown map[*factv1.Reply]falsification, c *factv1.ComplaintRecorded) *factv1.Reply {
	var wrong []*factv1.Reply
	for _, r := range d.doneReplies() {
		if _, found := shown[r]; found {
			wrong = append(wrong, r)
		}
	}
	if last := lastBefore(wrong, flow.Time(c.FiledAt)); last != nil || len(wrong) == 0 {
		return last
	}
	return wrong[0]
}

func falseReplyComplained(policy *rulebook.Policy, d dossier, id string,
	c *factv1.ComplaintRecorded, r *factv1.Reply, by falsification,
) *factv1.Fact {
	replied := flow.Instant("replied", flow.Time(r.At), policy.Zone(d.unitOf(r)))
	filing := ""
	for _, s := range c.Steps {
		if s.Step == "filed" {
			filing = s.Proof
			break
		}
	}
	proof := []string{r.Proof, by.proof, filing}
	if by.at.After(flow.Time(c.FiledAt)) {
		proof = []string{r.Proof, filing, by.proof}
	}
	f := d.fact(id, r.Unit, c.FiledAt, flow.Because("false_reply_complained", replied, flow.Said("complaint", c.Complaint)), proof...)
	f.Route.Complaint = c.Complaint
	f.Body = &factv1.Fact_FalseReplyComplained{FalseReplyComplained: &factv1.FalseReplyComplained{
		Ticket: d.ticket, Complaint: c.Complaint,
	}}
	return f
}
