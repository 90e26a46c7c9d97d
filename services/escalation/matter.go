package escalation

import (
	"slices"
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// merges leads from a ticket to the one it was merged into.
type merges map[string]string

func mergesOf(tickets []ticket) merges {
	m := make(merges)
	for _, t := range tickets {
		if t.MergedInto != "" {
			m[t.Ticket] = t.MergedInto
		}
	}
	return m
}

// survivor follows merges to the ticket that goes on. Tickets merged in a
// circle are one matter, named by the first of them.
func (m merges) survivor(ticket string) string {
	path := []string{ticket}
	for {
		into, merged := m[ticket]
		if !merged {
			return ticket
		}
		if i := slices.Index(path, into); i >= 0 {
			return slices.Min(path[i:])
		}
		path, ticket = append(path, into), into
	}
}

// matter names what a complaint is about: the ticket that survives merging,
// else the matter it names, else [A] its unit and cause.
func (m merges) matter(c complaint) string {
	switch {
	case c.Filed.GetTicket() != "":
		return name("ticket", m.survivor(c.Filed.GetTicket()))
	case c.Filed.GetMatter() != "":
		return name("matter", c.Filed.GetMatter())
	default:
		cause := strings.TrimPrefix(c.Filed.GetCause().String(), "COMPLAINT_CAUSE_")
		return name("cause", c.Filed.GetUnit(), strings.ToLower(cause))
	}
}

// secondComplaintsMade 二次投诉: a complaint of the same customer about the
// same matter as an earlier one, filed within the window after it. Complaints
// found invalid count neither way. A third one within the window of the second
// repeats the second.
func secondComplaintsMade(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	var facts []*factv1.Fact
	merged := mergesOf(d.tickets)
	type link struct {
		complaint
		ordinal int32
	}
	last := make(map[string]link)
	for _, c := range d.complaints {
		id := id(flow.SecondComplaintMade, c.Complaint)
		if c.invalid() {
			facts = append(facts, flow.Not(id, foundInvalid()))
			continue
		}
		matter := merged.matter(c)
		window := policy.For(c.Filed.GetUnit(), c.filedAt).Limits.SecondComplaint
		this := link{c, 1}
		earlier, repeats := last[matter]
		after := c.filedAt.Sub(earlier.filedAt)
		switch {
		case !repeats:
			facts = append(facts, flow.Not(id, firstOfMatter()))
		case after > window:
			facts = append(facts, flow.Not(id, outsideWindow(after, window)))
		default:
			this.ordinal = earlier.ordinal + 1
			facts = append(facts, second(id, c, earlier.complaint, this.ordinal))
		}
		last[matter] = this
	}
	return facts
}

func second(id string, c, earlier complaint, ordinal int32) *factv1.Fact {
	first := event{earlier.filedAt, earlier.filing().GetProof()}
	f := c.fact(id, c.filedAt, c.proofs(first), secondReason(c, earlier, ordinal))
	f.Body = &factv1.Fact_SecondComplaintMade{SecondComplaintMade: &factv1.SecondComplaintMade{
		Complaint: c.Complaint, Earlier: earlier.Complaint, Ordinal: ordinal,
	}}
	return f
}

// complaintsEscalated 升级投诉: for each matter of the customer the highest
// level, the branch or above, that a valid complaint reached; one level counts.
func complaintsEscalated(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	merged := mergesOf(d.tickets)
	var names []string // in order of first complaint
	complaints := make(map[string][]complaint)
	note := func(matter string) {
		if !slices.Contains(names, matter) {
			names = append(names, matter)
		}
	}
	for _, c := range d.complaints {
		matter := merged.matter(c)
		note(matter)
		complaints[matter] = append(complaints[matter], c)
		note(merges{}.matter(c)) // the matter it left by a merge
	}
	var facts []*factv1.Fact
	for _, matter := range names {
		of := complaints[matter]
		if len(of) == 0 {
			facts = append(facts, flow.Not(escalationID(customerOf(d), matter), matterMerged()))
			continue
		}
		facts = append(facts, escalated(escalationID(customerOf(d), matter), customerOf(d)+"/"+matter, of))
	}
	return facts
}

// anonymousEscalated judges a complaint whose customer is not known by itself.
func anonymousEscalated(_ *rulebook.Policy, d dossier) []*factv1.Fact {
	return each(d, flow.ComplaintEscalated, func(c complaint, id string) *factv1.Fact {
		if c.Filed.GetCustomer() != "" {
			return flow.Not(id, flow.Because("customer_known"))
		}
		return escalated(id, c.Complaint, []complaint{c})
	})
}

func customerOf(d dossier) string { return d.complaints[0].Filed.GetCustomer() }

// escalationID keeps the slashes of a matter's name: it is escaped already.
func escalationID(customer, matter string) string {
	return id(flow.ComplaintEscalated, customer) + "/" + matter
}

// escalated judges the complaints of one matter, sorted by filing.
func escalated(id, matter string, of []complaint) *factv1.Fact {
	top, at := complaint{}, time.Time{}
	level := feedv1.ComplaintLevel_COMPLAINT_LEVEL_HOTLINE
	var reached *factv1.ComplaintStep
	for _, c := range of {
		step := c.highest()
		if !c.valid() || step == nil {
			continue
		}
		when := flow.Time(step.At)
		if step.Level > level || (step.Level == level && reached != nil && when.Before(at)) {
			top, at, level, reached = c, when, step.Level, step
		}
	}
	if reached == nil {
		return flow.Not(id, notEscalated(of))
	}
	f := top.fact(id, at, top.proofs(event{at, reached.Proof}), flow.Because("complaint_escalated", levelOf(level)))
	f.Body = &factv1.Fact_ComplaintEscalated{ComplaintEscalated: &factv1.ComplaintEscalated{
		Matter: matter, Complaint: top.Complaint, Level: level,
	}}
	return f
}

// highest is the filing at which the complaint first reached its highest level.
func (c complaint) highest() *factv1.ComplaintStep {
	var top *factv1.ComplaintStep
	for _, s := range c.Steps {
		if s.Step == "filed" && (top == nil || s.Level > top.Level) {
			top = s
		}
	}
	return top
}

// notEscalated says what keeps a matter from counting as escalated.
func notEscalated(of []complaint) *factv1.Reason {
	for _, c := range of {
		if step := c.highest(); step.GetLevel() < feedv1.ComplaintLevel_COMPLAINT_LEVEL_BRANCH {
			continue
		} else if c.invalid() {
			return foundInvalid()
		}
		return unverified()
	}
	return flow.Because("not_escalated")
}
