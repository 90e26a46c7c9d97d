package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	"kaohe.dev/services/gateway"
	"kaohe.dev/services/rulebook"
)

// refusal is why an event was not taken.
type refusal struct{ Code, Field, Value, Reason string }

// turnsAway pushes one event and gives why it is not taken; empty: it is.
func (h *house) turnsAway(id, payload string, who ...string) refusal {
	h.t.Helper()
	var answer struct {
		Verdicts []struct {
			Status string
			Error  refusal
		}
	}
	h.call("POST", "/v1/events", fmt.Sprintf(`[{"id":%q,"source":"desk","occurredAt":"2026-03-09T09:00:00+08:00",%s}]`, id, payload), who...).into(h.t, &answer)
	if len(answer.Verdicts) != 1 {
		h.t.Fatalf("%d verdicts", len(answer.Verdicts))
	}
	return answer.Verdicts[0].Error
}

// A contractor has no hall to look at, to ask about or to put on record.
func TestAUnitWithoutAHallIsNotAssessed(t *testing.T) {
	h := build(t).services().open()
	contractor := strings.NewReplacer("chengqu", "daiwei", `"id":"u"`, `"id":"u2"`, "UNIT_KIND_OUTLET", "UNIT_KIND_CONTRACTOR").Replace(unit)
	h.verdicts("[" + unit + "," + contractor + "]")
	h.call("POST", "/v1/barriers", "{}")
	assessor := h.as(contractv1.Role_ROLE_ASSESSOR)
	for event, payload := range map[string]string{
		"hall_assessed": `"hallAssessed":{"visit":"V1","unit":%q,"month":"2026-03","method":"ASSESSMENT_METHOD_INSPECTION",
			"findings":[{"check":"H1.1","level":"none"}]}`,
		"hall_surveyed":    `"hallSurveyed":{"survey":"S1","unit":%q,"method":"SURVEY_METHOD_ON_SITE","satisfied":true}`,
		"conduct_recorded": `"conductRecorded":{"record":"R1","unit":%q,"kind":"CONDUCT_KIND_TRAINED_OTHERS","reason":"带教"}`,
	} {
		got := h.turnsAway("x-"+event, fmt.Sprintf(payload, "daiwei"), assessor...)
		if got.Code != "no_hall" || got.Field != event+".unit" || got.Value != "daiwei" || !strings.Contains(got.Reason, "daiwei") {
			t.Errorf("%s of a contractor: %+v", event, got)
		}
		if got := h.turnsAway("y-"+event, fmt.Sprintf(payload, "chengqu"), assessor...); got.Code != "" {
			t.Errorf("%s of an outlet: %+v", event, got)
		}
	}
}

// A month that is closed is judged by no other rules.
func TestARulebookForAClosedMonthIsRefused(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "]")
	assessor := h.as(contractv1.Role_ROLE_ASSESSOR)
	publish := func(version, month string, units ...string) refusal {
		book := strings.ReplaceAll(string(rulebook.Default().Source), "96766-1", version)
		payload, err := json.Marshal(map[string]any{"version": version, "effectiveMonth": month, "yaml": book, "units": units})
		must(t, err)
		return h.turnsAway(version+month+strings.Join(units, ""), `"rulebookPublished":`+string(payload))
	}
	if got := publish("before", "2026-02"); got.Code != "" {
		t.Fatalf("while the month is open: %+v", got)
	}
	h.verdicts(waivers("chengqu"), assessor...)
	h.status(h.call("POST", "/v1/months/2026-03/closure", "{}", assessor...))
	if got := publish("next", "2026-02"); got.Code != "month_closed" || got.Field != "rulebook_published.effective_month" || !strings.Contains(got.Reason, "2026-03") {
		t.Errorf("from before the closed month on: %+v", got)
	}
	if got := publish("before", "2026-02"); got.Code != "" {
		t.Errorf("what is published already, sent again: %+v", got)
	}
	if got := publish("pilot", "2026-02", "chengqu"); got.Code != "month_closed" {
		t.Errorf("for the unit whose month is closed: %+v", got)
	}
	if got := publish("pilot", "2026-02", "nowhere"); got.Code != "unknown_unit" || got.Field != "rulebook_published.units[0]" {
		t.Errorf("for a unit that there is not: %+v", got)
	}
	if got := publish("next", "2026-04"); got.Code != "" {
		t.Errorf("from a later month on: %+v", got)
	}
}

// A pilot of one unit is judged by its own rulebook, everybody else by that of
// all; its sheet names the version.
func TestAUnitIsJudgedByItsOwnRulebook(t *testing.T) {
	h := build(t).services().open()
	other := strings.NewReplacer("chengqu", "xinqu", `"id":"u"`, `"id":"u2"`).Replace(unit)
	second := strings.NewReplacer("chengqu", "xinqu", `"ticket":"T`, `"ticket":"X`).Replace(opened("o2"))
	h.verdicts("[" + unit + "," + other + "," + opened("o") + "," + second + "]")
	pilot := strings.Replace(strings.ReplaceAll(string(rulebook.Default().Source), "96766-1", "pilot"), "points: -5", "points: -4", 1)
	payload, err := json.Marshal(map[string]any{"version": "pilot", "effectiveMonth": "2026-03", "yaml": pilot, "units": []string{"chengqu"}})
	must(t, err)
	if got := h.turnsAway("pilot", `"rulebookPublished":`+string(payload)); got.Code != "" {
		t.Fatalf("not published: %+v", got)
	}
	h.call("POST", "/v1/barriers", "{}")
	for unit, want := range map[string][2]string{"chengqu": {"pilot", "-4.00"}, "xinqu": {"96766-1", "-5.00"}} {
		var card struct{ RulebookVersion string }
		h.call("GET", "/v1/months/2026-03/scorecards/"+unit, "").into(t, &card)
		var page struct {
			Entries []struct{ Points, RulebookVersion string }
		}
		h.call("GET", "/v1/months/2026-03/entries?state=active&unit="+unit, "").into(t, &page)
		if len(page.Entries) != 1 || card.RulebookVersion != want[0] || page.Entries[0].RulebookVersion != want[0] || page.Entries[0].Points != want[1] {
			t.Errorf("%s is judged by %s: %+v; want %v", unit, card.RulebookVersion, page.Entries, want)
		}
	}
	var list struct {
		Rulebooks []struct {
			Version, LastMonth string
			Units              []string
			Replaced           bool
		}
	}
	h.call("GET", "/v1/rulebooks", "").into(t, &list)
	if n := len(list.Rulebooks); n == 0 || list.Rulebooks[n-1].Version != "pilot" || list.Rulebooks[n-1].Units[0] != "chengqu" {
		t.Errorf("published %+v", list.Rulebooks)
	}
	h.verifies("2026-03")
}

// Objections are raised by the entry's unit, until the window after publication
// ends; an appeal as well.
func TestAnObjectionOutOfTimeOrByAnotherUnitIsRefused(t *testing.T) {
	var ahead atomic.Int64
	h := build(t).services()
	h.change = func(o *gateway.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	}
	h.open()
	other := strings.NewReplacer("chengqu", "xinqu", `"id":"u"`, `"id":"u2"`).Replace(unit)
	h.verdicts("[" + unit + "," + other + "," + opened("o") + "]")
	h.call("POST", "/v1/barriers", "{}")
	assessor, manager := h.as(contractv1.Role_ROLE_ASSESSOR), h.as(contractv1.Role_ROLE_UNIT_MANAGER)
	h.verdicts(waivers("chengqu"), assessor...)
	h.verdicts(strings.ReplaceAll(waivers("xinqu"), `"id":"w`, `"id":"x`), assessor...)
	h.status(h.call("POST", "/v1/months/2026-03/closure", "{}", assessor...))
	h.status(h.call("POST", "/v1/months/2026-03/publication", "{}", assessor...))
	var page struct{ Entries []struct{ ID string } }
	h.call("GET", "/v1/months/2026-03/entries?unit=chengqu", "", manager...).into(t, &page)
	raise := func(who ...string) answer {
		return h.call("POST", "/v1/objections", fmt.Sprintf(`{"entry":%q,"grounds":"客户改约"}`, page.Entries[0].ID), who...)
	}
	stranger := h.as(contractv1.Role_ROLE_UNIT_MANAGER, "xinqu")
	h.refuses(raise(stranger...), 403, "permission_denied")
	ahead.Store(int64(5*24*time.Hour + time.Minute))
	a := raise(manager...)
	h.refuses(a, 400, "objection_late")
	if !strings.Contains(a.body, time.Now().In(time.FixedZone("", 8*60*60)).AddDate(0, 0, 5).Format("2006-01-02")) {
		t.Errorf("when the time ended is not said: %s", a.body)
	}
	ahead.Store(int64(5*24*time.Hour - time.Hour))
	if a := raise(manager...); a.code != 200 {
		t.Errorf("within the window: %s", a.body)
	}
}
