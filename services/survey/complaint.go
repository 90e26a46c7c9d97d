package survey

import (
	"fmt"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/phrase"
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
			facts = append(facts, flow.Not(id, flow.Because("other_cause",
				"投诉原因不是虚假回单", "the complaint is not about a false reply")))
			continue
		}
		if c.Valid != nil && !*c.Valid {
			facts = append(facts, flow.Not(id, flow.Because("found_invalid",
				"投诉经核实无效", "the complaint was verified and found invalid")))
			continue
		}
		reply := complainedOf(d, shown, c)
		if reply == nil {
			facts = append(facts, flow.Not(id, flow.Because("no_false_reply",
				"该工单没有被认定的虚假回单", "no reply of the ticket is shown to be false")))
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
	replied := phrase.Instant(flow.Time(r.At), policy.Zone(d.unitOf(r)))
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
	f := d.fact(id, r.Unit, c.FiledAt, flow.Because("false_reply_complained",
		fmt.Sprintf("%s的虚假回单引起客户投诉%s", replied, c.Complaint),
		fmt.Sprintf("the customer complained (%s) about the false reply of %s", c.Complaint, replied)), proof...)
	f.Route.Complaint = c.Complaint
	f.Body = &factv1.Fact_FalseReplyComplained{FalseReplyComplained: &factv1.FalseReplyComplained{
		Ticket: d.ticket, Complaint: c.Complaint,
	}}
	return f
}
