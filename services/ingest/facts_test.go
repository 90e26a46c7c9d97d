package ingest_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/ingest"
)

func TestATicketIsKnownOnceItsOpeningIs(t *testing.T) {
	w := run(t, event("2", "05 12:00", closedAt("")))
	if len(w.Facts()) != 0 {
		t.Fatalf("known before it was opened: %v", w.Facts())
	}
	w = run(t, event("2", "05 12:00", closedAt("")), event("1", "05 10:00", opened()),
		event("3", "05 13:00", &feedv1.SourceVerdictReported{Met: true}))
	f := w.Fact("ticket_recorded/T")
	same(t, "occurred", f.OccurredAt, "05 10:00")
	if got := strings.Join(f.Proof, " "); got != "s/1 s/2 s/3" {
		t.Errorf("proof %s, want the events in the order they happened", got)
	}
	want := &factv1.Route{Unit: "U", Ticket: "T", Customer: "k", Category: "no signal"}
	if !proto.Equal(f.Route, want) {
		t.Errorf("route %v, want %v", f.Route, want)
	}
	if r := f.GetTicketRecorded(); r.SourceMet == nil || !*r.SourceMet {
		t.Error("the source's own verdict is lost")
	}
}

func TestTheQuotaCountsFaultsThatStand(t *testing.T) {
	const id = "fault_reported/T"
	open := event("1", "05 10:00", opened())
	moved := event("2", "05 11:00", &feedv1.TicketTransferred{Unit: "V"})
	merged := event("3", "05 12:00", &feedv1.TicketMerged{Into: "T0"})
	if f := run(t, open, moved).Fact(id); f == nil || f.Route.Unit != "U" || f.Route.Customer != "k" {
		t.Errorf("fault %v, want counted for U, where it was reported", f)
	}
	if w := run(t, open, moved, merged); w.Fact(id) != nil || w.Retraction(id).GetCode() != "merged_into" {
		t.Errorf("merged: %v", w.Transcript())
	}
	if w := run(t, open, moved, merged, event("4", "05 13:00", &feedv1.TicketUnmerged{})); w.Fact(id) == nil {
		t.Errorf("unmerged: %v", w.Transcript())
	}
	if w := run(t, open, event("3", "05 12:00", &feedv1.TicketCancelled{})); w.Retraction(id).GetCode() != "fault_cancelled" {
		t.Errorf("cancelled: %v", w.Transcript())
	}
	enquiry := opened()
	enquiry.Kind = feedv1.TicketKind_TICKET_KIND_ENQUIRY
	if w := run(t, event("1", "05 10:00", enquiry)); w.Fact(id) != nil {
		t.Error("an enquiry is counted as a fault")
	}
}

func TestWorkIsToldOnceSomebodyReportsIt(t *testing.T) {
	w := run(t, event("1", "05 10:00", opened()), event("2", "05 11:00", &feedv1.TicketSuspended{}))
	if w.Fact("work_reported/T") != nil {
		t.Fatal("work is told before a reply or callback")
	}
	r := work(t, event("5", "05 15:00", &feedv1.CallbackDone{Unit: "U", Reached: true}),
		event("4", "05 14:00", closedAt("")), event("3", "05 13:00", reply(done, "")),
		event("2", "05 12:00", &feedv1.TicketTransferred{Unit: "V"}), event("1", "05 10:00", opened()),
		event("6", "05 16:00", &feedv1.TicketReopened{}))
	if len(r.Replies) != 1 || r.Replies[0].Unit != "V" || len(r.Callbacks) != 1 || len(r.Closings) != 1 {
		t.Errorf("work %v, want a reply of V, a callback, a closing", r)
	}
	if len(r.HandOns) != 2 || r.HandOns[0].How != "transferred" || r.HandOns[1].How != "reopened" {
		t.Errorf("hand-ons %v, want transferred, reopened", r.HandOns)
	}
}

func TestACallbackBeforeTheOpeningIsToldAndMovesWithIt(t *testing.T) {
	w := run(t, event("2", "05 12:00", &feedv1.CallbackDone{Unit: "V", Reached: true}))
	if f := w.Fact("work_reported/T"); f == nil || f.Route.Unit != "V" {
		t.Fatalf("work %v, want told for V", f)
	}
	w = run(t, event("2", "05 12:00", &feedv1.CallbackDone{Unit: "V", Reached: true}), event("1", "05 10:00", opened()))
	if f := w.Fact("work_reported/T"); f.Route.Unit != "U" || f.Route.Customer != "k" {
		t.Errorf("route %v, want the ticket's", f.Route)
	}
}

func TestThanksGoToTheCallbackTheyName(t *testing.T) {
	callback := func(source, id string) *feedv1.Event {
		e := event(id, "05 12:00", &feedv1.CallbackDone{Unit: "U", Reached: true, ThanksPoints: 2})
		e.Source = source
		return e
	}
	decided := func(name string) *feedv1.Event {
		return event("d", "05 11:00", &feedv1.ThanksDecided{Callback: name, Points: 1})
	}
	for _, c := range []struct {
		name      string
		callbacks []*feedv1.Event
		granted   string // the callback's event; empty: none
	}{
		{"c1", []*feedv1.Event{callback("s", "c1"), callback("x", "c1")}, "s/c1"},
		{"x/c1", []*feedv1.Event{callback("s", "c1"), callback("x", "c1")}, "x/c1"},
		{"c1", []*feedv1.Event{callback("x", "c1"), callback("x", "c2")}, "x/c1"},
		{"c1", []*feedv1.Event{callback("x", "c1"), callback("y", "c1")}, ""},
		{"c3", []*feedv1.Event{callback("x", "c1")}, ""},
	} {
		granted := ""
		for _, got := range work(t, append(c.callbacks, decided(c.name))...).Callbacks {
			if got.ThanksGranted != nil {
				granted += got.Proof
			}
		}
		if granted != c.granted {
			t.Errorf("decision about %s went to %q, want %q", c.name, granted, c.granted)
		}
	}
}

func TestAComplaintIsWhatWasFirstFiledAndClimbsByLaterFilings(t *testing.T) {
	filed := func(level feedv1.ComplaintLevel) *feedv1.ComplaintFiled {
		return &feedv1.ComplaintFiled{Complaint: "C", Ticket: "T", Customer: "k", Unit: "U", Outage: "O", Level: level}
	}
	w := run(t, event("3", "06 10:00", filed(feedv1.ComplaintLevel_COMPLAINT_LEVEL_PROVINCE)),
		event("1", "05 10:00", filed(feedv1.ComplaintLevel_COMPLAINT_LEVEL_HOTLINE)),
		event("2", "05 11:00", &feedv1.ComplaintVerified{Complaint: "C", Valid: true}),
		event("4", "07 10:00", &feedv1.ComplaintVerified{Complaint: "C", Valid: false}))
	f := w.Fact("complaint_recorded/C")
	r := f.GetComplaintRecorded()
	same(t, "filed", r.FiledAt, "05 10:00")
	if r.Filed.Level != feedv1.ComplaintLevel_COMPLAINT_LEVEL_HOTLINE || r.Valid == nil || *r.Valid {
		t.Errorf("complaint %v, want filed at the hotline, found invalid last", r)
	}
	var steps []string
	for _, s := range r.Steps {
		steps = append(steps, s.Step)
	}
	if got := strings.Join(steps, " "); got != "filed verified filed verified" || r.Steps[2].Level != feedv1.ComplaintLevel_COMPLAINT_LEVEL_PROVINCE {
		t.Errorf("steps %s, want filed verified filed verified, the third at the province", got)
	}
	want := &factv1.Route{Unit: "U", Ticket: "T", Customer: "k", Complaint: "C", Outage: "O"}
	if !proto.Equal(f.Route, want) {
		t.Errorf("route %v, want %v", f.Route, want)
	}
	if w := run(t, event("2", "05 11:00", &feedv1.ComplaintVerified{Complaint: "C"})); len(w.Facts()) != 0 {
		t.Error("a complaint is known before it was filed")
	}
}

func TestOutagesKeepWhatCountsForTheDutyToTell(t *testing.T) {
	r := run(t, event("1", "05 10:00", &feedv1.MassFaultDeclared{Outage: "O", Units: []string{"U"}}),
		event("2", "05 10:10", &feedv1.MassFaultTold{Outage: "O"}),
		event("3", "05 10:20", &feedv1.MassFaultTold{Outage: "O", ExpectedEnd: at("05 12:00")}),
		event("4", "05 11:00", &feedv1.MassFaultRestored{Outage: "O"}),
		event("5", "05 12:00", &feedv1.MassFaultRestored{Outage: "O", ToldAt: at("05 11:30")}),
	).Fact("outage_recorded/O").GetOutageRecorded()
	same(t, "declared", r.DeclaredAt, "05 10:00")
	same(t, "told", r.ToldAt, "05 10:20")
	same(t, "restored", r.RestoredAt, "05 11:00")
	same(t, "end told", r.EndToldAt, "05 11:30")
	same(t, "starts", r.StartsAt, "")

	r = run(t, event("2", "05 11:00", &feedv1.InterruptionPlanned{Outage: "O", Units: []string{"V"}, StartsAt: at("09 10:00")}),
		event("1", "05 10:00", &feedv1.InterruptionPlanned{Outage: "O", Units: []string{"U"}, StartsAt: at("08 10:00"), NoticeAt: at("05 10:00")}),
	).Fact("outage_recorded/O").GetOutageRecorded()
	same(t, "starts", r.StartsAt, "09 10:00")
	same(t, "notice", r.NoticeAt, "")
	same(t, "declared", r.DeclaredAt, "")
	if len(r.Units) != 1 || r.Units[0] != "V" {
		t.Errorf("units %v, want V: the latest plan counts", r.Units)
	}
}

func TestTheLatestDecisionAboutPointsStandsAndZeroWithdraws(t *testing.T) {
	about := func(id, when, points string, about feedv1.DecisionAbout) *feedv1.Event {
		return event(id, when, &feedv1.PointsDecided{
			Decision: "D", Unit: "U", Subject: "C", Item: "CS2", Points: points, Person: "Li", Reason: "rude",
			About: about, AboutAt: at("04 10:00"),
		})
	}
	decided := func(id, when, points string) *feedv1.Event {
		return about(id, when, points, feedv1.DecisionAbout_DECISION_ABOUT_COMPLAINT)
	}
	inspected := func(id, when, points string) *feedv1.Event {
		return about(id, when, points, feedv1.DecisionAbout_DECISION_ABOUT_INSPECTION)
	}
	f := run(t, decided("2", "06 10:00", "1.5"), decided("1", "05 10:00", "2")).Fact("points_given/D")
	if got := f.GetPointsGiven().GetDecided().GetPoints(); got != "1.5" || f.Route.Unit != "U" || f.Route.Complaint != "C" {
		t.Errorf("decision %v, want 1.5 points for U and complaint C", f)
	}
	same(t, "occurred", f.OccurredAt, "04 10:00")
	for _, zero := range []string{"0", "0.0", "00.00"} {
		w := run(t, inspected("1", "05 10:00", "2"), inspected("2", "06 10:00", zero))
		if w.Fact("points_given/D") != nil || w.Retraction("points_given/D").GetCode() != "decision_withdrawn" {
			t.Errorf("%s points: %s", zero, w.Transcript())
		}
	}
	// That a complaint costs nothing is a decision too.
	if f := run(t, decided("1", "05 10:00", "2"), decided("2", "06 10:00", "0")).Fact("points_given/D"); f.GetPointsGiven().GetDecided().GetPoints() != "0" {
		t.Errorf("a complaint that costs nothing: %v", f)
	}
	if w := run(t, decided("1", "05 10:00", "10")); w.Fact("points_given/D") == nil {
		t.Error("ten points are taken for none")
	}
}

func TestPraiseUnitsAndRulebooksAreTold(t *testing.T) {
	w := run(t, event("p", "05 10:00", &feedv1.PraiseGiven{Unit: "U", Ticket: "T", Customer: "k"}))
	if f := w.Fact("praise_received/s/p"); f == nil || f.Route.Unit != "U" || f.Route.Ticket != "T" || f.Route.Customer != "k" {
		t.Errorf("praise %v", f)
	}
	unit := func(customers int64, from string) *feedv1.UnitRegistered {
		r := &feedv1.UnitRegistered{Unit: "U", Customers: customers}
		if from != "" {
			r.EffectiveFrom = at(from)
		}
		return r
	}
	w = run(t, event("1", "05 10:00", unit(3, "09 00:00")), event("2", "06 10:00", unit(1, "")),
		event("3", "07 10:00", unit(2, "08 00:00")), event("4", "08 10:00", unit(4, "09 00:00")))
	for i, r := range w.Fact("unit_known/U").GetUnitKnown().Registrations {
		if want := int64([]int{1, 2, 3, 4}[i]); r.Customers != want {
			t.Errorf("registration %d has %d customers, want %d: by effect, then as registered", i, r.Customers, want)
		}
	}
	book := func(yaml string) *feedv1.RulebookPublished {
		return &feedv1.RulebookPublished{Version: "v1", EffectiveMonth: "2026-01", Yaml: yaml}
	}
	w = run(t, event("2", "06 10:00", book("second")), event("1", "05 10:00", book("first")))
	if got := w.Fact("rulebook_in_force/v1").GetRulebookInForce().GetPublished().GetYaml(); got != "second" {
		t.Errorf("rulebook %q in force, want the one published last", got)
	}
}

func TestTheSameIdFromTwoSourcesIsTwoEvents(t *testing.T) {
	other := event("2", "05 11:00", &feedv1.TicketReopened{})
	other.Source = "x"
	r := record(t, event("1", "05 10:00", opened()), event("2", "05 10:30", &feedv1.TicketReopened{}), other)
	if len(r.Reopenings) != 2 {
		t.Errorf("%d reopenings, want 2", len(r.Reopenings))
	}
}

func TestTheTimelineIsInTheOrderThingsHappened(t *testing.T) {
	a, b, c := event("9", "05 10:00", opened()), event("1", "05 10:00", closedAt("")), event("5", "05 09:59", &feedv1.TicketDispatched{})
	given := []*feedv1.Event{b, a, c}
	sorted := ingest.Timeline(given)
	if sorted[0] != c || sorted[1] != a || sorted[2] != b {
		t.Errorf("timeline %v", sorted)
	}
	if given[0] != b {
		t.Error("what was given was changed")
	}
}
