package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
)

// what waits, in short: kind, unit and who decides, oldest first.
func (h *house) worklist(query string, who []string) (lines []string, ids map[string]string) {
	h.t.Helper()
	var list struct {
		Items []struct{ ID, Kind, Unit, Role, Command string }
		Total int
	}
	a := h.call("GET", "/v1/worklist?"+query, "", who...)
	if a.code != 200 {
		h.t.Fatalf("%d %s", a.code, a.body)
	}
	a.into(h.t, &list)
	ids = map[string]string{}
	for _, w := range list.Items {
		kind := strings.ToLower(strings.TrimPrefix(w.Kind, "WORK_KIND_"))
		lines = append(lines, strings.TrimSpace(kind+" "+w.Unit)+" "+strings.ToLower(strings.TrimPrefix(w.Role, "ROLE_")))
		ids[kind] = w.ID
		if w.Command == "" {
			h.t.Errorf("%s does not say how it is decided", w.ID)
		}
	}
	return lines, ids
}

// desk are events that leave an assessor something to decide.
const desk = `[
 {"id":"th1","source":"96766","occurredAt":"2026-03-06T10:00:00+08:00","callbackDone":{"ticket":"T1","unit":"chengqu","reached":true,"satisfied":true,"thanksPoints":2}},
 {"id":"k1","source":"96766","occurredAt":"2026-03-05T10:00:00+08:00","complaintFiled":{"complaint":"K1","unit":"chengqu","cause":"COMPLAINT_CAUSE_BUCK_PASSING","level":"COMPLAINT_LEVEL_HOTLINE","customer":"c1"}},
 {"id":"k2","source":"96766","occurredAt":"2026-03-04T10:00:00+08:00","complaintFiled":{"complaint":"K2","unit":"chengqu","cause":"COMPLAINT_CAUSE_ATTITUDE","level":"COMPLAINT_LEVEL_HOTLINE","customer":"c2"}}]`

// TestTheWorkListHasWhatWaitsOldestFirst: thanks, complaints and proposals wait
// until somebody who did not propose them has decided, within their range.
func TestTheWorkListHasWhatWaitsOldestFirst(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "]")
	h.verdicts(desk)
	h.call("POST", "/v1/barriers", "{}")
	assessor, committee, manager := h.as(contractv1.Role_ROLE_ASSESSOR), h.as(contractv1.Role_ROLE_COMMITTEE), h.as(contractv1.Role_ROLE_UNIT_MANAGER)
	propose := `{"unit":"chengqu","about":"DECISION_ABOUT_INSPECTION","subject":"I1","item":%q,"points":%q,"reason":"未着工装","aboutAt":"2026-03-20T10:00:00+08:00"}`
	h.refuses(h.call("POST", "/v1/proposals", fmt.Sprintf(propose, "CS1", "2.5"), committee...), 400, "out_of_range")
	h.refuses(h.call("POST", "/v1/proposals", fmt.Sprintf(propose, "CS99", "1"), committee...), 400, "unknown_item")
	h.refuses(h.call("POST", "/v1/proposals", fmt.Sprintf(propose, "CS1", "0"), committee...), 400, "out_of_range")
	if a := h.call("POST", "/v1/proposals", fmt.Sprintf(propose, "CS1", "1"), committee...); a.code != 200 {
		t.Fatal(a)
	}

	lines, ids := h.worklist("kind=0", assessor)
	waiting := strings.Join(lines[:3], ", ") // then items, the closing of March, and the proposal
	if waiting != "misconduct chengqu assessor, validity chengqu assessor, thanks chengqu assessor" || lines[len(lines)-1] != "points chengqu assessor" {
		t.Fatalf("waiting: %s", strings.Join(lines, ", "))
	}
	if n := strings.Count(strings.Join(lines, ","), "item chengqu assessor"); n != 11 {
		t.Errorf("%d items wait to be assessed", n)
	}
	if own, _ := h.worklist("unit=chengqu&kind=WORK_KIND_THANKS", manager); len(own) != 1 {
		t.Errorf("the unit manager sees %v", own)
	}
	h.refuses(h.call("GET", "/v1/worklist?unit=xinqu", "", manager...), 403, "permission_denied")
	var status struct{ Awaited []struct{ ID string } }
	h.call("GET", "/v1/months/2026-03/status", "", assessor...).into(t, &status)
	if len(status.Awaited) != 4 {
		t.Errorf("the month says that %d decisions wait", len(status.Awaited))
	}

	decide := func(kind, more string, who []string) answer {
		return h.call("POST", "/v1/decisions", fmt.Sprintf(`{"id":%q,"reason":"核实"%s}`, ids[kind], more), who...)
	}
	h.refuses(decide("points", `,"points":"1"`, committee), 403, "own_decision")
	h.refuses(decide("points", `,"points":"3"`, assessor), 400, "out_of_range")
	h.refuses(decide("thanks", `,"points":"4"`, assessor), 400, "out_of_range")
	h.refuses(decide("thanks", `,"points":"1.5"`, assessor), 400, "out_of_range")
	h.refuses(decide("thanks", `,"valid":true`, assessor), 400, "required")
	h.refuses(decide("validity", `,"points":"3"`, assessor), 400, "required")
	h.refuses(decide("misconduct", `,"points":"1"`, assessor), 400, "required") // its item
	h.refuses(h.call("POST", "/v1/decisions", `{"id":"none","reason":"r","points":"1"}`, assessor...), 404, "nothing_waits")
	for kind, more := range map[string]string{
		"points": `,"points":"1"`, "thanks": `,"points":"2"`, "validity": `,"valid":true`, "misconduct": `,"item":"CS2","points":"1.5"`,
	} {
		if a := decide(kind, more, assessor); a.code != 200 {
			t.Fatalf("%s: %d %s", kind, a.code, a.body)
		}
		h.refuses(decide(kind, more, assessor), 404, "nothing_waits")
	}
	var page struct {
		Entries []struct{ Rule, Points, Item string }
	}
	h.call("GET", "/v1/months/2026-03/entries?state=active", "", assessor...).into(t, &page)
	got := map[string]string{}
	for _, e := range page.Entries {
		got[e.Rule] = e.Points
	}
	for rule, points := range map[string]string{"inspection_found": "-1.00", "customer_thanked": "2.00", "buck_passed": "-3.00", "misconduct_judged": "-1.50"} {
		if got[rule] != points {
			t.Errorf("%s costs %q, want %s", rule, got[rule], points)
		}
	}
	h.verifies("2026-03")
}

// TestTheWorkListIsPaged: pages hold together what one page would.
func TestTheWorkListIsPaged(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "]")
	h.verdicts(desk)
	h.call("POST", "/v1/barriers", "{}")
	whole, _ := h.worklist("page_size=1000", nil)
	var paged []string
	for token := ""; ; {
		var page struct {
			Items         []struct{ ID string }
			NextPageToken string
			Total         int
		}
		h.call("GET", "/v1/worklist?page_size=4&page_token="+strings.ReplaceAll(token, " ", "%20"), "").into(t, &page)
		for _, w := range page.Items {
			paged = append(paged, w.ID)
		}
		if page.Total != len(whole) {
			t.Fatalf("%d in all, want %d", page.Total, len(whole))
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	if len(paged) != len(whole) {
		t.Errorf("%d things in pages, %d in one", len(paged), len(whole))
	}
}
