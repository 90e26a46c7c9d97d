package simulate

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// incident is something that goes wrong, or well, with a ticket.
type incident func(*world, *ticket)

// incidents lets a unit's incidents happen, each to a ticket of its own.
func (w *world) incidents(u *unit, tickets []*ticket) {
	for _, h := range u.incidents {
		times := int(h.often)
		if w.chance(h.often - float64(times)) {
			times++
		}
		for range times {
			if t := w.victim(tickets); t != nil {
				t.taken = true
				h.what(w, t)
			}
		}
	}
}

// victim draws an ordinary ticket whose story has room in the month.
func (w *world) victim(tickets []*ticket) *ticket {
	early, late := w.start.AddDate(0, 0, 1), w.start.AddDate(0, 0, 17)
	for _, i := range w.rng.Perm(len(tickets)) {
		t := tickets[i]
		ordinary := !t.taken && !t.cancelled && t.suspended.IsZero() && t.within > 0
		if ordinary && t.opened.After(early) && t.opened.Before(late) {
			return t
		}
	}
	return nil
}

// asked gives the ticket a callback that reached the customer.
func asked(t *ticket) *feedv1.CallbackDone {
	t.callback = &feedv1.CallbackDone{Ticket: t.id, Unit: t.unit.id, Reached: true, Match: feedv1.ReplyMatch_REPLY_MATCH_YES}
	return t.callback
}

// overdue 超时工单: the work is done hours after the deadline.
func overdue(w *world, t *ticket) {
	t.finished = t.opened.Add(t.within + w.between(2*time.Hour, 18*time.Hour))
	t.replied = t.finished.Add(w.between(5*time.Minute, time.Hour))
	t.called = office(t.replied.Add(w.between(time.Hour, 20*time.Hour)))
	t.closed = t.called.Add(10 * time.Minute)
}

// replyLate: finished in time, reported back more than a day later.
func replyLate(w *world, t *ticket) {
	t.replied = t.finished.Add(w.between(26*time.Hour, 40*time.Hour))
	t.called = office(t.replied.Add(w.between(time.Hour, 20*time.Hour)))
	t.closed = t.called.Add(10 * time.Minute)
}

// falseReply 虚假回单: the customer says at the callback that nobody came.
func falseReply(_ *world, t *ticket) {
	said := asked(t)
	said.WorkDone, said.Text = proto.Bool(false), "客户称并没有人上门，故障依旧。"
	t.retold = true
}

func falseReplyComplained(w *world, t *ticket) {
	falseReply(w, t)
	w.complain(t, complaint{
		cause: feedv1.ComplaintCause_COMPLAINT_CAUSE_FALSE_REPLY, at: t.called.Add(w.between(10*time.Minute, 3*time.Hour)),
		text: "系统显示已修好，可是根本没人来过，投诉虚假回单。", valid: true,
	})
}

// unexplained: the reply says no more than "handled".
func unexplained(w *world, t *ticket) {
	t.cause, t.text = "", pick(w, []string{"已处理", "已处理。", "处理完毕"})
}

func contradicted(_ *world, t *ticket) {
	said := asked(t)
	said.Match, said.Satisfied = feedv1.ReplyMatch_REPLY_MATCH_NO, proto.Bool(true)
	said.Text = "客户称只是电话指导重启，并未更换设备。"
}

func contradictedSeriously(_ *world, t *ticket) {
	said := asked(t)
	said.Match = feedv1.ReplyMatch_REPLY_MATCH_SERIOUSLY_NOT
	said.Text = "客户称从未更换过分配器，且被要求自行购买线材。"
}

func dissatisfied(w *world, t *ticket) {
	said := asked(t)
	said.Satisfied, said.Text = proto.Bool(false), pick(w, dissatisfyTexts)
}

// reopened 返工: the same fault comes back some days later.
func reopened(w *world, t *ticket) {
	at := t.closed.Add(w.between(20*time.Hour, 96*time.Hour))
	w.say(at, t.id+"-reopen", &feedv1.Event{Payload: &feedv1.Event_TicketReopened{
		TicketReopened: &feedv1.TicketReopened{Ticket: t.id, Reason: "客户来电称故障重现，要求再次上门"},
	}})
	done := at.Add(w.between(2*time.Hour, 16*time.Hour))
	w.reply(t, "-reply-again", done.Add(20*time.Minute), done, t.cause, "复查后彻底处理。"+t.text)
	w.close(t, "-close-again", done.Add(w.between(2*time.Hour, 20*time.Hour)))
}

// reportedAgain 返工: the customer reports the same fault anew within the week.
func reportedAgain(w *world, t *ticket) {
	again := w.ticket(t.unit, t.closed.Add(w.between(20*time.Hour, 100*time.Hour)), t.customer)
	again.category = t.category
	w.tell(again)
}

// thanked 感谢: points proposed at the callback and granted by the assessor.
func thanked(w *world, t *ticket) { w.thanks(t, int32(1+w.rng.IntN(3)), true) }

// thanksRefused: the assessor does not grant them.
func thanksRefused(w *world, t *ticket) { w.thanks(t, 1, false) }

func (w *world) thanks(t *ticket, points int32, granted bool) {
	said := asked(t)
	said.Satisfied, said.ThanksPoints, said.Text = proto.Bool(true), points, pick(w, thanksTexts)
	t.decided = func(callback string) {
		decision := &feedv1.ThanksDecided{
			Ticket: t.id, Callback: callback, Points: points, Person: pick(w, assessors), Reason: "回访录音核实，同意加分",
		}
		if !granted {
			decision.Points, decision.Reason = 0, "录音中客户只作一般性答谢，不予加分"
		}
		w.say(office(t.called.Add(w.between(2*time.Hour, 48*time.Hour))), t.id+"-thanks",
			&feedv1.Event{Payload: &feedv1.Event_ThanksDecided{ThanksDecided: decision}})
	}
}

// praised 表扬: the customer calls of his own accord.
func praised(w *world, t *ticket) {
	w.say(t.closed.Add(w.between(time.Hour, 72*time.Hour)), t.id+"-praise", &feedv1.Event{Payload: &feedv1.Event_PraiseGiven{
		PraiseGiven: &feedv1.PraiseGiven{Unit: t.unit.id, Ticket: t.id, Customer: t.customer, Agent: t.agent, Text: pick(w, praiseTexts)},
	}})
}

// inspection: a finding of an inspection on the spot.
func inspection(w *world, t *ticket) {
	w.decide(t, feedv1.DecisionAbout_DECISION_ABOUT_INSPECTION, w.serial("JC"), pick(w, []string{"CS1", "CS4"}), "1",
		"现场抽查：上门人员未佩戴工牌")
}

// cheatingReport 举报属实: the unit reported cheating, and it is proven.
func cheatingReport(w *world, t *ticket) {
	w.decide(t, feedv1.DecisionAbout_DECISION_ABOUT_CHEATING_REPORT, w.serial("JB"), "", "2", "举报他单位虚报回访结果，经查属实")
}

// otherCase 其他加分事项: a colleague proposes points for the hall, and the
// assessor decides.
func otherCase(w *world, t *ticket) {
	const reason = "营业厅帮助走失老人联系家属，家属致谢"
	subject, decision := w.serial("JF"), w.serial("PD")
	at := office(t.closed.Add(w.between(4*time.Hour, 24*time.Hour)))
	w.say(at, decision+"-proposed", &feedv1.Event{Payload: &feedv1.Event_PointsProposed{PointsProposed: &feedv1.PointsProposed{
		Decision: decision, Unit: t.unit.id, About: feedv1.DecisionAbout_DECISION_ABOUT_OTHER_CASE, Subject: subject, Points: "3",
		Person: assessors[0], Reason: reason, AboutAt: timestamppb.New(t.closed.Truncate(time.Second)),
	}}})
	w.say(office(at.Add(w.between(4*time.Hour, 24*time.Hour))), decision, &feedv1.Event{Payload: &feedv1.Event_PointsDecided{PointsDecided: &feedv1.PointsDecided{
		Decision: decision, Unit: t.unit.id, About: feedv1.DecisionAbout_DECISION_ABOUT_OTHER_CASE, Subject: subject, Points: "2",
		Person: assessors[1], Reason: reason, AboutAt: timestamppb.New(t.closed.Truncate(time.Second)),
	}}})
}

// decide is an assessor's decision in the days after a ticket was closed.
func (w *world) decide(t *ticket, about feedv1.DecisionAbout, subject, item, points, reason string) {
	at := office(t.closed.Add(w.between(4*time.Hour, 72*time.Hour)))
	decision := w.serial("PD")
	w.say(at, decision, &feedv1.Event{Payload: &feedv1.Event_PointsDecided{PointsDecided: &feedv1.PointsDecided{
		Decision: decision, Unit: t.unit.id, About: about, Subject: subject, Item: item, Points: points,
		Person: pick(w, assessors), Reason: reason, AboutAt: timestamppb.New(t.closed.Truncate(time.Second)),
	}}})
}

// rush lets duplicate reports carry the unit over its repair quota four days
// before the end of the month; they are merged the day after the next, and it
// is back under it.
func (w *world) rush(u *unit) {
	evening := w.end.AddDate(0, 0, -4).Add(19 * time.Hour)
	for i := range u.duplicates {
		customer := fmt.Sprintf("%s-%06d", u.id, int(u.customers)+i)
		first := w.ticket(u, evening.Add(w.between(0, time.Hour)), customer)
		w.tell(first)
		for range 7 {
			w.duplicate(u, first, evening.Add(w.between(80*time.Minute, 4*time.Hour)))
		}
	}
}
