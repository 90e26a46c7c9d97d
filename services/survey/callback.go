package survey

import (
	"strconv"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// maxThanks is the most that one customer's thanks can give (九.1).
const maxThanks = 3

// repliesContradicted: a callback that does not match the reply. Without an
// earlier reply there is nothing to contradict yet.
func repliesContradicted(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	return d.eachCallback(flow.ReplyContradicted, func(c *factv1.Callback, id string) *factv1.Fact {
		serious := c.Said.GetMatch() == feedv1.ReplyMatch_REPLY_MATCH_SERIOUSLY_NOT
		reply := lastBefore(d.work.Replies, flow.Time(c.At))
		switch {
		case !serious && c.Said.GetMatch() != feedv1.ReplyMatch_REPLY_MATCH_NO:
			return flow.Not(id, flow.Because("matches"))
		case reply == nil:
			return flow.Not(id, flow.Because("no_reply_before"))
		}
		replied := flow.Instant("replied", flow.Time(reply.At), policy.Zone(c.Said.GetUnit()))
		why := flow.Because("contradicted", replied)
		if serious {
			why = flow.Because("seriously_contradicted", replied)
		}
		f := d.fact(id, c.Said.GetUnit(), c.At, why, reply.Proof, c.Proof)
		f.Body = &factv1.Fact_ReplyContradicted{ReplyContradicted: &factv1.ReplyContradicted{Ticket: d.ticket, Serious: serious}}
		return f
	})
}

// callbacksRated: what each customer reached said about being satisfied.
func callbacksRated(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	return d.eachCallback(flow.CallbackRated, func(c *factv1.Callback, id string) *factv1.Fact {
		if c.Said.Satisfied == nil {
			return flow.Not(id, flow.Because("not_asked"))
		}
		why := flow.Because("satisfied")
		if !c.Said.GetSatisfied() {
			why = flow.Because("dissatisfied")
		}
		f := d.fact(id, c.Said.GetUnit(), c.At, why, c.Proof)
		f.Body = &factv1.Fact_CallbackRated{CallbackRated: &factv1.CallbackRated{
			Ticket: d.ticket, Satisfied: c.Said.GetSatisfied(),
		}}
		return f
	})
}

// customersThanked: thanks 感谢 at a callback, with the points the assessor
// granted, three at most.
func customersThanked(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	return d.eachCallback(flow.CustomerThanked, func(c *factv1.Callback, id string) *factv1.Fact {
		proposed, granted := c.Said.GetThanksPoints(), min(c.GetThanksGranted(), maxThanks)
		switch {
		case proposed <= 0:
			return flow.Not(id, flow.Because("no_thanks"))
		case c.ThanksGranted == nil:
			return flow.Not(id, flow.Because("not_decided"))
		case granted <= 0:
			return flow.Not(id, flow.Because("refused"))
		}
		f := d.fact(id, c.Said.GetUnit(), c.At, flow.Because("thanked", flow.Count("proposed", proposed), flow.Count("granted", granted)),
			c.Proof, c.ProofThanks)
		f.Body = &factv1.Fact_CustomerThanked{CustomerThanked: &factv1.CustomerThanked{
			Ticket: d.ticket, Proposed: proposed, Granted: granted,
		}}
		return f
	})
}

// thanksAwaited: thanks for which nobody has decided the points yet.
func thanksAwaited(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	return d.eachCallback(flow.ThanksAwaited, func(c *factv1.Callback, id string) *factv1.Fact {
		proposed := c.Said.GetThanksPoints()
		if proposed <= 0 || c.ThanksGranted != nil {
			return flow.Not(id, flow.Because("nothing_awaited"))
		}
		f := d.fact(id, c.Said.GetUnit(), c.At, flow.Because("thanks_proposed", flow.Count("proposed", proposed)), c.Proof)
		f.Body = &factv1.Fact_ThanksAwaited{ThanksAwaited: &factv1.DecisionAwaited{
			Decision: factv1.Decision_DECISION_THANKS, Subject: c.Proof, Points: strconv.Itoa(int(proposed)),
		}}
		return f
	})
}

// eachCallback judges every callback that reached the customer; if not reached,
// nothing else counts.
func (d dossier) eachCallback(kind flow.Kind, verdict func(*factv1.Callback, string) *factv1.Fact) []*factv1.Fact {
	var facts []*factv1.Fact
	for _, c := range d.work.Callbacks {
		id := id(kind, d.ticket, c.Proof)
		if !c.Said.GetReached() {
			facts = append(facts, flow.Not(id, flow.Because("not_reached")))
			continue
		}
		facts = append(facts, verdict(c, id))
	}
	return facts
}

// customerPraised 表扬: each time a customer called of his own accord to thank.
func customerPraised(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	var facts []*factv1.Fact
	for _, p := range d.praises {
		said := p.GetPraiseReceived().GetSaid()
		f := &factv1.Fact{
			Id: id(flow.CustomerPraised, praiseID(p)), OccurredAt: p.OccurredAt, Proof: refs(p.Proof...),
			Reason: flow.Because("praised"),
			Route:  &factv1.Route{Unit: said.GetUnit(), Ticket: said.GetTicket(), Customer: said.GetCustomer()},
			Body: &factv1.Fact_CustomerPraised{CustomerPraised: &factv1.CustomerPraised{
				Ticket: said.GetTicket(), Agent: said.GetAgent(),
			}},
		}
		facts = append(facts, f)
	}
	return facts
}
