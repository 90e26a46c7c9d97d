package survey_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/survey"
)

const (
	done       = feedv1.ReplyResult_REPLY_RESULT_DONE
	inProgress = feedv1.ReplyResult_REPLY_RESULT_IN_PROGRESS
	handedOn   = feedv1.ReplyResult_REPLY_RESULT_HANDED_ON
)

// start is the last second of January 2026 in Shanghai.
var start = time.Date(2026, 1, 31, 15, 59, 59, 0, time.UTC)

// sec is the instant n seconds after start; sec(1) is in February.
func sec(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }

func policy() *rulebook.Policy {
	return rulebook.NewPolicy([]*rulebook.Rulebook{{
		Version: "test", EffectiveMonth: "2000-01", Zone: time.FixedZone("Asia/Shanghai", 8*3600),
		Limits: rulebook.Limits{HandledPhrases: []string{"已处理", "Work done"}},
	}}, nil)
}

func run(t testing.TB, facts ...*factv1.Fact) *flowtest.World {
	t.Helper()
	w := flowtest.Run(t, policy(), []flow.Machine{flow.NewMachine(survey.Service())})
	say(w, facts...)
	return w
}

func say(w *flowtest.World, facts ...*factv1.Fact) {
	for _, f := range facts {
		w.Do(flowtest.Fact(proto.CloneOf(f)))
	}
}

// holds tells what the service holds of a kind: id, unit, month, a line each.
func holds(w *flowtest.World, kind flow.Kind) string {
	var lines []string
	for _, f := range w.Kind(kind) {
		month := policy().Month(f.Route.Unit, flow.Time(f.OccurredAt))
		lines = append(lines, strings.TrimPrefix(f.Id, string(kind)+"/")+" "+f.Route.Unit+" "+month)
	}
	return strings.Join(lines, "\n")
}

type part func(*factv1.WorkReported)

// work is what is said of the work on ticket T of unit U and customer C.
func work(parts ...part) *factv1.Fact {
	w := &factv1.WorkReported{Ticket: "T"}
	for _, p := range parts {
		p(w)
	}
	return &factv1.Fact{
		Id: "work_reported/T", Revision: 1, OccurredAt: flow.At(start),
		Route: &factv1.Route{Unit: "U", Ticket: "T", Customer: "C", Category: "no signal"},
		Body:  &factv1.Fact_WorkReported{WorkReported: w},
	}
}

// reply is a reply with a cause, proved by event s/<name>.
func reply(name, unit string, result feedv1.ReplyResult, at time.Time) part {
	return func(w *factv1.WorkReported) {
		w.Replies = append(w.Replies, &factv1.Reply{
			At: flow.At(at), Result: result, Unit: unit, Proof: "s/" + name, FaultCause: "光缆断",
		})
	}
}

// says is a reply done of unit U at start with these words.
func says(cause, text string) part {
	return func(w *factv1.WorkReported) {
		w.Replies = append(w.Replies, &factv1.Reply{
			At: flow.At(start), Result: done, Unit: "U", Proof: "s/r", FaultCause: cause, Text: text,
		})
	}
}

// callback is a callback about unit V, proved by event s/<name>.
func callback(name string, at time.Time, edit func(*feedv1.CallbackDone)) part {
	said := &feedv1.CallbackDone{Ticket: "T", Unit: "V", Reached: true}
	edit(said)
	return func(w *factv1.WorkReported) {
		w.Callbacks = append(w.Callbacks, &factv1.Callback{At: flow.At(at), Said: said, Proof: "s/" + name})
	}
}

func notDone(said *feedv1.CallbackDone) { said.WorkDone = proto.Bool(false) }

// granted is the assessor's decision about the last callback's thanks.
func granted(points int32) part {
	return func(w *factv1.WorkReported) {
		last := w.Callbacks[len(w.Callbacks)-1]
		last.ThanksGranted, last.ProofThanks = &points, "desk/thanks"
	}
}

func handOn(how string, at time.Time) part {
	return func(w *factv1.WorkReported) {
		w.HandOns = append(w.HandOns, &factv1.HandOn{At: flow.At(at), How: how, Proof: "s/" + how})
	}
}

func closedAt(at time.Time) part {
	return func(w *factv1.WorkReported) { w.Closings = append(w.Closings, flow.At(at)) }
}

// complain is a complaint about a false reply on ticket T.
func complain(id string, at time.Time, edits ...func(*factv1.ComplaintRecorded)) *factv1.Fact {
	c := &factv1.ComplaintRecorded{
		Complaint: id, FiledAt: flow.At(at),
		Filed: &feedv1.ComplaintFiled{
			Complaint: id, Ticket: "T", Customer: "C", Unit: "W", Cause: feedv1.ComplaintCause_COMPLAINT_CAUSE_FALSE_REPLY,
		},
		Steps: []*factv1.ComplaintStep{{Step: "filed", At: flow.At(at), Proof: "s/" + id}},
	}
	for _, e := range edits {
		e(c)
	}
	return &factv1.Fact{
		Id: "complaint_recorded/" + id, Revision: 1, OccurredAt: flow.At(at),
		Route: &factv1.Route{Unit: "W", Ticket: c.Filed.Ticket, Customer: "C", Complaint: id},
		Body:  &factv1.Fact_ComplaintRecorded{ComplaintRecorded: c},
	}
}

func verified(valid bool) func(*factv1.ComplaintRecorded) {
	return func(c *factv1.ComplaintRecorded) { c.Valid = &valid }
}

// revised gives a fact another revision.
func revised(revision uint64, f *factv1.Fact) *factv1.Fact {
	f = proto.CloneOf(f)
	f.Revision = revision
	return f
}
