package rulebook

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/cost"
)

func TestRateAndDropAreSelectable(t *testing.T) {
	book, err := Load("rate-1", []byte(rateBook(t)))
	if err != nil {
		t.Fatal(err)
	}
	part := book.Part("service")
	if part.Item("A3").Method.Kind != Rate || part.Overflow != Drop || part.Cap.String() != "33.5" {
		t.Errorf("method %s, overflow %s, cap %s", part.Item("A3").Method.Kind, part.Overflow, part.Cap)
	}
	if part.Quota.Share.String() != "0.02" || part.Quota.CustomersAt != MonthEnd {
		t.Errorf("quota %+v", part.Quota)
	}
}

func TestConditionsReadFactAndRoute(t *testing.T) {
	book, err := Load("", []byte(rateBook(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		fact       *factv1.Fact
	}{
		{"second cycle", "A1 -2.5", saying(&factv1.TicketOverdue{Cycle: 2})},
		{"first cycle", "", saying(&factv1.TicketOverdue{Cycle: 1})},
		{"by unit", "A1 -2.5", routed(saying(&factv1.TicketOverdue{Cycle: 1}), "north")},
		{"table by text", "A2 -0.5", saying(&factv1.MassFaultUntold{Part: "end"})},
		{"value not in the table", "", saying(&factv1.MassFaultUntold{Part: "middle"})},
		{"arithmetic", " 6", saying(&factv1.CustomerThanked{Granted: 3})},
		{"kind known by the body alone", "A1 -2.5", kindless(saying(&factv1.TicketOverdue{Cycle: 2}))},
		{"retracted", "", &factv1.Fact{Kind: "ticket_overdue", Retracted: true}},
		{"nothing said", "", &factv1.Fact{}},
	} {
		got, err := book.Charges(c.fact)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		said := ""
		for _, charge := range got {
			said += charge.Item + " " + charge.Points.String()
		}
		if said != c.want {
			t.Errorf("%s: charged %q, want %q", c.name, said, c.want)
		}
	}
}

func routed(f *factv1.Fact, unit string) *factv1.Fact {
	f.Route = &factv1.Route{Unit: unit}
	return f
}

func kindless(f *factv1.Fact) *factv1.Fact {
	f.Kind = ""
	return f
}

func TestChargesRefuseWhatTheCheckCannotSee(t *testing.T) {
	misconduct := func(item, points string) *factv1.Fact {
		return saying(&factv1.MisconductJudged{Item: item, Points: points})
	}
	for _, c := range []struct {
		name, says string
		fact       *factv1.Fact
	}{
		{"no such item", `no item "CS99"`, misconduct("CS99", "1")},
		{"no item", `no item ""`, misconduct("", "1")},
		{"not a number", "not a decimal", misconduct("CS1", "many")},
		{"astronomic", "not a decimal", misconduct("CS1", "1e999999999")},
		{"too precise", "more than 2 places", misconduct("CS1", "0.005")},
		{"negative bonus", "negative", saying(&factv1.CustomerThanked{Granted: -1})},
		{"no body", "says nothing", &factv1.Fact{Kind: "callback_rated"}},
	} {
		got, err := Default().Charges(c.fact)
		if err == nil || !strings.Contains(err.Error(), c.says) || len(got) != 0 {
			t.Errorf("%s: charged %v, error %v; want an error saying %q", c.name, got, err, c.says)
		}
	}
}

func TestOtherRulesChargeWhenOneFails(t *testing.T) {
	rules := `rules:
  - name: broken
    on: ticket_overdue
    points: {expr: "'-' + fact.ticket"}
    part: service
    item: A2
    label: {zh: 坏, en: broken}
    clause: c6
    basis: source
`
	book, err := Load("", []byte(strings.Replace(rateBook(t), "rules:\n", rules, 1)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := book.Charges(saying(&factv1.TicketOverdue{Ticket: "T1", Cycle: 2}))
	if err == nil || !strings.Contains(err.Error(), "rule broken") {
		t.Errorf("error %v, want one naming the rule", err)
	}
	if len(got) != 1 || got[0].Rule.Name != "overdue" {
		t.Errorf("charged %v, want the other rule", got)
	}
}

func TestItemOfAnotherPartIsAnotherRulesBusiness(t *testing.T) {
	document := strings.Replace(rateBook(t), "rules:\n", `rules:
  - {name: judged, on: misconduct_judged, points: {expr: "'-' + fact.points"}, part: other, item: "*", label: {zh: 判, en: judged}, clause: c, basis: source}
`, 1)
	document = strings.Replace(document, "parts:\n", `parts:
  - {id: other, label: {zh: 他, en: other}, max: 1, weight: {value: 0, clause: c, basis: source}, overflow: {value: carry, clause: c, basis: source}, clause: c, basis: source, sections: [{label: {zh: 他, en: other}, max: 1, clause: c, basis: source, items: [{id: B1, label: {zh: 他, en: other}, max: 1}]}]}
`, 1)
	book, err := Load("", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	for item, want := range map[string]int{"A1": 0, "B1": 1} {
		got, err := book.Charges(saying(&factv1.MisconductJudged{Item: item, Points: "1"}))
		if err != nil || len(got) != want {
			t.Errorf("%s: charged %v, %v; want %d", item, got, err, want)
		}
	}
}

// loops are ten to the power of so many steps.
func loops(deep int) string {
	text := "true"
	for range deep {
		text = "[0,1,2,3,4,5,6,7,8,9].all(x, " + text + ")"
	}
	return text
}

// A rulebook with a dear expression is not accepted; one that an earlier release
// accepted stays in force, and the expression alone is given up.
func TestAnExpressionCannotHoldUpScoring(t *testing.T) {
	document := strings.Replace(rateBook(t), "fact.cycle > 1 || route.unit == 'north'", `"`+loops(8)+`"`, 1)
	if _, err := Load("", []byte(document)); err == nil || !strings.Contains(err.Error(), "rules[0].when: the expression can cost 455555551 units") {
		t.Errorf("a hundred million steps were accepted: %v", err)
	}
	book, err := Accepted("", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book.Charges(saying(&factv1.TicketOverdue{})); !errors.Is(err, cost.ErrDear) {
		t.Errorf("a hundred million steps gave %v, want a refusal because of their cost", err)
	}
}

// What one fact costs is bounded by what all its rules can cost together, over
// the largest values there are.
func TestManyRulesCannotHoldUpScoring(t *testing.T) {
	rule := `  - {name: n%[1]d, on: reply_late, when: %[2]q, points: -1, part: service, item: A1, label: {zh: 判, en: judged}, clause: c, basis: source}` + "\n"
	with := func(rules int, when string) []byte {
		text := ""
		for i := range rules {
			text += fmt.Sprintf(rule, i, fmt.Sprintf("%d >= 0 && %s", i, when))
		}
		return []byte(strings.Replace(rateBook(t), "rules:\n", "rules:\n"+text, 1))
	}
	dear := Check(with(75, loops(3)))
	if !slices.ContainsFunc(dear, func(p Problem) bool { return p.Code == "dear_together" }) {
		t.Errorf("75 dear rules on one kind of fact were accepted: %v", dear)
	}
	if problems := Check(with(75, "fact.ticket.contains('x')")); len(problems) > 0 {
		t.Errorf("75 everyday rules: %v", problems[0])
	}
}

// The default's rules are a long way from the limits.
func TestTheDefaultIsCheap(t *testing.T) {
	r := &reader{words: wordings()}
	r.read("", source96766)
	for kind, most := range r.costs {
		if most > factLimit/20 {
			t.Errorf("the rules on %s can cost %d units", kind, most)
		}
	}
	if len(r.costs) == 0 {
		t.Error("no costs were reckoned")
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load("", source96766); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCharges(b *testing.B) {
	for name, fact := range map[string]*factv1.Fact{
		"none":      saying(&factv1.FaultReported{}),
		"constant":  saying(&factv1.TicketOverdue{}),
		"condition": saying(&factv1.CallbackRated{}),
		"table":     saying(&factv1.ReplyContradicted{}),
	} {
		b.Run(name, func(b *testing.B) {
			book := Default()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := book.Charges(fact); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
