package survey

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// falsification is what showed a reply to be false.
type falsification struct {
	at    time.Time
	by    string // "callback", "handed_on" or "in_progress"
	proof string
	what  string // the code of the words for it
}

// repliesFalsified 虚假回单: a reply that claims done what was not, shown by a
// callback or by what happened to the ticket next. Each false reply once,
// proved by what showed it first.
func repliesFalsified(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	shown := d.falsifications()
	var facts []*factv1.Fact
	for _, r := range d.doneReplies() {
		by, untrue := shown[r]
		if !untrue && d.terse {
			continue
		}
		id := id(flow.ReplyFalsified, d.ticket, r.Proof)
		if !untrue {
			facts = append(facts, flow.Not(id, flow.Because("not_shown_false")))
			continue
		}
		zone := policy.Zone(r.Unit)
		f := d.fact(id, r.Unit, r.At, flow.Because("shown_by_"+by.by, flow.Instant("replied", flow.Time(r.At), zone),
			flow.Instant("showed", by.at, zone), flow.Part("what", flow.Because(by.what))), r.Proof, by.proof)
		f.Body = &factv1.Fact_ReplyFalsified{ReplyFalsified: &factv1.ReplyFalsified{Ticket: d.ticket, ShownBy: by.by}}
		facts = append(facts, f)
	}
	return facts
}

// falsifications gives, for each false reply, what showed it first. A callback
// or a later event speaks about the last done reply before it; an event only
// until the ticket was closed or reopened: what follows is new work.
func (d dossier) falsifications() map[*factv1.Reply]falsification {
	shown := make(map[*factv1.Reply]falsification)
	done := d.doneReplies()
	note := func(r *factv1.Reply, f falsification) {
		if first, found := shown[r]; !found || f.at.Before(first.at) {
			shown[r] = f
		}
	}
	for _, c := range d.work.Callbacks {
		at := flow.Time(c.At)
		denied := c.Said.GetReached() && c.Said.WorkDone != nil && !c.Said.GetWorkDone()
		if r := lastBefore(done, at); denied && r != nil {
			note(r, falsification{at, "callback", c.Proof, "said_not_done"})
		}
	}
	for _, f := range d.setbacks() {
		r := lastBefore(done, f.at)
		if r != nil && f.at.After(flow.Time(r.At)) && f.at.Before(d.endAfter(flow.Time(r.At))) {
			note(r, f)
		}
	}
	return shown
}

// setbacks are the events that show that work goes on, replies first.
func (d dossier) setbacks() []falsification {
	var all []falsification
	for _, r := range d.work.Replies {
		switch r.Result {
		case feedv1.ReplyResult_REPLY_RESULT_IN_PROGRESS:
			all = append(all, falsification{flow.Time(r.At), "in_progress", r.Proof, "replied_in_progress"})
		case feedv1.ReplyResult_REPLY_RESULT_HANDED_ON:
			all = append(all, falsification{flow.Time(r.At), "handed_on", r.Proof, "replied_handed_on"})
		}
	}
	for _, h := range d.work.HandOns {
		switch h.How {
		case "transferred":
			all = append(all, falsification{flow.Time(h.At), "handed_on", h.Proof, "was_transferred"})
		case "suspended":
			all = append(all, falsification{flow.Time(h.At), "in_progress", h.Proof, "was_suspended"})
		}
	}
	return all
}

// forever is after everything that can happen.
func forever() time.Time { return time.Unix(1<<40, 0) }

// endAfter is when the ticket was next closed or reopened, at or after an
// instant.
func (d dossier) endAfter(at time.Time) time.Time {
	end := forever()
	note := func(t time.Time) {
		if !t.Before(at) && t.Before(end) {
			end = t
		}
	}
	for _, c := range d.work.Closings {
		note(flow.Time(c))
	}
	for _, h := range d.work.HandOns {
		if h.How == "reopened" {
			note(flow.Time(h.At))
		}
	}
	return end
}

// repliesUnexplained: a reply that claims done without a cause, in words that
// say no more than "handled". [A] Only replies claiming done are judged, and a
// cause that says no more than "handled" is none.
func repliesUnexplained(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	var facts []*factv1.Fact
	for _, r := range d.doneReplies() {
		phrases := policy.For(d.unitOf(r), flow.Time(r.At)).Limits.HandledPhrases
		explained := !empty(r.FaultCause, phrases) || !empty(r.Text, phrases)
		if explained && d.terse {
			continue
		}
		id := id(flow.ReplyUnexplained, d.ticket, r.Proof)
		if explained {
			facts = append(facts, flow.Not(id, flow.Because("explained")))
			continue
		}
		why := flow.Because("says_no_more_than_handled", flow.Said("text", r.Text))
		if strings.TrimSpace(r.Text) == "" {
			why = flow.Because("says_nothing")
		}
		f := d.fact(id, r.Unit, r.At, why, r.Proof)
		f.Body = &factv1.Fact_ReplyUnexplained{ReplyUnexplained: &factv1.ReplyUnexplained{Ticket: d.ticket, Text: r.Text}}
		facts = append(facts, f)
	}
	return facts
}

// unitOf is the unit that replied.
func (d dossier) unitOf(r *factv1.Reply) string {
	if r.Unit != "" {
		return r.Unit
	}
	return d.route.GetUnit()
}

// empty reports whether words say nothing, or no more than a phrase.
func empty(words string, phrases []string) bool {
	return says(words, "") || slices.ContainsFunc(phrases, func(phrase string) bool { return says(words, phrase) })
}

// says reports whether two texts have the same letters and digits, whatever
// their case and what stands between them.
func says(a, b string) bool {
	for {
		x, restA := letter(a)
		y, restB := letter(b)
		if x != y {
			return false
		}
		if x == 0 {
			return true
		}
		a, b = restA, restB
	}
}

// letter gives the first letter or digit of a text, in lower case, and what
// comes after it; 0: there is none.
func letter(text string) (rune, string) {
	for i, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r), text[i+utf8.RuneLen(r):]
		}
	}
	return 0, ""
}
