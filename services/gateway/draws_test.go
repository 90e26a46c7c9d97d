package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	"kaohe.dev/services/draw"
)

type drawn struct {
	Drawn struct {
		Draw, Seed      string
		Eligible, Drawn []string
		SeedChosen      bool
	}
	Again, LeftOut []string
	Holds          bool
}

func (h *house) outlets(names ...string) {
	h.t.Helper()
	for _, name := range names {
		kind := "OUTLET"
		if strings.HasPrefix(name, "gongsi") {
			kind = "CONTRACTOR"
		}
		if a := h.call("POST", "/v1/registry/units", fmt.Sprintf(`{"unit":%q,"nameZh":%q,"kind":"UNIT_KIND_%s"}`, name, name, kind)); a.code != 200 {
			h.t.Fatal(a.code, a.body)
		}
	}
}

// settle waits until what was pushed is kept: what the first marker passed is
// committed when the second one has passed.
func (h *house) settle() {
	h.t.Helper()
	for range 2 {
		if a := h.call("POST", "/v1/barriers", "{}"); a.code != 200 {
			h.t.Fatal(a.code, a.body)
		}
	}
}

// TestADrawCanBeDrawnAgain: every hall is eligible, a unit without one is not,
// and what was drawn is what the seed and the list give.
func TestADrawCanBeDrawnAgain(t *testing.T) {
	h := build(t).services().open()
	h.outlets("chengqu", "xinqu", "yijun", "yaozhou", "gongsi")
	assessor := h.as(contractv1.Role_ROLE_ASSESSOR)
	draws := func(body string) (d drawn) {
		t.Helper()
		a := h.call("POST", "/v1/months/2026-03/draws", body, assessor...)
		if a.code != 200 {
			t.Fatal(a.code, a.body)
		}
		a.into(t, &d)
		return d
	}
	by := draws(`{"halls":2,"seed":"seed-1"}`)
	if got := draw.Draw("seed-1", []string{"chengqu", "xinqu", "yaozhou", "yijun"}, 2); !slices.Equal(by.Drawn.Drawn, got) || !by.Drawn.SeedChosen || !by.Holds {
		t.Fatalf("%+v, want %v", by, got)
	}
	chance := draws(`{"halls":4}`)
	if !chance.Holds || chance.Drawn.SeedChosen || len(chance.Drawn.Seed) < 20 || slices.Contains(chance.Drawn.Drawn, "gongsi") || len(chance.Drawn.Drawn) != 4 {
		t.Fatalf("%+v", chance)
	}
	h.refuses(h.call("POST", "/v1/months/2026-03/draws", `{"halls":5}`, assessor...), 400, "too_few_halls")
	h.refuses(h.call("POST", "/v1/months/2026-03/draws", `{"halls":0}`, assessor...), 400, "out_of_range")
	h.refuses(h.call("GET", "/v1/months/2026-03/draws", "", h.as(contractv1.Role_ROLE_UNIT_MANAGER)...), 403, "permission_denied")
	h.refuses(h.call("GET", "/v1/draws/none", "", assessor...), 404, "not_found")

	h.outlets("later") // what is registered afterwards was not left out
	var list struct{ Draws []drawn }
	h.call("GET", "/v1/months/2026-03/draws", "", assessor...).into(t, &list)
	if len(list.Draws) != 2 || list.Draws[0].Drawn.Draw != by.Drawn.Draw || !list.Draws[0].Holds || !list.Draws[1].Holds {
		t.Fatalf("%+v", list)
	}
}

// TestADrawThatSomebodyChoseDoesNotHold: sent past the call, with another hall
// than the seed gives, with a hall left out, or twice under one id.
func TestADrawThatSomebodyChoseDoesNotHold(t *testing.T) {
	h := build(t).services().open()
	h.outlets("chengqu", "xinqu", "yijun")
	assessor := h.as(contractv1.Role_ROLE_ASSESSOR)
	all := []string{"chengqu", "xinqu", "yijun"}
	right := draw.Draw("s", all, 1)[0]
	other := all[(slices.Index(all, right)+1)%3]
	list := func(ids ...string) string { return `["` + strings.Join(ids, `","`) + `"]` }
	for i, c := range []struct {
		id, eligible, drawn string
		holds               bool
	}{
		{"fair", list(all...), right, true},
		{"chosen", list(all...), other, false},
		{"left-out", list(right), right, false},
		{"fair", list(all...), right, false}, // once more
	} {
		event := fmt.Sprintf(`{"id":"d%d","source":"desk","occurredAt":"2026-03-05T09:00:00+08:00","hallsDrawn":{"draw":%q,"month":"2026-03","seed":"s","eligible":%s,"drawn":[%q]}}`,
			i, c.id, c.eligible, c.drawn)
		if got := h.verdicts(event, assessor...); got != "A" {
			t.Fatal(got)
		}
		h.settle()
		var d drawn
		h.call("GET", "/v1/draws/"+c.id, "", assessor...).into(t, &d)
		if d.Holds != c.holds {
			t.Errorf("%d, %s: holds %v, want %v: %+v", i, c.id, d.Holds, c.holds, d)
		}
	}
}

// TestAnInspectionIsProvedWithItsEvidence: where the photograph is and what it
// was come out with the entry, for everything that is said of a hall.
func TestAnInspectionIsProvedWithItsEvidence(t *testing.T) {
	h := build(t).services().open()
	h.outlets("chengqu")
	hash := strings.Repeat("a1", 32)
	evidence := `"evidence":[{"uri":"https://files.example/1.jpg","sha256":"` + hash + `","label":"照片"}]`
	events := []string{
		`"hallAssessed":{"visit":"V1","unit":"chengqu","month":"2026-03","method":"ASSESSMENT_METHOD_INSPECTION","findings":[{"check":"hall_process","level":"fairly"},{"check":"hall_waiting","level":"irregular"}],` + evidence + `}`,
		`"conductRecorded":{"record":"R1","unit":"chengqu","kind":"CONDUCT_KIND_MODEL_SERVICE","reason":"x",` + evidence + `}`,
	}
	for i, e := range events {
		if got := h.verdicts(fmt.Sprintf(`{"id":"e%d","source":"desk","occurredAt":"2026-03-05T09:00:00+08:00",%s}`, i, e)); got != "A" {
			t.Fatal(got, e)
		}
	}
	h.settle()
	var page struct{ Entries []struct{ ID, Rule string } }
	h.call("GET", "/v1/months/2026-03/entries?unit=chengqu", "").into(t, &page)
	if len(page.Entries) != 3 {
		t.Fatalf("entries %+v", page)
	}
	for _, e := range page.Entries {
		if a := h.call("GET", "/v1/entries/"+e.ID, ""); !strings.Contains(a.body, "https://files.example/1.jpg") || !strings.Contains(a.body, hash) {
			t.Errorf("%s: %s", e.Rule, a.body)
		}
	}
}
