package scoring_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
	"kaohe.dev/services/words"
)

// say runs facts through the machine and reads the ledger.
func say(t *testing.T, policy *rulebook.Policy, facts ...*factv1.Fact) told {
	t.Helper()
	w := flowtest.Run(t, policy, []flow.Machine{scoring.New()})
	for _, f := range facts {
		w.Do(flowtest.Fact(f))
	}
	if len(w.Quarantined) > 0 {
		t.Errorf("set aside: %v", w.Quarantined)
	}
	return read(w.Records)
}

func TestAnEntryExplainsItself(t *testing.T) {
	f := fact("ticket_overdue/T1/1", 1, "U", day(5), overdue)
	ledger := say(t, policyOf(nil, unit("U", 0)), f)
	if len(ledger.entries) != 1 {
		t.Fatalf("entries %v, want one", ledger.entries)
	}
	e := ledger.entries[0]
	rule := rulebook.Default().Rules[0]
	if e.Points != "-5.00" || e.Item != "CS10" || e.Part != "customer_service" || e.Clause != "六.1" || e.Basis != "source" ||
		e.Month != "2026-01" || e.RulebookVersion != rulebook.Default().Version || e.Label.Zh != rule.Label.Zh ||
		!proto.Equal(e.Why, f.Reason) || !slices.Equal(e.Proof, f.Proof) ||
		e.Incident.Kind != "ticket" || e.Incident.Id != f.Route.Ticket || e.Ticket != f.Route.Ticket || e.Fact != f.Id || e.Posting != 1 {
		t.Errorf("entry does not say what it is about: %v", e)
	}
	if !flow.Time(e.OccurredAt).Equal(day(5)) || !flow.Time(e.ReceivedAt).Equal(day(5).Add(time.Hour)) ||
		!flow.Time(e.DetectedAt).Equal(day(5).Add(2*time.Hour)) || e.PostedAt != nil {
		t.Errorf("times of the entry: %v", e)
	}
	if len(e.Id) != 17 || e.Id[0] != 'E' {
		t.Errorf("id %q", e.Id)
	}
}

func TestALateCloseTakesBackAndItsCorrectionBringsBack(t *testing.T) { // 15
	late := fact("ticket_overdue/T1/1", 1, "U", day(5), overdue)
	again := fact("ticket_overdue/T1/1", 5, "U", day(5), overdue)
	ledger := say(t, policyOf(nil), late, gone(late, 3, day(6)), again)
	want := "+ ticket_overdue CS10 -5.00\n- ticket_overdue CS10 5.00\n+ ticket_overdue CS10 -5.00\n"
	if got := ledger.transcript(); got != want {
		t.Fatalf("ledger:\n%swant:\n%s", got, want)
	}
	first, back, second := ledger.entries[0], ledger.entries[1], ledger.entries[2]
	if back.Reverses != first.Id || back.Id != "R"+first.Id[1:] || second.Posting != 2 || second.Id == first.Id {
		t.Errorf("entries are not linked: %v", ledger.entries)
	}
	if text := words.Text(back.Why); !strings.Contains(text.Zh, "不再支持") || !strings.Contains(text.En, "no longer show it") {
		t.Errorf("the reversal's reason is %v, want the retraction's", back.Reason)
	}
	if card := ledger.cards["U 2026-01"]; item(t, card, "CS10").Deducted != "5.00" || card.Total != "95.00" {
		t.Errorf("score %v", card)
	}
}

func TestAComplaintThatClimbsToTheProvinceCosts15Not25(t *testing.T) { // 24
	const id = "complaint_escalated/M1"
	branch := fact(id, 1, "U", day(5), escalated(feedv1.ComplaintLevel_COMPLAINT_LEVEL_BRANCH))
	province := fact(id, 3, "U", day(8), escalated(feedv1.ComplaintLevel_COMPLAINT_LEVEL_PROVINCE))
	ledger := say(t, policyOf(nil), branch, province)
	want := "+ complaint_escalated CS14 -10.00\n- complaint_escalated CS14 10.00\n+ complaint_escalated CS14 -15.00\n"
	if got := ledger.transcript(); got != want {
		t.Errorf("ledger:\n%swant:\n%s", got, want)
	}
	card := ledger.cards["U 2026-01"]
	if line := item(t, card, "CS14"); line.Deducted != "15.00" || line.Overflow != "5.00" || card.Total != "85.00" {
		t.Errorf("a province complaint leaves %s, want 85.00: %v", card.Total, line) // 36: the rest is carried
	}
	ledger = say(t, policyOf(nil), branch, province, gone(province, 5, day(9)))
	if card := ledger.cards["U 2026-01"]; card.Total != "100.00" || len(ledger.active()) != 0 {
		t.Errorf("a complaint that turned out invalid costs %s of 100", card.Total)
	}
}

func TestTheThirdDissatisfiedCallbackSetsTheItemTo0(t *testing.T) {
	facts := []*factv1.Fact{
		fact("callback_rated/1", 1, "U", day(3), rated(false)),
		fact("callback_rated/2", 1, "U", day(9), rated(false)),
		fact("callback_rated/3", 1, "U", day(6), rated(false)),
		fact("callback_rated/4", 1, "U", day(4), rated(true)),
	}
	ledger := say(t, policyOf(nil), facts...)
	if line := item(t, ledger.cards["U 2026-01"], "CS15"); !line.Zeroed || line.Score != "0.00" || line.Deducted != "15.00" || line.Entries != 4 {
		t.Errorf("CS15 after three dissatisfied: %v", line)
	}
	zero := ledger.entries[len(ledger.entries)-1]
	if !flow.Time(zero.OccurredAt).Equal(time.Date(2026, 1, 9, 0, 0, 0, 0, shanghai)) {
		t.Errorf("the item fell to 0 on the day of the third in time, not %s", flow.Time(zero.OccurredAt))
	}
	ledger = say(t, policyOf(nil), append(facts, gone(facts[0], 2, day(20)))...)
	if line := item(t, ledger.cards["U 2026-01"], "CS15"); line.Zeroed || line.Score != "10.00" {
		t.Errorf("CS15 after one of three was taken back: %v", line)
	}
}

func TestSatisfactionByRateIsPostedAnewWhenTheShareChanges(t *testing.T) {
	policy := policyOf([]*rulebook.Rulebook{byRate(t)})
	ledger := say(t, policy,
		fact("callback_rated/1", 1, "U", day(3), rated(true)),
		fact("callback_rated/2", 1, "U", day(4), rated(false)),
		fact("callback_rated/3", 1, "U", day(5), rated(true)))
	want := "+ CS15.rate CS15 -10.00\n- CS15.rate CS15 10.00\n+ CS15.rate CS15 -6.67\n"
	if got := ledger.transcript(); got != want {
		t.Errorf("ledger:\n%swant:\n%s", got, want)
	}
	if line := item(t, ledger.cards["U 2026-01"], "CS15"); line.Score != "13.33" {
		t.Errorf("two of three satisfied give %s, want 13.33", line.Score)
	}
}

func TestAFactThatMovesToAnotherMonthOrUnit(t *testing.T) {
	january := fact("ticket_overdue/T1/1", 1, "U", day(31), overdue)
	february := fact("ticket_overdue/T1/1", 3, "U", day(31).AddDate(0, 0, 1), overdue)
	ledger := say(t, policyOf(nil), january, february)
	if ledger.cards["U 2026-01"].Total != "100.00" || ledger.cards["U 2026-02"].Total != "95.00" {
		t.Errorf("after a move of the month: %v", ledger.cards)
	}
	elsewhere := fact("ticket_overdue/T1/1", 7, "V", day(31), overdue)
	ledger = say(t, policyOf(nil), january, gone(january, 6, day(31)), elsewhere)
	if ledger.cards["U 2026-01"].Total != "100.00" || ledger.cards["V 2026-01"].Total != "95.00" {
		t.Errorf("after a move of the unit: %v", ledger.cards)
	}
}

func TestARulebookThatChangesJudgesItsMonthsAgainAndNoOthers(t *testing.T) { // 1, 3
	w := flowtest.Run(t, policyOf(nil), []flow.Machine{scoring.New()},
		flowtest.Fact(fact("ticket_overdue/T1/1", 1, "U", day(5), overdue)),
		flowtest.Fact(fact("ticket_overdue/T2/1", 1, "U", day(5).AddDate(0, 1, 0), overdue)))
	harder := edited(t, "harder", "points: -5\n", "points: -6\n", `effective_month: "2000-01"`, `effective_month: "2026-02"`)
	w.Do(flowtest.Policy(policyOf([]*rulebook.Rulebook{harder})))
	ledger := read(w.Records)
	want := "+ ticket_overdue CS10 -5.00\n+ ticket_overdue CS10 -5.00\n- ticket_overdue CS10 5.00\n+ ticket_overdue CS10 -6.00\n"
	if got := ledger.transcript(); got != want {
		t.Errorf("ledger:\n%swant:\n%s", got, want)
	}
	if last := ledger.entries[3]; last.Month != "2026-02" || last.RulebookVersion != "harder" {
		t.Errorf("judged again: %v", last)
	}
	if january := ledger.cards["U 2026-01"]; january.RulebookVersion != rulebook.Default().Version || january.Total != "95.00" {
		t.Errorf("January is now judged by %s: %s", january.RulebookVersion, january.Total)
	}
}

func TestARuleThatCannotBeAppliedIsSetAside(t *testing.T) {
	w := flowtest.Run(t, policyOf(nil), []flow.Machine{scoring.New()})
	w.Do(flowtest.Fact(fact("misconduct_judged/1", 1, "U", day(5), func(f *factv1.Fact) {
		f.Body = &factv1.Fact_MisconductJudged{MisconductJudged: &factv1.MisconductJudged{Item: "CS99", Points: "1"}}
	})))
	if len(w.Quarantined) != 1 || w.Quarantined[0].Code != "rule_failed" {
		t.Errorf("set aside: %v, want one that names the rule", w.Quarantined)
	}
}

func TestEveryKindOfFactIsConsumedOnce(t *testing.T) {
	kinds := scoring.New().Consumes()
	for _, rule := range rulebook.Default().Rules {
		if !slices.Contains(kinds, flow.Kind(rule.On)) {
			t.Errorf("rule %s is on %s, which scoring does not consume", rule.Name, rule.On)
		}
	}
	slices.Sort(kinds)
	if len(slices.Compact(slices.Clone(kinds))) != len(kinds) {
		t.Errorf("a kind is listed twice: %v", kinds)
	}
}
