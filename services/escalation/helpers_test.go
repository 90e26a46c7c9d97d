package escalation_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/escalation"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/rulebook"
)

const (
	day = 24 * time.Hour

	lateWork   = feedv1.ComplaintCause_COMPLAINT_CAUSE_LATE_WORK
	falseReply = feedv1.ComplaintCause_COMPLAINT_CAUSE_FALSE_REPLY
	buck       = feedv1.ComplaintCause_COMPLAINT_CAUSE_BUCK_PASSING
	attitude   = feedv1.ComplaintCause_COMPLAINT_CAUSE_ATTITUDE
	discipline = feedv1.ComplaintCause_COMPLAINT_CAUSE_DISCIPLINE

	hotline  = feedv1.ComplaintLevel_COMPLAINT_LEVEL_HOTLINE
	branch   = feedv1.ComplaintLevel_COMPLAINT_LEVEL_BRANCH
	province = feedv1.ComplaintLevel_COMPLAINT_LEVEL_PROVINCE
	above    = feedv1.ComplaintLevel_COMPLAINT_LEVEL_ABOVE
)

// start is the last second of January 2026 in Shanghai.
var start = time.Date(2026, 1, 31, 15, 59, 59, 0, time.UTC)

func policy() *rulebook.Policy {
	return rulebook.NewPolicy([]*rulebook.Rulebook{{
		Version: "test", EffectiveMonth: "2000-01", Zone: time.FixedZone("Asia/Shanghai", 8*3600),
		Limits: rulebook.Limits{SecondComplaint: 30 * day, Rework: 7 * day},
	}}, nil)
}

// run lets facts happen to the service, each given as it was said.
func run(t testing.TB, facts ...*factv1.Fact) *flowtest.World {
	t.Helper()
	w := flowtest.Run(t, policy(), []flow.Machine{flow.NewMachine(escalation.Service())})
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

type edit func(*factv1.ComplaintRecorded)

// complain is a complaint of customer C about ticket T of unit U, filed at the
// hotline because of late work.
func complain(id string, at time.Time, edits ...edit) *factv1.Fact {
	c := &factv1.ComplaintRecorded{
		Complaint: id, FiledAt: flow.At(at),
		Filed: &feedv1.ComplaintFiled{Complaint: id, Ticket: "T", Customer: "C", Unit: "U", Cause: lateWork, Level: hotline},
		Steps: []*factv1.ComplaintStep{{Step: "filed", At: flow.At(at), Proof: "s/" + id, Level: hotline}},
	}
	for _, e := range edits {
		e(c)
	}
	return &factv1.Fact{
		Id: "complaint_recorded/" + id, Revision: 1, OccurredAt: flow.At(at),
		Route: &factv1.Route{
			Unit: c.Filed.Unit, Ticket: c.Filed.Ticket, Customer: c.Filed.Customer, Complaint: id, Outage: c.Filed.Outage,
		},
		Body: &factv1.Fact_ComplaintRecorded{ComplaintRecorded: c},
	}
}

func of(customer string) edit {
	return func(c *factv1.ComplaintRecorded) { c.Filed.Customer = customer }
}
func about(ticket string) edit {
	return func(c *factv1.ComplaintRecorded) { c.Filed.Ticket = ticket }
}
func matter(name string) edit {
	return func(c *factv1.ComplaintRecorded) { c.Filed.Ticket, c.Filed.Matter = "", name }
}
func unit(u string) edit { return func(c *factv1.ComplaintRecorded) { c.Filed.Unit = u } }
func because(cause feedv1.ComplaintCause) edit {
	return func(c *factv1.ComplaintRecorded) { c.Filed.Cause = cause }
}
func verified(valid bool, at time.Time) edit {
	return func(c *factv1.ComplaintRecorded) {
		c.Valid = &valid
		c.Steps = append(c.Steps, &factv1.ComplaintStep{Step: "verified", At: flow.At(at), Proof: "s/" + c.Complaint + "-verified", Valid: valid})
	}
}
func reaches(level feedv1.ComplaintLevel, at time.Time) edit {
	return func(c *factv1.ComplaintRecorded) {
		c.Steps = append(c.Steps, &factv1.ComplaintStep{
			Step: "filed", At: flow.At(at), Level: level, Proof: "s/" + c.Complaint + "-" + level.String(),
		})
	}
}

// revised gives a fact another revision.
func revised(revision uint64, f *factv1.Fact) *factv1.Fact {
	f = proto.CloneOf(f)
	f.Revision = revision
	return f
}

// points is an assessor's decision about a complaint, for unit U.
func points(decision, complaint, points string, at time.Time) *factv1.Fact {
	return &factv1.Fact{
		Id: "points_given/" + decision, Revision: 1, OccurredAt: flow.At(at), Proof: []string{"desk/" + decision},
		Route: &factv1.Route{Unit: "U", Complaint: complaint},
		Body: &factv1.Fact_PointsGiven{PointsGiven: &factv1.PointsGiven{Decided: &feedv1.PointsDecided{
			Decision: decision, Unit: "U", About: feedv1.DecisionAbout_DECISION_ABOUT_COMPLAINT, Subject: complaint,
			Item: "CS2", Points: points, Person: "王", Reason: "用语不当",
		}}},
	}
}

type ticketEdit func(*factv1.TicketRecorded)

// fault is a fault ticket of customer C and category "no signal", held by unit
// U since it was opened.
func fault(id string, opened time.Time, edits ...ticketEdit) *factv1.Fact {
	t := &factv1.TicketRecorded{
		Ticket: id, Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Category: "no signal", Customer: "C",
		OpenedAt: flow.At(opened), Holdings: []*factv1.Holding{{From: flow.At(opened), Unit: "U"}},
		Cycles: []*factv1.Cycle{{Ordinal: 1, StartedAt: flow.At(opened), ProofStart: "s/" + id}},
	}
	for _, e := range edits {
		e(t)
	}
	return &factv1.Fact{
		Id: "ticket_recorded/" + id, Revision: 1, OccurredAt: flow.At(opened),
		Route: &factv1.Route{
			Unit: t.Holdings[len(t.Holdings)-1].Unit, Ticket: id, Customer: t.Customer, Category: t.Category,
			MergedInto: t.MergedInto,
		},
		Body: &factv1.Fact_TicketRecorded{TicketRecorded: t},
	}
}

func closed(at time.Time) ticketEdit {
	return func(t *factv1.TicketRecorded) {
		last := t.Cycles[len(t.Cycles)-1]
		last.ClosedAt, last.CompletedAt, last.ProofEnd = flow.At(at), flow.At(at), "s/"+t.Ticket+"-closed"
	}
}
func reopened(at time.Time, by string) ticketEdit {
	return func(t *factv1.TicketRecorded) {
		proof := "s/" + t.Ticket + "-reopened"
		t.Reopenings = append(t.Reopenings, &factv1.Reopening{At: flow.At(at), Proof: proof, Unit: by})
		t.Cycles = append(t.Cycles, &factv1.Cycle{Ordinal: int32(len(t.Cycles) + 1), StartedAt: flow.At(at), ProofStart: proof})
	}
}
func transferred(unit string, at time.Time) ticketEdit {
	return func(t *factv1.TicketRecorded) {
		t.Holdings = append(t.Holdings, &factv1.Holding{From: flow.At(at), Unit: unit})
	}
}
func merged(into string, at time.Time) ticketEdit {
	return func(t *factv1.TicketRecorded) { t.MergedInto, t.MergedAt = into, flow.At(at) }
}
func cancelled(at time.Time) ticketEdit {
	return func(t *factv1.TicketRecorded) { t.CancelledAt = flow.At(at) }
}
func ticketOf(customer, category string) ticketEdit {
	return func(t *factv1.TicketRecorded) { t.Customer, t.Category = customer, category }
}

// gone is a retraction where a fact was, as the kernel says it before the fact
// is asserted elsewhere.
func gone(revision uint64, f *factv1.Fact) *factv1.Fact {
	return &factv1.Fact{
		Id: f.Id, Revision: revision, Retracted: true, Kind: string(flow.KindOf(f)), Route: f.Route,
		Reason: flow.Because("moved"),
	}
}
