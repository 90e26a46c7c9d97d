package rulebook

import (
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/reflect/protoreflect"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

func decided(about feedv1.DecisionAbout, item, points string) *factv1.PointsGiven {
	return &factv1.PointsGiven{Decided: &feedv1.PointsDecided{About: about, Item: item, Points: points}}
}

func checked(check, level string) *factv1.CheckJudged {
	return &factv1.CheckJudged{Check: check, Level: level}
}

func conduct(kind feedv1.ConductKind, points string) *factv1.ConductJudged {
	return &factv1.ConductJudged{Kind: kind, Points: points}
}

func sanction(scope feedv1.SanctionScope, item string) *factv1.UnitSanctioned {
	return &factv1.UnitSanctioned{Scope: scope, Item: item}
}

// charges lists for each fact what the default makes of it; no rule: nothing.
func charges() []struct {
	name, rule, item, points string
	body                     protoreflect.ProtoMessage
} {
	type level = feedv1.ComplaintLevel
	escalated := func(l level) *factv1.ComplaintEscalated { return &factv1.ComplaintEscalated{Level: l} }
	return []struct {
		name, rule, item, points string
		body                     protoreflect.ProtoMessage
	}{
		{"overdue fault", "ticket_overdue", "CS10", "-5", &factv1.TicketOverdue{Kind: feedv1.TicketKind_TICKET_KIND_FAULT}},
		{"overdue enquiry", "ticket_overdue", "CS10", "-5", &factv1.TicketOverdue{Kind: feedv1.TicketKind_TICKET_KIND_ENQUIRY}},
		{"late work", "late_work_complained", "CS7", "-3", &factv1.LateWorkComplained{}},
		{"false reply", "reply_falsified", "CS11", "-3", &factv1.ReplyFalsified{}},
		{"false reply complained about", "false_reply_complained", "CS11", "-3", &factv1.FalseReplyComplained{}},
		{"buck passed", "buck_passed", "CS7", "-3", &factv1.BuckPassed{}},
		{"mass fault untold", "mass_fault_untold", "CS8", "-2", &factv1.MassFaultUntold{Part: "end"}},
		{"reply late", "reply_late", "CS10", "-3", &factv1.ReplyLate{}},
		{"reply unexplained", "reply_unexplained", "CS12", "-1", &factv1.ReplyUnexplained{}},
		{"reply contradicted", "reply_contradicted", "CS12", "-3", &factv1.ReplyContradicted{}},
		{"reply seriously contradicted", "reply_contradicted", "CS12", "-6", &factv1.ReplyContradicted{Serious: true}},
		{"interruption unannounced", "interruption_unannounced", "CS9", "-3", &factv1.InterruptionUnannounced{}},
		{"complaint answered late", "complaint_answered_late", "CS7", "-3", &factv1.ComplaintAnsweredLate{}},
		{"second complaint", "second_complaint_made", "CS14", "-5", &factv1.SecondComplaintMade{Ordinal: 2}},
		{"third complaint", "second_complaint_made", "CS14", "-5", &factv1.SecondComplaintMade{Ordinal: 3}},
		{"escalated to the branch", "complaint_escalated", "CS14", "-10", escalated(feedv1.ComplaintLevel_COMPLAINT_LEVEL_BRANCH)},
		{"escalated to the province", "complaint_escalated", "CS14", "-15", escalated(feedv1.ComplaintLevel_COMPLAINT_LEVEL_PROVINCE)},
		{"escalated above", "complaint_escalated", "CS14", "-20", escalated(feedv1.ComplaintLevel_COMPLAINT_LEVEL_ABOVE)},
		{"at the hotline", "", "", "", escalated(feedv1.ComplaintLevel_COMPLAINT_LEVEL_HOTLINE)},
		{"rework", "ticket_reworked", "CS13", "-2", &factv1.TicketReworked{}},
		{"dissatisfied", "callback_dissatisfied", "CS15", "-5", &factv1.CallbackRated{}},
		{"satisfied", "", "", "", &factv1.CallbackRated{Satisfied: true}},
		{"misconduct", "misconduct_judged", "CS2", "-1.5", &factv1.MisconductJudged{Item: "CS2", Points: "1.5"}},
		{"inspection", "inspection_found", "CS1", "-2", decided(feedv1.DecisionAbout_DECISION_ABOUT_INSPECTION, "CS1", "2")},
		{"inspection withdrawn", "", "", "", decided(feedv1.DecisionAbout_DECISION_ABOUT_INSPECTION, "CS1", "0")},
		{"decided about a complaint", "", "", "", decided(feedv1.DecisionAbout_DECISION_ABOUT_COMPLAINT, "CS2", "2")},
		{"cheating report", "cheating_report_proven", "", "4.25", decided(feedv1.DecisionAbout_DECISION_ABOUT_CHEATING_REPORT, "", "4.25")},
		{"other case", "other_case_decided", "", "2", decided(feedv1.DecisionAbout_DECISION_ABOUT_OTHER_CASE, "", "2")},
		{"thanked", "customer_thanked", "", "2", &factv1.CustomerThanked{Proposed: 3, Granted: 2}},
		{"thanks refused", "", "", "", &factv1.CustomerThanked{Proposed: 3}},
		{"praised", "customer_praised", "", "3", &factv1.CustomerPraised{}},
		{"fault for the quota", "", "", "", &factv1.FaultReported{}},
		{"knows the process well", "", "", "", checked("hall_process", "well")},
		{"knows the process fairly", "hall_process", "H1", "-2", checked("hall_process", "fairly")},
		{"knows the process basically", "hall_process", "H1", "-4", checked("hall_process", "basically")},
		{"an unknown level", "", "", "", checked("hall_process", "brilliantly")},
		{"an unknown check", "", "", "", checked("hall_roof", "irregular")},
		{"customer waited long", "hall_waiting", "H1", "-2", checked("hall_waiting", "irregular")},
		{"key customers poorly kept", "hall_key_customers", "H2", "-2", checked("hall_key_customers", "poorly")},
		{"key customers not kept", "hall_key_customers", "H2", "-5", checked("hall_key_customers", "none")},
		{"a key customer complained", "hall_key_customer_complaint", "H2", "-2", checked("hall_key_customer_complaint", "complaint")},
		{"complaints for lack of equipment", "hall_after_sales", "H3", "-4", checked("hall_after_sales", "complaints")},
		{"needs ignored", "hall_after_sales", "H3", "-5", checked("hall_after_sales", "ignored")},
		{"complaint after sales", "hall_after_sales_complaint", "H3", "-2", checked("hall_after_sales_complaint", "complaint")},
		{"desks unstaffed", "hall_desks", "H4", "-2", checked("hall_desks", "irregular")},
		{"no order", "hall_order", "H4", "-2", checked("hall_order", "irregular")},
		{"outsiders", "hall_outsiders", "H4", "-3", checked("hall_outsiders", "irregular")},
		{"disorder", "hall_disorder", "H4", "-3", checked("hall_disorder", "irregular")},
		{"explains nothing", "hall_explains", "H5", "-3", checked("hall_explains", "irregular")},
		{"lets customers go", "hall_retains", "H5", "-3", checked("hall_retains", "irregular")},
		{"recommends nothing", "hall_recommends", "H5", "-3", checked("hall_recommends", "irregular")},
		{"no badge", "hall_appearance", "H6", "-2", checked("hall_appearance", "irregular")},
		{"impolite", "hall_attitude", "H7", "-4", checked("hall_attitude", "irregular")},
		{"untidy", "hall_tidy", "H8", "-3", checked("hall_tidy", "irregular")},
		{"loiterers", "hall_loiterers", "H8", "-2", checked("hall_loiterers", "irregular")},
		{"closed early", "hall_hours", "H9", "-2", checked("hall_hours", "irregular")},
		{"dissatisfied with the hall", "hall_dissatisfied", "H10", "-5", &factv1.HallRated{}},
		{"satisfied with the hall", "", "", "", &factv1.HallRated{Satisfied: true}},
		{"mystery visitor dissatisfied", "mystery_visit_dissatisfied", "H11", "-5", &factv1.MysteryVisitRated{}},
		{"mystery visitor satisfied", "", "", "", &factv1.MysteryVisitRated{Satisfied: true}},
		{"model service", "conduct_merit", "", "3", conduct(feedv1.ConductKind_CONDUCT_KIND_MODEL_SERVICE, "0")},
		{"company activity", "conduct_merit", "", "2", conduct(feedv1.ConductKind_CONDUCT_KIND_COMPANY_ACTIVITY, "0")},
		{"praised by leaders", "conduct_merit", "", "5", conduct(feedv1.ConductKind_CONDUCT_KIND_PRAISED_BY_LEADERS, "9")},
		{"another merit", "conduct_other_merit", "", "1.5", conduct(feedv1.ConductKind_CONDUCT_KIND_OTHER_MERIT, "1.5")},
		{"costly mistake", "conduct_fault", "", "-5", conduct(feedv1.ConductKind_CONDUCT_KIND_COSTLY_MISTAKE, "0")},
		{"appearance uncorrected", "conduct_fault", "", "-3", conduct(feedv1.ConductKind_CONDUCT_KIND_APPEARANCE_UNCORRECTED, "0")},
		{"another fault", "conduct_other_fault", "", "-4", conduct(feedv1.ConductKind_CONDUCT_KIND_OTHER_FAULT, "4")},
		{"an item lost", "sanctioned_item", "CS10", "0", sanction(feedv1.SanctionScope_SANCTION_SCOPE_ITEM, "CS10")},
		{"a section lost", "sanctioned_section", "CS10", "0", sanction(feedv1.SanctionScope_SANCTION_SCOPE_SECTION, "CS10")},
		{"a hall's item lost", "hall_sanctioned_item", "H4", "0", sanction(feedv1.SanctionScope_SANCTION_SCOPE_ITEM, "H4")},
		{"a hall's section lost", "hall_sanctioned_section", "H4", "0", sanction(feedv1.SanctionScope_SANCTION_SCOPE_SECTION, "H4")},
	}
}

func TestDefaultChargesWhatTheRulesSay(t *testing.T) {
	charged := map[string]bool{}
	for _, c := range charges() {
		t.Run(c.name, func(t *testing.T) {
			got, err := Default().Charges(saying(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.rule == "" {
				if len(got) != 0 {
					t.Fatalf("charged %s %s, want nothing", got[0].Rule.Name, got[0].Points)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("%d charges, want one", len(got))
			}
			if got[0].Rule.Name != c.rule || got[0].Item != c.item || got[0].Points.String() != c.points {
				t.Errorf("charged %s %q %s, want %s %q %s", got[0].Rule.Name, got[0].Item, got[0].Points, c.rule, c.item, c.points)
			}
		})
		charged[c.rule] = true
	}
	for _, rule := range Default().Rules {
		if !charged[rule.Name] {
			t.Errorf("no fact here is charged by rule %s", rule.Name)
		}
	}
}

func TestDefaultSheetAddsUp(t *testing.T) {
	// §4: the source contradicts itself, which must be told, and scaled.
	w := Check(source96766)
	if len(w) != 2 || w[0].Code != "section_sum" || w[1].Code != "section_sum" || !w[0].Warning || !w[1].Warning {
		t.Errorf("the default has problems: %v", w)
	}
	hall := Default().Part("hall")
	if hall.Sections[0].Scale != Declared || hall.Sections[0].Listed.String() != "15" || hall.Sections[1].Listed.String() != "35" {
		t.Errorf("sections %+v", hall.Sections)
	}
	if hall.AppliesTo(feedv1.UnitKind_UNIT_KIND_CONTRACTOR) || !hall.AppliesTo(feedv1.UnitKind_UNIT_KIND_OUTLET) {
		t.Error("the hall part is for outlets")
	}
	part := Default().Part("customer_service")
	want := []int64{2, 2, 4, 4, 4, 4, 10, 5, 5, 10, 5, 5, 10, 10, 20}
	sum := decimal.Zero
	for i, item := range part.Items {
		if !item.Max.Equal(decimal.NewFromInt(want[i])) {
			t.Errorf("%s has %s points, want %d", item.ID, item.Max, want[i])
		}
		sum = sum.Add(item.Max)
	}
	if len(part.Items) != len(want) || !sum.Equal(part.Max) || part.Max.String() != "100" {
		t.Errorf("%d items add up to %s of %s", len(part.Items), sum, part.Max)
	}
	if part.Weight.String() != "50" || part.Overflow != Carry || part.Cap != nil {
		t.Errorf("weight %s, overflow %s, cap %v", part.Weight, part.Overflow, part.Cap)
	}
	if q := part.Quota; q.Share.String() != "0.015" || q.Rule != "repair_quota" || q.CustomersAt != MonthStart {
		t.Errorf("quota %+v", q)
	}
	if m := part.Item("CS15").Method; m.Kind != PerIncident || m.ZeroAt != 3 {
		t.Errorf("CS15 is scored %+v", m)
	}
	if part.Item("CS99") != nil || Default().Part("roof") != nil {
		t.Error("found an item or part that does not exist")
	}
}

func TestDefaultLimits(t *testing.T) {
	l := Default().Limits
	got := []time.Duration{l.Reply, l.ComplaintAnswer, l.SecondComplaint, l.Rework, l.InterruptionNotice, l.MassFaultTold, l.MassFaultEndTold}
	want := []time.Duration{24 * time.Hour, 24 * time.Hour, 30 * day, 7 * day, 24 * time.Hour, 30 * time.Minute, 30 * time.Minute}
	if !slices.Equal(got, want) || l.ComplaintsRose != 1 || !slices.Contains(l.HandledPhrases, "已处理") {
		t.Errorf("limits %+v", l)
	}
	c, ok := Default().Commitment("standard-3wd")
	if !ok || c.Within != 22*time.Hour+30*time.Minute || c.Clock.Calendar() == nil {
		t.Errorf("three working days are %+v", c)
	}
	if c, ok := Default().Commitment("urban-24h"); !ok || c.Within != day || c.Clock.Calendar() != nil {
		t.Errorf("24 hours are %+v", c)
	}
	if _, ok := Default().Commitment("none"); ok {
		t.Error("found a commitment class that does not exist")
	}
}

func TestEveryFigureSaysWhereItComesFrom(t *testing.T) {
	basis := map[string]string{}
	for _, f := range Default().Figures {
		if f.Value == "" || f.Clause == "" || (f.Basis != BasisSource && f.Basis != BasisAssumption) {
			t.Errorf("%s: value %q, clause %q, basis %q", f.Path, f.Value, f.Clause, f.Basis)
		}
		basis[f.Path] = f.Basis
	}
	for path, want := range map[string]string{
		"limits.reply": BasisAssumption, "limits.complaint_answer": BasisSource, "parts[0].overflow": BasisAssumption,
		"parts[0].quota.share": BasisSource, "rules[0].points": BasisSource, "parts[0].sections[2].items[0].max": BasisSource,
		"parts[0].sections[2].items[0].method": BasisAssumption, "commitments[2]": BasisAssumption,
	} {
		if basis[path] != want {
			t.Errorf("the basis of %s is %q, want %q", path, basis[path], want)
		}
	}
}
