package scoring_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/scoring"
)

// alerted is a warning about the complaint of a fact, for a person.
func alerted(person string) func(*factv1.Fact) {
	return func(f *factv1.Fact) {
		f.Route.Complaint = "C" + f.Id
		f.Body = &factv1.Fact_ComplaintAlerted{ComplaintAlerted: &factv1.ComplaintAlerted{
			Complaint: "C" + f.Id, Forwarding: 1, Level: factv1.AlertLevel_ALERT_LEVEL_WARNING, Person: person,
		}}
	}
}

// notices tells type, level and matter of each notice, in order.
func notices(records []*ledgerv1.Record) (all []string) {
	for _, r := range records {
		if n := r.GetNotice(); n != nil {
			sign := "+"
			if n.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
				sign = "-"
			}
			all = append(all, fmt.Sprint(sign, " ", n.Level, " ", n.Matter))
		}
	}
	return all
}

// checkNotices: a notice told twice is told alike, and what is told and not
// withdrawn is what is wanted, once.
func checkNotices(t *rapid.T, records []*ledgerv1.Record, wanted []string) {
	seen, stands := map[string]*ledgerv1.Notice{}, map[string]string{}
	for _, r := range records {
		n := r.GetNotice()
		if n == nil {
			continue
		}
		before := seen[n.Id]
		if before != nil && !proto.Equal(before, n) {
			t.Fatalf("notice %s was told differently:\n%v\n%v", n.Id, before, n)
		}
		seen[n.Id] = n
		switch {
		case before != nil:
		case n.Withdraws != "":
			delete(stands, n.Withdraws)
		default:
			stands[n.Id] = fmt.Sprint(n.Unit, " ", n.Matter, " ", n.Level, n.Person)
		}
	}
	told := []string{}
	for _, what := range stands {
		told = append(told, what)
	}
	slices.Sort(told)
	slices.Sort(wanted)
	if !slices.Equal(told, wanted) {
		t.Fatalf("people were told\n%v\nwant\n%v", told, wanted)
	}
}

func TestTheQuotaAlarmsOnceAtEightyPercentAndOnceAtCrossing(t *testing.T) {
	w := flowtest.Run(t, policyOf(nil, unit("U", 1000)), []flow.Machine{scoring.New()}, reported(11, 5)...) // 15 is the limit
	if got := notices(w.Records); len(got) != 0 {
		t.Fatalf("told at 11 of 15: %v", got)
	}
	w.Do(reported(3, 6)...)
	near := []string{"+ ALERT_LEVEL_WARNING quota/U/2026-01"}
	if got := notices(w.Records); !slices.Equal(got, near) {
		t.Fatalf("told at 14 of 15: %v", got)
	}
	w.Do(reported(1, 7)...)
	if got := notices(w.Records); !slices.Equal(got, near) {
		t.Fatalf("told at 15 of 15: %v", got)
	}
	w.Do(reported(3, 8)...)
	both := append(near, "+ ALERT_LEVEL_BREACH quota/U/2026-01")
	if got := notices(w.Records); !slices.Equal(got, both) {
		t.Fatalf("told at 18 of 15: %v", got)
	}
}

func TestAnAlarmIsTakenBackWhenAMergeUncrossesTheQuota(t *testing.T) { // 37
	w := flowtest.Run(t, policyOf(nil, unit("U", 1000)), []flow.Machine{scoring.New()}, reported(15, 5)...)
	last := fact("fault_reported/last", 1, "U", day(28), faultReported)
	w.Do(flowtest.Fact(last), flowtest.Fact(gone(last, 2, day(29))))
	again := fact("fault_reported/again", 1, "U", day(30), faultReported)
	w.Do(flowtest.Fact(again))
	want := []string{
		"+ ALERT_LEVEL_WARNING quota/U/2026-01", "+ ALERT_LEVEL_BREACH quota/U/2026-01",
		"- ALERT_LEVEL_BREACH quota/U/2026-01", "+ ALERT_LEVEL_BREACH quota/U/2026-01",
	}
	if got := notices(w.Records); !slices.Equal(got, want) {
		t.Fatalf("told %v, want %v", got, want)
	}
	ids := map[string]bool{}
	for _, r := range w.Records {
		if n := r.GetNotice(); n != nil {
			if ids[n.Id] {
				t.Errorf("two notices are called %s", n.Id)
			}
			ids[n.Id] = true
		}
	}
}

func TestAComplaintAlertCostsNothingAndIsToldOnce(t *testing.T) { // 26
	f := fact("1", 3, "U", day(5), alerted("Li"))
	w := flowtest.Run(t, policyOf(nil, unit("U", 1000)), []flow.Machine{scoring.New()}, flowtest.Fact(f))
	w.Do(flowtest.Fact(f), flowtest.Policy(policyOf(nil, unit("U", 2000))))
	want := []string{"+ ALERT_LEVEL_WARNING complaint/C1/1"}
	if got := notices(w.Records); !slices.Equal(got, want) {
		t.Fatalf("told %v, want %v", got, want)
	}
	if l := read(w.Records); len(l.entries) != 0 || len(l.cards) != 0 {
		t.Errorf("it changed the score: %v %v", l.entries, l.cards)
	}
	w.Do(flowtest.Fact(gone(f, 5, day(6))))
	if got := notices(w.Records); !slices.Equal(got, append(want, "- ALERT_LEVEL_WARNING complaint/C1/1")) {
		t.Errorf("after it was answered in time: %v", got)
	}
}
