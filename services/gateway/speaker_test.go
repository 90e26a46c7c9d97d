package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
)

// named gives the header of a new token of a role, under a name.
func (h *house) named(role contractv1.Role, name string, speaks bool) []string {
	h.t.Helper()
	ctx, c := h.dial(token)
	answer, err := apiv1.NewTokenServiceClient(c).CreateToken(ctx, &apiv1.CreateTokenRequest{Name: name, Role: role, SpeaksForPersons: speaks})
	must(h.t, err)
	return []string{"Authorization", "Bearer " + answer.Secret}
}

// proposal and decision of other points, by a person if one is named.
func points(kind, id, decision, person string) string {
	said := fmt.Sprintf(`"decision":%q,"unit":"chengqu","about":"DECISION_ABOUT_OTHER_CASE","subject":"S1","points":"2","reason":"x"`, decision)
	if person != "" {
		said += fmt.Sprintf(`,"person":%q`, person)
	}
	return fmt.Sprintf(`{"id":%q,"source":"desk","occurredAt":"2026-03-05T09:00:00+08:00",%q:{%s}}`, id, kind, said)
}

// TestNobodySpeaksInAnothersName: an assessor proposed, then pushed the decision
// in another person's name, and the ledger showed that person.
func TestNobodySpeaksInAnothersName(t *testing.T) {
	h := build(t).services().open()
	h.outlets("chengqu")
	sun := h.named(contractv1.Role_ROLE_ASSESSOR, "孙莉", false)
	for _, c := range []struct{ event, want string }{
		{points("pointsProposed", "p1", "D1", ""), "A"},
		{points("pointsDecided", "d1", "D1", "冯涛"), "R(not_the_caller points_decided.person)"},
		{points("pointsDecided", "d2", "D1", "孙莉 "), "R(not_the_caller points_decided.person)"}, // a twin of his own
		{points("pointsDecided", "d3", "D1", ""), "A"},                                          // his own, which does not count
		{strings.Replace(points("pointsDecided", "d4", "D2", ""), "desk", "kaohe", 1), "R(reserved_source source)"},
		{strings.Replace(points("pointsDecided", "d5", "D2", ""), "desk", "ＫＡＯＨＥ", 1), "R(reserved_source source)"},
		{strings.Replace(points("pointsDecided", "d6", "D2", ""), "desk", "Import:x", 1), "R(reserved_source source)"},
		{`{"id":"n1","source":"desk","occurredAt":"2026-03-05T09:00:00+08:00"}`, "R(permission_denied payload)"},
	} {
		if got := h.verdicts(c.event, sun...); got != c.want {
			t.Errorf("%s: %s, want %s", c.event, got, c.want)
		}
	}
	h.settle()
	if bonuses := h.bonuses(); len(bonuses) != 0 {
		t.Fatalf("what he proposed he decided: %v", bonuses)
	}
	if got := h.verdicts(points("pointsDecided", "d7", "D1", ""), h.named(contractv1.Role_ROLE_ASSESSOR, "冯涛", false)...); got != "A" {
		t.Fatal(got)
	}
	h.settle()
	if bonuses := h.bonuses(); len(bonuses) != 1 || !strings.Contains(bonuses[0], "冯涛") {
		t.Fatalf("decided by another: %v", bonuses)
	}
}

// TestWhoSpeaksForPersonsIsTold: a system that people sign in to names them; the
// trail shows it and them, and who it said proposed cannot decide.
func TestWhoSpeaksForPersonsIsTold(t *testing.T) {
	h := build(t).services().open()
	h.outlets("chengqu")
	oa := h.named(contractv1.Role_ROLE_ASSESSOR, "oa", true)
	for _, event := range []string{points("pointsProposed", "p1", "D1", "孙莉"), points("pointsDecided", "d1", "D1", "孙莉")} {
		if got := h.verdicts(event, oa...); got != "A" {
			t.Fatal(got)
		}
	}
	h.settle()
	if bonuses := h.bonuses(); len(bonuses) != 0 {
		t.Fatalf("the person it named decided his own: %v", bonuses)
	}
	if got := h.verdicts(points("pointsDecided", "d2", "D1", "冯涛"), oa...); got != "A" {
		t.Fatal(got)
	}
	h.settle()
	if bonuses := h.bonuses(); len(bonuses) != 1 {
		t.Fatalf("another person decided: %v", bonuses)
	}
	trail := h.call("GET", "/v1/audit?page_size=1000", "").body
	if !strings.Contains(trail, `"actor":"for:冯涛"`) || !strings.Contains(trail, "speaks-for-persons") {
		t.Errorf("the trail does not show for whom it spoke: %s", trail)
	}
	if got := h.verdicts(points("pointsProposed", "p2", "D2", "孙莉"), h.named(contractv1.Role_ROLE_FEED, "96766", false)...); got != "R(not_the_caller points_proposed.person)" {
		t.Errorf("a feed speaks for a person: %s", got)
	}
}

// bonuses gives the reasons of a unit's entries.
func (h *house) bonuses() (reasons []string) {
	h.t.Helper()
	var page struct {
		Entries []struct {
			State  string
			Reason struct{ Zh string }
		}
	}
	h.call("GET", "/v1/months/2026-03/entries?unit=chengqu", "").into(h.t, &page)
	for _, e := range page.Entries {
		reasons = append(reasons, e.Reason.Zh)
	}
	return reasons
}

// TestWhoEnteredItDoesNotRuleOnIt: whoever decided points does not decide the
// objection to them, under his own name or another.
func TestWhoEnteredItDoesNotRuleOnIt(t *testing.T) {
	h := build(t).services().open()
	h.outlets("chengqu")
	feng := h.named(contractv1.Role_ROLE_ASSESSOR, "冯涛", false)
	if got := h.verdicts(points("pointsDecided", "d1", "D1", ""), feng...); got != "A" {
		t.Fatal(got)
	}
	h.settle()
	manager := h.as(contractv1.Role_ROLE_UNIT_MANAGER)
	var page struct{ Entries []struct{ ID string } }
	h.call("GET", "/v1/months/2026-03/entries?unit=chengqu", "", manager...).into(t, &page)
	var raised struct{ ID string }
	h.call("POST", "/v1/objections", fmt.Sprintf(`{"entry":%q,"grounds":"不属实"}`, page.Entries[0].ID), manager...).into(t, &raised)
	ruling := fmt.Sprintf(`{"objection":%q,"outcome":"OBJECTION_OUTCOME_REJECTED","reason":"核实录音"}`, raised.ID)
	h.refuses(h.call("POST", "/v1/rulings", ruling, feng...), 403, "own_decision")
	h.refuses(h.call("POST", "/v1/rulings", ruling, h.named(contractv1.Role_ROLE_ASSESSOR, "冯涛", false)...), 403, "own_decision") // a new token of his
	if a := h.call("POST", "/v1/rulings", ruling, h.named(contractv1.Role_ROLE_ASSESSOR, "孙莉", false)...); a.code != 200 {
		t.Fatal(a)
	}
}
