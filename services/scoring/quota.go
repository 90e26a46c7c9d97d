package scoring

import (
	"fmt"
	"math/big"
	"time"

	"github.com/shopspring/decimal"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/rulebook"
)

// QuotaOf tells how far a month is from the cliff as of an instant, with the
// first quota of its rulebook; nil: it has none.
func QuotaOf(policy *rulebook.Policy, m *statev1.UnitMonth, asOf time.Time) *ledgerv1.Quota {
	for _, part := range policy.In(m.Unit, m.Month).Parts {
		if part.Quota != nil {
			return quotaOf(policy, part.Quota, m, asOf)
		}
	}
	return nil
}

// quotaOf tells how far a month is from the cliff. The projection is linear in
// the time elapsed: used × length of the month ÷ time elapsed of it, at least a
// day, so that the first night is no catastrophe; before the month begins or on
// a clock that has not moved it is what was used, after the month as well.
// Weighing the days of the week brought nothing: see its test.
func quotaOf(policy *rulebook.Policy, q *rulebook.Quota, m *statev1.UnitMonth, asOf time.Time) *ledgerv1.Quota {
	first := monthStart(policy, m.Unit, m.Month)
	elapsed, whole := elapsedOf(first, asOf)
	byDay, used := faults(m)
	customers := customers(policy, m)
	projected := new(big.Rat).Mul(big.NewRat(used, 1), big.NewRat(int64(whole), int64(elapsed)))
	quota := &ledgerv1.Quota{Customers: customers, Used: used, Projected: projected.FloatString(2)}
	if customers == 0 {
		return quota // no limit is known, so none is left and none is crossed
	}
	limit := quotaLimit(q, customers)
	quota.Limit, quota.Left = limit.String(), limit.Sub(decimal.NewFromInt(used)).String()
	quota.Crossed = crossed(q, customers, used)
	switch {
	case quota.Crossed:
		day := dayReached(byDay, func(n int64) bool { return crossed(q, customers, n) })
		quota.CrossingDay = dayOf(m.Month, day)
	case projected.Cmp(limit.Rat()) > 0:
		quota.CrossingDay = crossingDay(first, limit, used, elapsed)
	}
	return quota
}

// elapsedOf gives how much of a month has elapsed, at least a day, and how long
// it is.
func elapsedOf(first, asOf time.Time) (elapsed, whole time.Duration) {
	next := first.AddDate(0, 1, 0)
	whole = next.Sub(first)
	if asOf.Before(first) || !asOf.Before(next) {
		return whole, whole
	}
	return max(asOf.Sub(first), 24*time.Hour), whole
}

// crossingDay is the day on which, at the pace so far, the faults exceed the
// limit: the day of the first instant behind elapsed × limit ÷ used.
func crossingDay(first time.Time, limit decimal.Decimal, used int64, elapsed time.Duration) string {
	at := new(big.Rat).Mul(limit.Rat(), big.NewRat(int64(elapsed), used))
	behind := new(big.Int).Quo(at.Num(), at.Denom()).Int64() + 1
	return first.Add(time.Duration(behind)).Format(time.DateOnly)
}

func dayOf(month string, day int) string { return fmt.Sprintf("%s-%02d", month, day) }
