package quality_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/quality"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/words"
)

var shanghai = time.FixedZone("CST", 8*3600)

// at reads "03-05 10:00" as local time of 2026.
func at(local string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-"+local+map[bool]string{true: ":00"}[len(local) == 11], shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

// happened runs events through ticket-ingest and quality, in the order given.
func happened(t *testing.T, policy *rulebook.Policy, events ...*feedv1.Event) *flowtest.World {
	t.Helper()
	w := flowtest.Run(t, policy, []flow.Machine{flow.NewMachine(ingest.Service()), flow.NewMachine(quality.Service())})
	for i, e := range events {
		e.Id, e.Source = fmt.Sprintf("e%d", i), "desk"
		w.Do(flowtest.Event(e))
	}
	return w
}

func standard() *rulebook.Policy { return rulebook.NewPolicy(nil, nil) }

const (
	inspection = feedv1.AssessmentMethod_ASSESSMENT_METHOD_INSPECTION
	mystery    = feedv1.AssessmentMethod_ASSESSMENT_METHOD_MYSTERY_VISIT
	report     = feedv1.AssessmentMethod_ASSESSMENT_METHOD_REPORT
)

// visit is a visit of a unit; findings read "check level", or "check level n".
func visit(when, id, unit string, method feedv1.AssessmentMethod, findings ...string) *feedv1.Event {
	v := &feedv1.HallAssessed{Visit: id, Unit: unit, Month: "2026-03", Method: method, Person: "孙莉"}
	for _, text := range findings {
		f := &feedv1.Finding{}
		_, _ = fmt.Sscan(text, &f.Check, &f.Level, &f.Times) // the number may be absent
		v.Findings = append(v.Findings, f)
	}
	return &feedv1.Event{OccurredAt: flow.At(at(when)), Payload: &feedv1.Event_HallAssessed{HallAssessed: v}}
}

// checks tells what was judged: check, level and visit, a line each.
func checks(w *flowtest.World) string {
	var lines []string
	for _, f := range w.Kind(flow.CheckJudged) {
		j := f.GetCheckJudged()
		lines = append(lines, fmt.Sprintf("%s %s %s %s", f.Route.Unit, j.Check, j.Level, j.Visit))
	}
	return strings.Join(lines, "\n")
}

func TestWhatVisitsFind(t *testing.T) {
	for name, c := range map[string]struct {
		events []*feedv1.Event
		want   string
	}{
		"one grading": {
			[]*feedv1.Event{visit("03-05 10:00", "V1", "U", inspection, "hall_process fairly")},
			"U hall_process fairly V1",
		},
		"of two gradings the lowest counts": {
			[]*feedv1.Event{
				visit("03-05 10:00", "V1", "U", inspection, "hall_process basically"),
				visit("03-12 10:00", "V2", "U", inspection, "hall_process well"),
			}, "U hall_process basically V1",
		},
		"of equal gradings the first": {
			[]*feedv1.Event{
				visit("03-12 10:00", "V2", "U", inspection, "hall_process fairly"),
				visit("03-05 10:00", "V1", "U", inspection, "hall_process fairly"),
			}, "U hall_process fairly V1",
		},
		"units stand alone": {
			[]*feedv1.Event{
				visit("03-05 10:00", "V1", "U", inspection, "hall_process fairly"),
				visit("03-06 10:00", "V2", "V", inspection, "hall_process well"),
			}, "U hall_process fairly V1\nV hall_process well V2",
		},
		"each time counts": {
			[]*feedv1.Event{visit("03-05 10:00", "V1", "U", inspection, "hall_loiterers irregular 2")},
			"U hall_loiterers irregular V1\nU hall_loiterers irregular V1",
		},
		"in order is told once, however often it was looked at": {
			[]*feedv1.Event{visit("03-05 10:00", "V1", "U", inspection, "hall_loiterers regular 3")},
			"U hall_loiterers regular V1",
		},
		"a check listed twice by a visit counts once": {
			[]*feedv1.Event{visit("03-05 10:00", "V1", "U", inspection, "hall_hours irregular", "hall_hours irregular")},
			"U hall_hours irregular V1",
		},
		"a method that cannot find it": {
			[]*feedv1.Event{visit("03-05 10:00", "V1", "U", inspection, "hall_explains irregular")}, "",
		},
		"by a mystery visit it can": {
			[]*feedv1.Event{visit("03-05 10:00", "V1", "U", mystery, "hall_explains irregular")}, "U hall_explains irregular V1",
		},
		"put on record": {
			[]*feedv1.Event{visit("03-05 10:00", "V1", "U", report, "hall_key_customer_complaint complaint")},
			"U hall_key_customer_complaint complaint V1",
		},
		"a check or level the rulebook does not know": {
			[]*feedv1.Event{visit("03-05 10:00", "V1", "U", inspection, "hall_roof irregular", "hall_order dreadful")}, "",
		},
		"the last second of the month": {
			[]*feedv1.Event{visit("03-31 23:59:59", "V1", "U", inspection, "hall_order irregular")}, "U hall_order irregular V1",
		},
		"a second later it is another month's": {
			[]*feedv1.Event{visit("04-01 00:00:00", "V1", "U", inspection, "hall_order irregular")}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := checks(happened(t, standard(), c.events...)); got != c.want {
				t.Errorf("judged\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestTheLatestGradingCountsIfTheRulebookSaysSo: grading is data.
func TestTheLatestGradingCountsIfTheRulebookSaysSo(t *testing.T) {
	source := strings.Replace(string(rulebook.DefaultSource()), "grading: {value: lowest", "grading: {value: latest", 1)
	book, err := rulebook.Load("", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	w := happened(t, rulebook.NewPolicy([]*rulebook.Rulebook{book}, nil),
		visit("03-12 10:00", "V2", "U", inspection, "hall_process well"), visit("03-05 10:00", "V1", "U", inspection, "hall_process basically"))
	if got := checks(w); got != "U hall_process well V2" {
		t.Errorf("judged %s", got)
	}
}

// TestAVisitThatIsWithdrawnOrCorrected: what it found is taken back with the
// reason, or judged anew.
func TestAVisitThatIsWithdrawnOrCorrected(t *testing.T) {
	first := visit("03-05 10:00", "V1", "U", inspection, "hall_loiterers irregular 2")
	corrected := visit("03-05 10:00", "V1", "U", inspection, "hall_loiterers irregular 1")
	w := happened(t, standard(), first, corrected)
	if got := checks(w); got != "U hall_loiterers irregular V1" {
		t.Errorf("after the correction %s", got)
	}
	withdrawn := visit("03-05 11:00", "V1", "U", inspection)
	withdrawn.GetHallAssessed().Withdrawn = true
	withdrawn.Id, withdrawn.Source = "e9", "desk"
	w.Do(flowtest.Event(withdrawn))
	if got := w.Retraction("check_judged/V1/hall_loiterers/1").GetCode(); got != "record_withdrawn" || checks(w) != "" {
		t.Errorf("taken back because %q; still judged: %s", got, checks(w))
	}
}

func TestSatisfactionConductSanctionsAndWaivers(t *testing.T) {
	yes := true
	secret := visit("03-05 10:00", "V1", "U", mystery)
	secret.GetHallAssessed().Satisfied = &yes
	on := func(when string, e *feedv1.Event) *feedv1.Event { e.OccurredAt = flow.At(at(when)); return e }
	w := happened(t, standard(), secret,
		visit("03-06 10:00", "V2", "U", inspection), // an inspector is no visitor
		on("03-07 10:00", &feedv1.Event{Payload: &feedv1.Event_HallSurveyed{HallSurveyed: &feedv1.HallSurveyed{Survey: "S1", Unit: "U", Satisfied: false, Method: 1}}}),
		on("03-08 10:00", &feedv1.Event{Payload: &feedv1.Event_ConductRecorded{ConductRecorded: &feedv1.ConductRecorded{Record: "R1", Unit: "U", Kind: 9, Points: "1.5", Person: "p", Reason: "r"}}}),
		on("03-09 10:00", &feedv1.Event{Payload: &feedv1.Event_SanctionImposed{SanctionImposed: &feedv1.SanctionImposed{Sanction: "X1", Unit: "U", Scope: 1, Item: "H1", Person: "p", Reason: "r"}}}),
		on("04-02 10:00", &feedv1.Event{Payload: &feedv1.Event_ItemWaived{ItemWaived: &feedv1.ItemWaived{Unit: "U", Month: "2026-03", Item: "H2", Person: "p", Reason: "装修"}}}),
	)
	for id, month := range map[string]string{
		"mystery_visit_rated/V1": "2026-03", "hall_rated/S1": "2026-03", "conduct_judged/R1": "2026-03", "unit_sanctioned/X1": "2026-03",
		"item_excused/U/2026-03/H2": "2026-03", // decided in April, about March
	} {
		f := w.Fact(id)
		if f == nil || f.Route.Unit != "U" || flow.Time(f.OccurredAt).In(shanghai).Format("2006-01") != month || len(f.Proof) != 1 ||
			words.Check(f.Reason) != nil {
			t.Errorf("%s: %v", id, f)
		}
	}
	if n := len(w.Kind(flow.MysteryVisitRated)); n != 1 {
		t.Errorf("%d visitors were asked, want one", n)
	}
	if got := w.Fact("conduct_judged/R1").GetConductJudged().Points; got != "1.5" {
		t.Errorf("points %s", got)
	}
}
