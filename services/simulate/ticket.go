package simulate

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// ticket is the plan of a fault ticket.
type ticket struct {
	unit     *unit
	id       string
	customer string
	category string
	agent    string
	channel  string
	key      bool
	class    string        // empty: a promised date
	within   time.Duration // what the class promises, when its clock is the wall's
	due      time.Time     // the promised date

	opened, finished, replied, called, closed time.Time
	suspended, resumed                        time.Time
	rescheduled                               time.Time // when; by a day
	colleague                                 string    // the agent it is handed to before the work
	cancelled                                 bool
	taken                                     bool // by an incident

	cause, text string
	callback    *feedv1.CallbackDone // nil: none
	decided     func(callbackID string)
	retold      bool // a second reply after the callback
}

// tickets plans a unit's fault tickets. None breaks a rule.
func (w *world) tickets(u *unit) []*ticket {
	customers := w.rng.Perm(int(u.customers))
	tickets := make([]*ticket, u.faults)
	for i := range tickets {
		opened := w.moment(w.start, w.end)
		tickets[i] = w.ticket(u, opened, fmt.Sprintf("%s-%06d", u.id, customers[i]))
		w.detours(tickets[i])
		w.wrapUp(tickets[i])
	}
	return tickets
}

// moment draws when a customer calls: more on Mondays, few at night, most in
// the morning and when people watch.
func (w *world) moment(from, to time.Time) time.Time {
	for {
		t := from.Add(w.between(0, to.Sub(from)-time.Second))
		if w.chance(busy(t)) {
			return t
		}
	}
}

// busy is how busy the hotline is, from 0 to 1.
func busy(t time.Time) float64 {
	hours := [24]float64{
		.05, .03, .02, .02, .02, .04, .15, .4, .8, 1, .95, .75, .5, .5, .65, .7, .7, .65, .7, .9, .95, .7, .35, .12,
	}
	days := [7]float64{.8, 1, .85, .82, .8, .85, .9} // from Sunday
	return hours[t.Hour()] * days[t.Weekday()]
}

// ticket plans a ticket that goes straight through.
func (w *world) ticket(u *unit, opened time.Time, customer string) *ticket {
	kind := pick(w, troubles)
	explained := pick(w, kind.causes)
	t := &ticket{
		unit: u, id: w.serial("GD"), customer: customer, category: kind.category, agent: pick(w, u.agents),
		channel: pick(w, []string{"96766热线", "96766热线", "96766热线", "微信公众号", "营业厅"}),
		key:     w.chance(0.03), opened: opened, cause: explained[0], text: explained[1],
	}
	limit := 44 * time.Hour
	if w.chance(0.15) {
		day := opened.AddDate(0, 0, 1+w.rng.IntN(2))
		t.due = time.Date(day.Year(), day.Month(), day.Day(), 10+2*w.rng.IntN(5), 0, 0, 0, day.Location())
		limit = t.due.Sub(opened)
	} else if t.class = pick(w, u.classes); t.class != standard {
		t.within = w.book.Commitments[t.class].Within
		limit = t.within
	} else {
		limit = 20 * time.Hour // elapsed working time is never more than that
	}
	t.finished = opened.Add(w.repair(limit))
	w.wrapUp(t)
	return t
}

// wrapUp plans reply, callback and closing after the work is finished.
func (w *world) wrapUp(t *ticket) {
	t.replied = t.finished.Add(w.between(2*time.Minute, 90*time.Minute))
	t.called = office(t.replied.Add(w.between(time.Hour, 20*time.Hour)))
	t.closed = t.called.Add(w.between(time.Minute, 30*time.Minute))
	t.callback = nil
	if w.chance(0.6) {
		t.callback = &feedv1.CallbackDone{Ticket: t.id, Unit: t.unit.id, Reached: w.chance(0.9)}
		if t.callback.Reached {
			t.callback.Satisfied, t.callback.WorkDone = proto.Bool(true), proto.Bool(true)
			t.callback.Match = feedv1.ReplyMatch_REPLY_MATCH_YES
		}
	}
}

// repair draws how long a repair takes, lognormal around five hours, and within
// what was promised.
func (w *world) repair(limit time.Duration) time.Duration {
	for {
		d := time.Duration(math.Exp(math.Log(5)+0.8*w.rng.NormFloat64()) * float64(time.Hour))
		if d > 20*time.Minute && d < limit*9/10 {
			return d.Truncate(time.Second)
		}
	}
}

// detours lets some tickets wait, be handed on, be put off or be void.
func (w *world) detours(t *ticket) {
	took := t.finished.Sub(t.opened)
	switch {
	case w.chance(0.015):
		t.cancelled = true
	case w.chance(0.05):
		t.colleague = pick(w, t.unit.agents)
	case t.class != "" && t.class != standard && w.chance(0.07):
		t.suspended = t.opened.Add(took / 2)
		t.resumed = t.suspended.Add(w.between(4*time.Hour, 40*time.Hour))
		t.finished = t.resumed.Add(took / 2)
	case t.class == "" && w.chance(0.15):
		t.rescheduled = t.opened.Add(took / 3)
		t.finished = t.finished.AddDate(0, 0, 1)
	}
}

// tell writes a ticket down.
func (w *world) tell(t *ticket) {
	opened := &feedv1.TicketOpened{
		Ticket: t.id, Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Category: t.category, Unit: t.unit.id,
		Customer: t.customer, Channel: t.channel, KeyCustomer: t.key,
	}
	if t.class != "" {
		opened.Commitment = &feedv1.TicketOpened_CommitmentClass{CommitmentClass: t.class}
	} else {
		opened.Commitment = &feedv1.TicketOpened_DueAt{DueAt: timestamppb.New(t.due)}
	}
	w.say(t.opened, t.id+"-open", &feedv1.Event{Payload: &feedv1.Event_TicketOpened{TicketOpened: opened}})
	took := t.finished.Sub(t.opened)
	dispatched := t.opened.Add(min(took/10, w.between(time.Minute, 10*time.Minute)))
	w.say(dispatched, t.id+"-dispatch", &feedv1.Event{Payload: &feedv1.Event_TicketDispatched{
		TicketDispatched: &feedv1.TicketDispatched{Ticket: t.id, Unit: t.unit.id, Agent: t.agent},
	}})
	if t.cancelled {
		w.say(t.opened.Add(took/2), t.id+"-cancel", &feedv1.Event{Payload: &feedv1.Event_TicketCancelled{
			TicketCancelled: &feedv1.TicketCancelled{Ticket: t.id, Reason: "客户来电称已自行恢复，撤销报修"},
		}})
		return
	}
	w.tellDetours(t, took)
	w.tellWork(t)
}

func (w *world) tellDetours(t *ticket, took time.Duration) {
	if t.colleague != "" {
		t.agent = t.colleague
		w.say(t.opened.Add(took/4), t.id+"-transfer", &feedv1.Event{Payload: &feedv1.Event_TicketTransferred{
			TicketTransferred: &feedv1.TicketTransferred{Ticket: t.id, Unit: t.unit.id, Agent: t.agent},
		}})
	}
	if !t.suspended.IsZero() {
		why := w.rng.IntN(len(suspendTexts))
		w.say(t.suspended, t.id+"-suspend", &feedv1.Event{Payload: &feedv1.Event_TicketSuspended{
			TicketSuspended: &feedv1.TicketSuspended{
				Ticket: t.id, Reason: feedv1.SuspendReason(why + 1), Text: suspendTexts[why],
			},
		}})
		w.say(t.resumed, t.id+"-resume", &feedv1.Event{Payload: &feedv1.Event_TicketResumed{
			TicketResumed: &feedv1.TicketResumed{Ticket: t.id},
		}})
	}
	if !t.rescheduled.IsZero() {
		w.say(t.rescheduled, t.id+"-reschedule", &feedv1.Event{Payload: &feedv1.Event_TicketRescheduled{
			TicketRescheduled: &feedv1.TicketRescheduled{Ticket: t.id, DueAt: timestamppb.New(t.due.AddDate(0, 0, 1)), Agreed: true},
		}})
	}
}

// tellWork writes down reply, callback and closing.
func (w *world) tellWork(t *ticket) {
	w.reply(t, "-reply", t.replied, t.finished, t.cause, t.text)
	if t.callback != nil {
		w.say(t.called, t.id+"-callback", &feedv1.Event{Payload: &feedv1.Event_CallbackDone{CallbackDone: t.callback}})
		if t.decided != nil {
			t.decided(t.id + "-callback")
		}
	}
	if t.retold {
		again := t.called.Add(w.between(2*time.Hour, 6*time.Hour))
		w.reply(t, "-reply2", again, again, t.cause, "重新上门处理。"+t.text)
		t.closed = again.Add(w.between(time.Hour, 4*time.Hour))
	}
	w.close(t, "-close", t.closed)
}

func (w *world) reply(t *ticket, suffix string, at, finished time.Time, cause, text string) {
	w.say(at, t.id+suffix, &feedv1.Event{Payload: &feedv1.Event_TicketReplied{TicketReplied: &feedv1.TicketReplied{
		Ticket: t.id, Result: feedv1.ReplyResult_REPLY_RESULT_DONE, FaultCause: cause, Text: text, Agent: t.agent,
		CompletedAt: timestamppb.New(finished.Truncate(time.Second)),
	}}})
}

func (w *world) close(t *ticket, suffix string, at time.Time) {
	w.say(at, t.id+suffix, &feedv1.Event{Payload: &feedv1.Event_TicketClosed{
		TicketClosed: &feedv1.TicketClosed{Ticket: t.id, Code: "已回访归档"},
	}})
}

// enquiries are calls that need no visit.
func (w *world) enquiries(u *unit) {
	for range u.enquiries {
		id, at := w.serial("ZX"), w.moment(w.start, w.end)
		w.say(at, id+"-open", &feedv1.Event{Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
			Ticket: id, Kind: feedv1.TicketKind_TICKET_KIND_ENQUIRY, Category: pick(w, enquiries), Unit: u.id,
			Customer: fmt.Sprintf("%s-%06d", u.id, w.rng.Int64N(u.customers)), Channel: "96766热线",
		}}})
		w.say(at.Add(w.between(time.Minute, 12*time.Minute)), id+"-close", &feedv1.Event{Payload: &feedv1.Event_TicketClosed{
			TicketClosed: &feedv1.TicketClosed{Ticket: id, Code: "当场答复"},
		}})
	}
}
