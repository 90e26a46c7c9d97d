package simulate

import (
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/period"
)

// assessor is the person at the assessor's desk.
const assessor = "市场客服部 孙莉"

// halls makes up what is said about every hall.
func (w *world) halls() {
	n := 0
	for i := range units {
		if units[i].kind == outlet {
			w.hall(&units[i], n)
			n++
		}
	}
}

// hall makes up what is said about a unit's hall in the month: two inspections,
// a mystery visit, customers asked, and now and then a merit or fault. What is
// amiss goes round the units, so that every check finds something somewhere.
func (w *world) hall(u *unit, n int) {
	for i, day := range []int{6, 19} {
		w.visit(u, feedv1.AssessmentMethod_ASSESSMENT_METHOD_INSPECTION, day, n+i)
	}
	w.visit(u, feedv1.AssessmentMethod_ASSESSMENT_METHOD_MYSTERY_VISIT, 13, n)
	w.visit(u, feedv1.AssessmentMethod_ASSESSMENT_METHOD_REPORT, 24, n)
	for range 12 {
		at := office(w.start.Add(w.between(0, 27*24*time.Hour)))
		w.say(at, "survey-"+w.serial("DC"), &feedv1.Event{Payload: &feedv1.Event_HallSurveyed{HallSurveyed: &feedv1.HallSurveyed{
			Survey: w.serial("M"), Unit: u.id, Satisfied: !w.chance(0.08) && (n != 2 || len(w.events)%7 != 0),
			Method: feedv1.SurveyMethod(1 + w.rng.IntN(2)),
		}}})
	}
	w.conduct(u, n)
}

// visit makes up what a visit finds.
func (w *world) visit(u *unit, method feedv1.AssessmentMethod, day, n int) {
	at := office(w.start.AddDate(0, 0, day-1).Add(w.between(9*time.Hour, 17*time.Hour)))
	visit := &feedv1.HallAssessed{
		Visit: w.serial("V"), Unit: u.id, Month: period.Of(period.Month, w.start).String(), Method: method, Person: assessor,
	}
	for i, rule := range w.book.Rules {
		check := rule.Check
		if check == nil || !check.FoundBy(method) {
			continue
		}
		level := check.Levels[0]
		if i%outlets == n%outlets { // its turn to be amiss
			level = check.Levels[len(check.Levels)-1]
		}
		visit.Findings = append(visit.Findings, &feedv1.Finding{Check: check.Name, Level: level.Name})
	}
	if method == feedv1.AssessmentMethod_ASSESSMENT_METHOD_MYSTERY_VISIT {
		satisfied := n != 1
		visit.Satisfied = &satisfied
	}
	w.say(at, "visit-"+visit.Visit, &feedv1.Event{Payload: &feedv1.Event_HallAssessed{HallAssessed: visit}})
}

// outlets is how many of the units have a hall.
const outlets = 5

// conduct makes up merits, faults and the rare sanction, each at its unit.
func (w *world) conduct(u *unit, n int) {
	type kind = feedv1.ConductKind
	happens := map[int][]kind{
		0: {feedv1.ConductKind_CONDUCT_KIND_SMILING_SERVICE},
		1: {feedv1.ConductKind_CONDUCT_KIND_OTHER_FAULT, feedv1.ConductKind_CONDUCT_KIND_COMPANY_ACTIVITY},
		2: {feedv1.ConductKind_CONDUCT_KIND_APPEARANCE_UNCORRECTED},
		3: {feedv1.ConductKind_CONDUCT_KIND_OTHER_MERIT, feedv1.ConductKind_CONDUCT_KIND_TRAINED_OTHERS},
	}
	for _, k := range happens[n] {
		record := &feedv1.ConductRecorded{Record: w.serial("R"), Unit: u.id, Kind: k, Person: assessor, Reason: conductReasons[k]}
		if k == feedv1.ConductKind_CONDUCT_KIND_OTHER_FAULT || k == feedv1.ConductKind_CONDUCT_KIND_OTHER_MERIT {
			record.Points = "2"
		}
		at := office(w.start.AddDate(0, 0, 9+n).Add(w.between(9*time.Hour, 17*time.Hour)))
		w.say(at, "conduct-"+record.Record, &feedv1.Event{Payload: &feedv1.Event_ConductRecorded{ConductRecorded: record}})
	}
	if n == outlets-1 {
		w.sanctions(u)
	}
}

// sanctions makes up that a unit was caught: an item and a section of each part.
func (w *world) sanctions(u *unit) {
	for i, s := range []struct {
		scope feedv1.SanctionScope
		item  string
	}{
		{feedv1.SanctionScope_SANCTION_SCOPE_ITEM, "CS6"}, {feedv1.SanctionScope_SANCTION_SCOPE_SECTION, "CS1"},
		{feedv1.SanctionScope_SANCTION_SCOPE_ITEM, "H2"}, {feedv1.SanctionScope_SANCTION_SCOPE_SECTION, "H1"},
	} {
		at := office(w.start.AddDate(0, 0, 25).Add(time.Duration(10+i) * time.Hour / 2))
		id := w.serial("X")
		w.say(at, "sanction-"+id, &feedv1.Event{Payload: &feedv1.Event_SanctionImposed{SanctionImposed: &feedv1.SanctionImposed{
			Sanction: id, Unit: u.id, Scope: s.scope, Item: s.item, Person: assessor,
			Reason: "服务日志补记、数据不实", Measures: []string{"限期整改", "通报批评"},
		}}})
	}
}

// conductReasons are what the assessor writes.
var conductReasons = map[feedv1.ConductKind]string{
	feedv1.ConductKind_CONDUCT_KIND_SMILING_SERVICE:        "客户留言表扬微笑服务",
	feedv1.ConductKind_CONDUCT_KIND_COMPANY_ACTIVITY:       "参加公司宣传活动",
	feedv1.ConductKind_CONDUCT_KIND_TRAINED_OTHERS:         "为新员工授课",
	feedv1.ConductKind_CONDUCT_KIND_OTHER_MERIT:            "拾金不昧",
	feedv1.ConductKind_CONDUCT_KIND_APPEARANCE_UNCORRECTED: "着装提醒后未改",
	feedv1.ConductKind_CONDUCT_KIND_OTHER_FAULT:            "未按时报送资料",
}
