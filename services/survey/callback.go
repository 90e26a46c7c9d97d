package survey

import (
	"fmt"
	"strconv"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/phrase"
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
			return flow.Not(id, flow.Because("matches",
				"回访与回单相符或未问及", "the callback matches the reply, or did not ask"))
		case reply == nil:
			return flow.Not(id, flow.Because("no_reply_before",
				"回访之前没有回单，无从比对", "no reply came before the callback, so there is none to contradict"))
		}
		replied := phrase.Instant(flow.Time(reply.At), policy.Zone(c.Said.GetUnit()))
		why := flow.Because("contradicted",
			replied+"的回单与客户回访所述不符", "the customer's account at the callback does not match the reply of "+replied)
		if serious {
			why = flow.Because("seriously_contradicted",
				replied+"的回单与客户回访所述严重不符", "the customer's account at the callback seriously contradicts the reply of "+replied)
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
			return flow.Not(id, flow.Because("not_asked",
				"回访未问满意度", "the callback did not ask about satisfaction"))
		}
		why := flow.Because("satisfied", "回访时客户表示满意", "the customer said at the callback to be satisfied")
		if !c.Said.GetSatisfied() {
			why = flow.Because("dissatisfied", "回访时客户表示不满意", "the customer said at the callback to be dissatisfied")
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
			return flow.Not(id, flow.Because("no_thanks", "回访没有提出感谢加分", "the callback proposes no points for thanks"))
		case c.ThanksGranted == nil:
			return flow.Not(id, flow.Because("not_decided",
				"感谢加分待考核人员决定", "the assessor has not decided about the thanks yet"))
		case granted <= 0:
			return flow.Not(id, flow.Because("refused", "考核人员未同意感谢加分", "the assessor refused points for the thanks"))
		}
		f := d.fact(id, c.Said.GetUnit(), c.At, flow.Because("thanked",
			fmt.Sprintf("回访时客户表示感谢，建议%d分，批准%d分", proposed, granted),
			fmt.Sprintf("the customer gave thanks at the callback: %d points proposed, %d granted", proposed, granted)),
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
			return flow.Not(id, flow.Because("nothing_awaited", "无需决定或已决定", "there is nothing to decide, or it was decided"))
		}
		f := d.fact(id, c.Said.GetUnit(), c.At, flow.Because("thanks_proposed",
			fmt.Sprintf("回访时客户表示感谢，建议加%d分，待决定", proposed),
			fmt.Sprintf("the customer gave thanks at the callback; %d points are proposed", proposed)), c.Proof)
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
			facts = append(facts, flow.Not(id, flow.Because("not_reached",
				"回访未联系到客户", "the customer was not reached at the callback")))
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
			Reason: flow.Because("praised", "客户主动来电表扬", "the customer called of his own accord to praise"),
			Route:  &factv1.Route{Unit: said.GetUnit(), Ticket: said.GetTicket(), Customer: said.GetCustomer()},
			Body: &factv1.Fact_CustomerPraised{CustomerPraised: &factv1.CustomerPraised{
				Ticket: said.GetTicket(), Agent: said.GetAgent(),
			}},
		}
		facts = append(facts, f)
	}
	return facts
}
