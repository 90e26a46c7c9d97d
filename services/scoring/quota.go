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

// quotaOf tells how far a month is from the cliff. The projection is linear in
// days: used × days of the month ÷ days begun by asOf, so it changes with each
// fault and each day; before the month begins or on a clock that has not moved
// it is what was used, after the month as well.
func quotaOf(policy *rulebook.Policy, q *rulebook.Quota, m *statev1.UnitMonth, asOf time.Time) *ledgerv1.Quota {
	first := monthStart(policy, m.Unit, m.Month)
	begun, inMonth := daysBegun(first, asOf)
	byDay, used := faults(m)
	customers := customers(policy, m)
	projected := new(big.Rat).SetFrac64(used*int64(inMonth), int64(begun))
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
		quota.CrossingDay = dayOf(m.Month, crossingDay(limit, used, begun))
	}
	return quota
}

// daysBegun gives how many days of a month have begun and how many it has.
func daysBegun(first, asOf time.Time) (begun, inMonth int) {
	next := first.AddDate(0, 1, 0)
	inMonth = next.AddDate(0, 0, -1).Day()
	if asOf.Before(first) || !asOf.Before(next) {
		return inMonth, inMonth
	}
	return asOf.In(first.Location()).Day(), inMonth
}

// crossingDay is the first day on which used ÷ begun faults a day exceed the
// limit, that is, the smallest whole number above limit × begun ÷ used.
func crossingDay(limit decimal.Decimal, used int64, begun int) int {
	at := new(big.Rat).Mul(limit.Rat(), big.NewRat(int64(begun), used))
	return int(new(big.Int).Quo(at.Num(), at.Denom()).Int64()) + 1
}

func dayOf(month string, day int) string { return fmt.Sprintf("%s-%02d", month, day) }
