package simulate

import (
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

const (
	hotline  = feedv1.ComplaintLevel_COMPLAINT_LEVEL_HOTLINE
	branch   = feedv1.ComplaintLevel_COMPLAINT_LEVEL_BRANCH
	province = feedv1.ComplaintLevel_COMPLAINT_LEVEL_PROVINCE

	other = feedv1.ComplaintCause_COMPLAINT_CAUSE_OTHER
)

// complaint is the plan of a complaint about a ticket or an outage.
type complaint struct {
	cause    feedv1.ComplaintCause
	at       time.Time
	text     string
	valid    bool
	late     bool // answered late
	climbs   []feedv1.ComplaintLevel
	outage   string
	customer string // empty: the ticket's
}

// complain writes a complaint down, all its steps, and gives its id.
func (w *world) complain(t *ticket, c complaint) string {
	id := w.serial("TS")
	filed := &feedv1.ComplaintFiled{
		Complaint: id, Ticket: t.id, Customer: t.customer, Unit: t.unit.id, Agent: t.agent, Cause: c.cause, Level: hotline,
		Channel: feedv1.ComplaintChannel(1 + w.rng.IntN(5)), Outage: c.outage, Text: c.text,
	}
	if c.customer != "" {
		filed.Customer, filed.Ticket, filed.Agent = c.customer, "", ""
	}
	w.file(c.at, id+"-filed", filed)
	forwarded := c.at.Add(w.between(10*time.Minute, 2*time.Hour))
	w.say(forwarded, id+"-forward", &feedv1.Event{Payload: &feedv1.Event_ComplaintForwarded{
		ComplaintForwarded: &feedv1.ComplaintForwarded{Complaint: id, Unit: t.unit.id, Person: pick(w, managers), By: pick(w, []string{"电话", "短信"})},
	}})
	answered := forwarded.Add(w.between(3*time.Hour, 20*time.Hour))
	if c.late {
		answered = forwarded.Add(w.between(26*time.Hour, 40*time.Hour))
	}
	person := pick(w, managers)
	w.say(answered, id+"-answer", &feedv1.Event{Payload: &feedv1.Event_ComplaintAnswered{
		ComplaintAnswered: &feedv1.ComplaintAnswered{Complaint: id, Person: person, Text: "已联系客户致歉并说明处理情况。"},
	}})
	at := answered
	for i, level := range c.climbs {
		at = at.Add(w.between(20*time.Hour, 40*time.Hour))
		climbed := &feedv1.ComplaintFiled{
			Complaint: id, Ticket: filed.Ticket, Customer: filed.Customer, Unit: filed.Unit, Cause: c.cause, Level: level,
			Channel: feedv1.ComplaintChannel_COMPLAINT_CHANNEL_LETTER, Text: "对处理结果不满，向上级投诉。",
		}
		w.file(at, id+"-climb-"+string(rune('1'+i)), climbed)
		at = w.verify(id, "-verify-"+string(rune('1'+i)), at, c.valid)
	}
	if len(c.climbs) == 0 {
		at = w.verify(id, "-verify", at, c.valid)
	}
	w.settle(id, person, at)
	return id
}

func (w *world) file(at time.Time, id string, filed *feedv1.ComplaintFiled) {
	w.say(at, id, &feedv1.Event{Payload: &feedv1.Event_ComplaintFiled{ComplaintFiled: filed}})
}

// verify 核实 is the assessor's finding, in office hours.
func (w *world) verify(id, suffix string, after time.Time, valid bool) time.Time {
	at := office(after.Add(w.between(2*time.Hour, 20*time.Hour)))
	reason := "经调阅录音和现场核实，投诉属实"
	if !valid {
		reason = "经核实，客户反映情况与事实不符"
	}
	w.say(at, id+suffix, &feedv1.Event{Payload: &feedv1.Event_ComplaintVerified{
		ComplaintVerified: &feedv1.ComplaintVerified{Complaint: id, Valid: valid, Person: pick(w, assessors), Reason: reason},
	}})
	return at
}

// settle resolves the complaint and tells the customer.
func (w *world) settle(id, person string, after time.Time) {
	resolved := after.Add(w.between(time.Hour, 20*time.Hour))
	w.say(resolved, id+"-resolve", &feedv1.Event{Payload: &feedv1.Event_ComplaintResolved{
		ComplaintResolved: &feedv1.ComplaintResolved{Complaint: id, Person: person},
	}})
	w.say(office(resolved.Add(w.between(time.Hour, 20*time.Hour))), id+"-feedback", &feedv1.Event{Payload: &feedv1.Event_ComplaintFedBack{
		ComplaintFedBack: &feedv1.ComplaintFedBack{Complaint: id, Person: person},
	}})
}

// after is some time after the ticket was closed.
func (w *world) after(t *ticket) time.Time { return t.closed.Add(w.between(time.Hour, 40*time.Hour)) }

func otherComplaint(w *world, t *ticket) {
	w.complain(t, complaint{cause: other, at: w.after(t), text: pick(w, complaintTexts), valid: w.chance(0.7)})
}

func lateWork(w *world, t *ticket) {
	w.complain(t, complaint{
		cause: feedv1.ComplaintCause_COMPLAINT_CAUSE_LATE_WORK, at: t.replied.Add(-10 * time.Minute), valid: true,
		text: "等了大半天没人来，打电话也没人接。",
	})
}

func lateWorkInvalid(w *world, t *ticket) {
	w.complain(t, complaint{
		cause: feedv1.ComplaintCause_COMPLAINT_CAUSE_LATE_WORK, at: t.replied.Add(-10 * time.Minute), valid: false,
		text: "约的是上午，师傅下午才来。",
	})
}

// buckPassed 推诿.
func buckPassed(w *world, t *ticket) {
	w.complain(t, complaint{
		cause: feedv1.ComplaintCause_COMPLAINT_CAUSE_BUCK_PASSING, at: w.after(t), valid: true,
		text: "营业部让找代维，代维让找物业，互相推诿。",
	})
}

func attitude(w *world, t *ticket) {
	w.misconduct(t, feedv1.ComplaintCause_COMPLAINT_CAUSE_ATTITUDE, "师傅说话很冲，态度恶劣。", "CS2", "1", "录音核实：用语不文明")
}

func discipline(w *world, t *ticket) {
	w.misconduct(t, feedv1.ComplaintCause_COMPLAINT_CAUSE_DISCIPLINE, "上门时抽烟，还要了一瓶饮料。", "CS5", "2", "核实：上门期间吸烟、索要饮品")
}

// misconduct is a complaint for which the assessor sets points.
func (w *world) misconduct(t *ticket, cause feedv1.ComplaintCause, text, item, points, reason string) {
	id := w.complain(t, complaint{cause: cause, at: w.after(t), text: text, valid: true})
	w.decide(t, feedv1.DecisionAbout_DECISION_ABOUT_COMPLAINT, id, item, points, reason)
}

// answeredLate: forwarded, and answered after more than a day.
func answeredLate(w *world, t *ticket) {
	w.complain(t, complaint{cause: other, at: w.after(t), text: pick(w, complaintTexts), valid: true, late: true})
}

// second 二次投诉: the same customer about the same ticket.
func second(w *world, t *ticket) { w.repeat(t, 2) }

// third: and once more.
func third(w *world, t *ticket) { w.repeat(t, 3) }

func (w *world) repeat(t *ticket, times int) {
	at := w.after(t)
	for n := range times {
		text := pick(w, complaintTexts)
		if n > 0 {
			text = pick(w, againTexts)
		}
		w.complain(t, complaint{cause: other, at: at, text: text, valid: true})
		at = at.Add(w.between(40*time.Hour, 80*time.Hour))
	}
}

// escalatedBranch 升级投诉 to the branch, found valid.
func escalatedBranch(w *world, t *ticket) {
	w.complain(t, complaint{
		cause: other, at: w.after(t), text: "多次反映小区信号差无人解决。", valid: true, climbs: []feedv1.ComplaintLevel{branch},
	})
}

// escalatedProvince climbs from the branch to the province: 15 points, not 25.
func escalatedProvince(w *world, t *ticket) {
	w.complain(t, complaint{
		cause: other, at: w.after(t), text: "宽带长期不达标，要求退费。", valid: true, climbs: []feedv1.ComplaintLevel{branch, province},
	})
}

// escalatedInvalid reaches the branch and is found invalid: it costs nothing.
func escalatedInvalid(w *world, t *ticket) {
	w.complain(t, complaint{
		cause: other, at: w.after(t), text: "要求赔偿误工费三千元。", valid: false, climbs: []feedv1.ComplaintLevel{branch},
	})
}
