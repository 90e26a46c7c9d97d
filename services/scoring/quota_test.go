package scoring_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/scoring"
	"kaohe.dev/services/simulate"
)

// reported gives inputs of n faults on a day.
func reported(n, d int) []flowtest.Input {
	var inputs []flowtest.Input
	for i := range n {
		inputs = append(inputs, flowtest.Fact(fact(fmt.Sprintf("fault_reported/%d-%d", d, i), 1, "U", day(d), faultReported)))
	}
	return inputs
}

func TestTheQuotaIsComparedExactly(t *testing.T) {
	for _, c := range []struct {
		customers int64
		faults    int
		crossed   bool
	}{
		{1000, 15, false}, // exactly 1.5 % is not above it
		{1000, 16, true},
		{1010, 15, false}, // the limit is 15.15, not 15 and not 16
		{1010, 16, true},
		{66, 0, false},
		{66, 1, true}, // a limit of 0.99
		{0, 50, false},
	} {
		w := flowtest.Run(t, policyOf(nil, unit("U", c.customers)), []flow.Machine{scoring.New()}, reported(c.faults, 5)...)
		if c.faults == 0 {
			continue
		}
		card := read(w.Records).cards["U 2026-01"]
		want := "100.00"
		if c.crossed {
			want = "0.00"
		}
		if card.Total != want || card.Quota.Crossed != c.crossed || card.Parts[0].Zeroed != c.crossed {
			t.Errorf("%d faults of %d customers: total %s, quota %v", c.faults, c.customers, card.Total, card.Quota)
		}
	}
}

func TestAQuotaCrossedOnThe28thAndUncrossedByAMergeOnThe29th(t *testing.T) { // 37
	w := flowtest.Run(t, policyOf(nil, unit("U", 200)), []flow.Machine{scoring.New()}, reported(3, 20)...)
	last := fact("fault_reported/last", 1, "U", day(28), faultReported)
	w.Do(flowtest.Fact(last))
	ledger := read(w.Records)
	if card := ledger.cards["U 2026-01"]; card.Total != "0.00" || card.Quota.CrossingDay != "2026-01-28" {
		t.Fatalf("four faults of 200 customers: %v", card)
	}
	entry := ledger.entries[0]
	midnight := time.Date(2026, 1, 28, 0, 0, 0, 0, shanghai)
	if entry.Rule != "repair_quota" || entry.Effect != ledgerv1.Effect_EFFECT_ZERO_PART || !flow.Time(entry.OccurredAt).Equal(midnight) {
		t.Errorf("entry of the crossing: %v", entry)
	}
	w.Do(flowtest.Fact(gone(last, 2, day(29))))
	ledger = read(w.Records)
	if card := ledger.cards["U 2026-01"]; card.Total != "100.00" || card.Quota.Crossed || card.Quota.Left != "0" {
		t.Errorf("after the merge: %v", card)
	}
	if got, want := ledger.transcript(), "+ repair_quota  0.00\n- repair_quota  0.00\n"; got != want {
		t.Errorf("ledger:\n%swant:\n%s", got, want)
	}
}

func TestCustomersThatChangeInTheMonthFollowTheRulebook(t *testing.T) { // 38
	known := unit("U", 1000)
	known.Registrations = append(known.Registrations, &feedv1.UnitRegistered{
		Unit: "U", NameZh: "新名", Customers: 2000, EffectiveFrom: flow.At(day(10)),
	})
	policy := policyOf(nil, known)
	if got := scoring.Empty(policy, "U", "2026-01").Quota.Limit; got != "15" {
		t.Errorf("limit of January %s, want 15: of the customers on its first day", got)
	}
	if got := scoring.Empty(policy, "U", "2026-02").Quota.Limit; got != "30" {
		t.Errorf("limit of February %s, want 30", got)
	}
}

func TestARegistrationOfCustomersJudgesTheQuotaAgain(t *testing.T) {
	w := flowtest.Run(t, policyOf(nil, unit("U", 100)), []flow.Machine{scoring.New()}, reported(2, 3)...)
	w.Do(flowtest.Policy(policyOf(nil, unit("U", 1000))))
	ledger := read(w.Records)
	if card := ledger.cards["U 2026-01"]; card.Total != "100.00" || card.Quota.Limit != "15" {
		t.Errorf("after the registration: %v", card)
	}
	if got, want := ledger.transcript(), "+ repair_quota  0.00\n- repair_quota  0.00\n"; got != want {
		t.Errorf("ledger:\n%swant:\n%s", got, want)
	}
}

func TestTheCliffIsSeenComing(t *testing.T) {
	policy := policyOf(nil, unit("U", 1000)) // a limit of 15
	for name, c := range map[string]struct {
		asOf                 time.Time
		used                 int64
		projected, crossedOn string
	}{
		"ten by noon of the tenth":  {day(10), 10, "32.63", "2026-01-15"},
		"five by the end of 10th":   {day(10).Add(12 * time.Hour), 5, "15.50", "2026-01-31"},
		"four by noon of the tenth": {day(10), 4, "13.05", ""},
		"one in the first hour":     {day(1).Add(-11 * time.Hour), 1, "31.00", "2026-01-16"},
		"the month is over":         {day(31).AddDate(0, 0, 1), 10, "10.00", ""},
		"the month has not begun":   {day(1).AddDate(0, 0, -3), 10, "10.00", ""},
		"the clock has not moved":   {time.Time{}, 10, "10.00", ""},
		"the day begins in Asia":    {time.Date(2026, 1, 9, 16, 0, 0, 0, time.UTC), 10, "34.44", "2026-01-14"},
		"it was crossed on the 3rd": {day(10), 16, "52.21", "2026-01-03"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &statev1.UnitMonth{Unit: "U", Month: "2026-01", FaultsByDay: map[int32]int64{3: c.used}}
			quota := scoring.Scorecard(policy, m, c.asOf).Quota
			if quota.Projected != c.projected || quota.CrossingDay != c.crossedOn {
				t.Errorf("projected %s, crossing %q; want %s, %q", quota.Projected, quota.CrossingDay, c.projected, c.crossedOn)
			}
		})
	}
}

// The projection is compared with what generated months came to, from instants
// in weeks that it did not see the rest of, and with counting begun days as
// whole, as it did before.
func TestTheProjectionIsBetterThanBegunDaysOnHeldBackWeeks(t *testing.T) {
	var ours, begun, n float64
	for seed := range uint64(10) {
		for _, month := range []string{"2026-01", "2026-02", "2026-06"} {
			first, err := time.ParseInLocation("2006-01", month, shanghai)
			if err != nil {
				t.Fatal(err)
			}
			inMonth := first.AddDate(0, 1, -1).Day()
			for unit, opened := range faultsOf(t, seed, month) {
				for _, d := range []int{7, 14, 21} {
					for _, hour := range []int{6, 12, 18} {
						asOf := first.AddDate(0, 0, d-1).Add(time.Duration(hour) * time.Hour)
						m := &statev1.UnitMonth{Unit: unit, Month: month, FaultsByDay: map[int32]int64{}}
						for _, at := range opened {
							if at.Before(asOf) {
								m.FaultsByDay[int32(at.Day())]++
							}
						}
						quota := scoring.QuotaOf(policyOf(nil), m, asOf)
						truth := float64(len(opened))
						projected, err := strconv.ParseFloat(quota.Projected, 64)
						if err != nil {
							t.Fatal(err)
						}
						ours += math.Abs(projected-truth) / truth
						begun += math.Abs(float64(quota.Used)*float64(inMonth)/float64(d)-truth) / truth
						n++
					}
				}
			}
		}
	}
	t.Logf("mean absolute error %.2f %%, by begun days %.2f %%", 100*ours/n, 100*begun/n)
	if ours >= begun || ours/n > 0.13 {
		t.Errorf("the projection is off by %.2f %% on average, begun days by %.2f %%", 100*ours/n, 100*begun/n)
	}
}

// faultsOf gives when the faults of each unit of a generated month were opened,
// in order.
func faultsOf(t *testing.T, seed uint64, month string) map[string][]time.Time {
	t.Helper()
	events, err := simulate.Month(seed, month, shanghai)
	if err != nil {
		t.Fatal(err)
	}
	opened := map[string][]time.Time{}
	for _, e := range events {
		if o := e.GetTicketOpened(); o.GetKind() == feedv1.TicketKind_TICKET_KIND_FAULT {
			opened[o.Unit] = append(opened[o.Unit], e.OccurredAt.AsTime().In(shanghai))
		}
	}
	return opened
}
