package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
)

// as are the headers of a role's token.
func (h *house) as(role contractv1.Role, units ...string) []string {
	return []string{"Authorization", "Bearer " + h.tokenFor(role, units...)}
}

// waivers are events that waive every item of the hall part.
func waivers(unit string) string {
	var events []string
	for i := 1; i <= 11; i++ {
		events = append(events, fmt.Sprintf(`{"id":"w%[1]d","source":"desk","occurredAt":"2026-04-01T09:00:00+08:00",
			"itemWaived":{"unit":%[2]q,"month":"2026-03","item":"H%[1]d","reason":"停业装修"}}`, i, unit))
	}
	return "[" + strings.Join(events, ",") + "]"
}

const closedInTime = `{"id":"late-close","source":"96766","occurredAt":"2026-03-02T18:00:00+08:00","ticketClosed":{"ticket":"T1"}}`

// monthStatus is where a month stands, in short.
type monthStatus struct {
	State        string
	Missing      []struct{ Item string }
	Restatements int
	Units        []struct{ Unit, Total, State string }
}

func (h *house) status(a answer) (s monthStatus) {
	h.t.Helper()
	if a.code != 200 {
		h.t.Fatalf("%d %s", a.code, a.body)
	}
	a.into(h.t, &s)
	return s
}

func (h *house) refuses(a answer, code int, name string) {
	h.t.Helper()
	var p struct{ Code, Message string }
	a.into(h.t, &p)
	if a.code != code || p.Code != name || p.Message == "" {
		h.t.Fatalf("%d %s, want %d %s", a.code, a.body, code, name)
	}
}

// TestTheLifeOfAMonth: open, closing, closed, published, restated, objected to;
// every step out of turn is refused and changes nothing.
func TestTheLifeOfAMonth(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "]")
	h.call("POST", "/v1/barriers", "{}")
	assessor, committee, manager := h.as(contractv1.Role_ROLE_ASSESSOR), h.as(contractv1.Role_ROLE_COMMITTEE), h.as(contractv1.Role_ROLE_UNIT_MANAGER)
	post := func(path, body string, who []string) answer {
		return h.call("POST", "/v1/months/2026-03/"+path, body, who...)
	}

	h.refuses(h.call("POST", "/v1/months/2999-01/closure", "{}", assessor...), 400, "month_not_over")
	h.refuses(post("publication", "{}", assessor), 400, "not_closed")
	h.refuses(post("closure", "{}", assessor), 400, "items_missing")
	if s := h.status(h.call("GET", "/v1/months/2026-03/status", "", assessor...)); len(s.Missing) != 11 || s.State != "MONTH_STATE_OPEN" {
		t.Fatalf("status %+v", s)
	}
	if got := h.verdicts(waivers("chengqu"), assessor...); strings.Count(got, "A") != 11 {
		t.Fatal(got)
	}
	if s := h.status(post("closing", "{}", assessor)); s.State != "MONTH_STATE_CLOSING" || len(s.Missing) != 0 {
		t.Fatalf("closing %+v", s)
	}
	if s := h.status(post("closure", "{}", assessor)); s.State != "MONTH_STATE_CLOSED" || s.Units[0].Total != "97.50" {
		t.Fatalf("closed %+v", s)
	}
	h.refuses(post("closure", "{}", assessor), 400, "already_closed")
	if s := h.status(post("publication", "{}", committee)); s.State != "MONTH_STATE_PUBLISHED" {
		t.Fatalf("published %+v", s)
	}
	h.refuses(post("publication", "{}", committee), 400, "already_published")

	// What comes late about it waits: the overdue ticket was closed in time.
	h.refuses(post("restatements", `{"unit":"chengqu","approved":true,"reason":"r"}`, committee), 400, "nothing_waits")
	h.verdicts("[" + closedInTime + "]")
	h.call("POST", "/v1/barriers", "{}")
	var late struct {
		Restatements []struct {
			Vanish               []struct{ Rule string }
			Total, RestatedTotal string
		}
	}
	h.call("GET", "/v1/months/2026-03/restatements", "", committee...).into(t, &late)
	if len(late.Restatements) != 1 || late.Restatements[0].Total != "97.50" || late.Restatements[0].RestatedTotal != "100.00" || len(late.Restatements[0].Vanish) != 1 {
		t.Fatalf("restatements %+v", late)
	}
	if s := h.status(post("restatements", `{"unit":"chengqu","approved":true,"reason":"关单补录"}`, committee)); s.Units[0].Total != "100.00" || s.Restatements != 0 {
		t.Fatalf("restated %+v", s)
	}
	var sheets struct {
		Sheets []struct {
			Total      string
			Correction int
		}
	}
	h.call("GET", "/v1/months/2026-03/sheets?unit=chengqu", "", manager...).into(t, &sheets)
	if len(sheets.Sheets) != 2 || sheets.Sheets[0].Total != "97.50" || sheets.Sheets[1].Total != "100.00" || sheets.Sheets[1].Correction != 1 {
		t.Fatalf("the original and its correction: %+v", sheets)
	}
	h.verifies("2026-03")
}

// TestAnObjectionUpheldAfterPublication (40): the correction is published beside
// the original; every stage is decided once, by somebody else, and the
// committee decides last.
func TestAnObjectionUpheldAfterPublication(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "]")
	h.call("POST", "/v1/barriers", "{}")
	assessor, committee, manager := h.as(contractv1.Role_ROLE_ASSESSOR), h.as(contractv1.Role_ROLE_COMMITTEE), h.as(contractv1.Role_ROLE_UNIT_MANAGER)
	h.verdicts(waivers("chengqu"), assessor...)
	h.status(h.call("POST", "/v1/months/2026-03/closure", "{}", assessor...))
	h.status(h.call("POST", "/v1/months/2026-03/publication", "{}", assessor...))
	var page struct{ Entries []struct{ ID string } }
	h.call("GET", "/v1/months/2026-03/entries?unit=chengqu", "", manager...).into(t, &page)
	raise := fmt.Sprintf(`{"entry":%q,"grounds":"客户改约","evidence":[{"uri":"https://kaohe.example/1.pdf"}]}`, page.Entries[0].ID)

	var raised struct{ ID string }
	h.call("POST", "/v1/objections", raise, manager...).into(t, &raised)
	h.refuses(h.call("POST", "/v1/objections", raise, manager...), 409, "objection_waits")
	decide := func(outcome, more string) string {
		return fmt.Sprintf(`{"objection":%q,"outcome":"OBJECTION_OUTCOME_%s","reason":"核实录音"%s}`, raised.ID, outcome, more)
	}
	h.refuses(h.call("POST", "/v1/rulings", decide("REJECTED", ""), committee...), 403, "permission_denied")
	h.refuses(h.call("POST", "/v1/rulings", decide("UPHELD", ""), manager...), 403, "permission_denied")
	h.refuses(h.call("POST", "/v1/rulings", decide("ADJUSTED", ""), assessor...), 400, "required")
	h.refuses(h.call("POST", "/v1/rulings", decide("ADJUSTED", `,"points":"-11"`), assessor...), 400, "out_of_range")
	if a := h.call("POST", "/v1/rulings", decide("REJECTED", ""), assessor...); a.code != 200 {
		t.Fatal(a)
	}
	h.refuses(h.call("POST", "/v1/rulings", decide("UPHELD", ""), assessor...), 400, "objection_decided")

	if a := h.call("POST", "/v1/objections", raise, manager...); a.code != 200 { // the appeal
		t.Fatal(a)
	}
	if a := h.call("POST", "/v1/rulings", decide("ADJUSTED", `,"points":"-1.5"`), committee...); a.code != 200 {
		t.Fatal(a)
	}
	h.refuses(h.call("POST", "/v1/objections", raise, manager...), 400, "objection_final")
	var card struct {
		Total      string
		Correction int
	}
	h.call("GET", "/v1/months/2026-03/scorecards/chengqu", "", manager...).into(t, &card)
	if card.Total != "99.25" || card.Correction != 1 {
		t.Errorf("after the ruling %+v, want 99.25 as the first correction", card)
	}
	h.verifies("2026-03")
}

// TestObjectionsAreCounted: by the ruling that counts, per unit and rule.
func TestObjectionsAreCounted(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "]")
	h.call("POST", "/v1/barriers", "{}")
	assessor, manager := h.as(contractv1.Role_ROLE_ASSESSOR), h.as(contractv1.Role_ROLE_UNIT_MANAGER)
	var page struct{ Entries []struct{ ID string } }
	h.call("GET", "/v1/months/2026-03/entries?unit=chengqu", "", manager...).into(t, &page)
	var raised struct{ ID string }
	h.call("POST", "/v1/objections", fmt.Sprintf(`{"entry":%q,"grounds":"客户改约"}`, page.Entries[0].ID), manager...).into(t, &raised)

	type count struct {
		Unit, Rule, PointsGivenBack, MedianHours           string
		Raised, Open, Upheld, Adjusted, Rejected, Appealed int
	}
	counted := func(want count) {
		t.Helper()
		var got struct {
			Counts []count
			Total  count
		}
		h.call("GET", "/v1/months/2026-03/objections:count?unit=chengqu", "", manager...).into(t, &got)
		if len(got.Counts) != 1 || got.Counts[0] != want {
			t.Errorf("counted %+v, want %+v", got.Counts, want)
		}
		if want.Unit, want.Rule = "", ""; got.Total != want {
			t.Errorf("in all %+v, want %+v", got.Total, want)
		}
	}
	counted(count{Unit: "chengqu", Rule: "ticket_overdue", Raised: 1, Open: 1, PointsGivenBack: "0.00"})
	h.call("POST", "/v1/rulings", fmt.Sprintf(`{"objection":%q,"outcome":"OBJECTION_OUTCOME_REJECTED","reason":"凭据不足"}`, raised.ID), assessor...)
	counted(count{Unit: "chengqu", Rule: "ticket_overdue", Raised: 1, Rejected: 1, PointsGivenBack: "0.00", MedianHours: "0.0"})
	h.call("POST", "/v1/objections", fmt.Sprintf(`{"entry":%q,"grounds":"客户改约"}`, page.Entries[0].ID), manager...)
	h.call("POST", "/v1/rulings", fmt.Sprintf(`{"objection":%q,"outcome":"OBJECTION_OUTCOME_ADJUSTED","points":"-1.5","reason":"部分成立"}`, raised.ID),
		h.as(contractv1.Role_ROLE_COMMITTEE)...)
	counted(count{Unit: "chengqu", Rule: "ticket_overdue", Raised: 1, Adjusted: 1, Appealed: 1, PointsGivenBack: "3.50", MedianHours: "0.0"})

	h.refuses(h.call("GET", "/v1/months/2026-03/objections:count?unit=xinqu", "", manager...), 403, "permission_denied")
	h.refuses(h.call("GET", "/v1/months/2026-13/objections:count", "", assessor...), 400, "bad_format")
}

// verifies checks that the offline fold of the log gives the live ledger.
func (h *house) verifies(month string) {
	h.t.Helper()
	ctx, c := h.dial(token)
	stream, err := apiv1.NewScoreServiceClient(c).VerifyMonth(ctx, &apiv1.VerifyMonthRequest{Month: month})
	must(h.t, err)
	for {
		m, err := stream.Recv()
		must(h.t, err)
		if r := m.Result; r != nil {
			if !r.Same {
				h.t.Fatalf("verify: %v", r)
			}
			return
		}
	}
}

// TestNobodyDecidesWhatHeRaised: not even an administrator.
func TestNobodyDecidesWhatHeRaised(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "]")
	h.call("POST", "/v1/barriers", "{}")
	var page struct{ Entries []struct{ ID string } }
	h.call("GET", "/v1/months/2026-03/entries", "").into(t, &page)
	var raised struct{ ID string }
	h.call("POST", "/v1/objections", fmt.Sprintf(`{"entry":%q,"grounds":"g"}`, page.Entries[0].ID)).into(t, &raised)
	h.refuses(h.call("POST", "/v1/rulings", fmt.Sprintf(`{"objection":%q,"outcome":"OBJECTION_OUTCOME_UPHELD","reason":"r"}`, raised.ID)), 403, "own_decision")
}
