package scoring

import (
	"math/big"
	"time"

	"github.com/shopspring/decimal"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// Derive gives the entries of a month as a whole that its counts ask for, after
// what was ruled about objections to them, without ids, in the sheet's order:
// items set to 0, shares of satisfied callbacks, the repair quota.
func Derive(policy *rulebook.Policy, m *statev1.UnitMonth) []*ledgerv1.Entry {
	book := policy.In(m.Unit, m.Month)
	d := deriver{policy: policy, m: m, book: book}
	for i := range book.Parts {
		part := &book.Parts[i]
		if !policy.Applies(part, m.Unit, m.Month) {
			continue
		}
		for j := range part.Items {
			item := &part.Items[j]
			if item.Method.ZeroAt > 0 {
				d.zeroItem(part, item)
			}
			if item.Method.Kind == rulebook.Rate {
				d.rate(part, item)
			}
		}
		if part.Quota != nil {
			d.quota(part)
		}
	}
	return d.ruled()
}

// ruled gives the entries after the rulings about them.
func (d *deriver) ruled() []*ledgerv1.Entry {
	if len(d.m.Rulings) == 0 {
		return d.entries
	}
	var entries []*ledgerv1.Entry
	for _, e := range d.entries {
		if e = Rulings(d.m.Rulings).apply(e); e != nil {
			entries = append(entries, e)
		}
	}
	return entries
}

// customers gives how many customers a month is judged by: of a closed month
// those it was closed with.
func customers(policy *rulebook.Policy, m *statev1.UnitMonth) int64 {
	if m.Pinned != nil {
		return m.Pinned.Customers
	}
	return policy.Customers(m.Unit, m.Month)
}

type deriver struct {
	policy  *rulebook.Policy
	m       *statev1.UnitMonth
	book    *rulebook.Rulebook
	entries []*ledgerv1.Entry
}

// zeroItem sets an item to 0 that has so many entries that nothing is left.
func (d *deriver) zeroItem(part *rulebook.Part, item *rulebook.Item) {
	key, at := part.ID+"/"+item.ID, int64(item.Method.ZeroAt)
	if d.m.Tallies[key].GetEntries() < at {
		return
	}
	byDay, _ := days(d.m, key)
	e := d.entry(part, item.ID+".zero_at", dayReached(byDay, func(n int64) bool { return n >= at }))
	e.Item, e.Effect = item.ID, ledgerv1.Effect_EFFECT_ZERO_ITEM
	e.Clause, e.Basis, e.Label = item.Method.Clause, item.Method.Basis, item.Method.Label.Proto()
	e.Why = flow.Because("zero_at", flow.Label("item", item.Label.Proto()), flow.Count("count", at))
}

// rate gives an item its maximum times the share of satisfied callbacks: what
// is missing to the maximum is one deduction.
func (d *deriver) rate(part *rulebook.Part, item *rulebook.Item) {
	good, goodTotal := days(d.m, satisfied)
	bad, badTotal := days(d.m, dissatisfied)
	off := missing(item.Max, badTotal, goodTotal+badTotal)
	if off.IsZero() {
		return
	}
	e := d.entry(part, item.ID+".rate", lastDay(good, bad))
	e.Item, e.Points, e.Effect = item.ID, twoPlaces(off.Neg()), ledgerv1.Effect_EFFECT_POINTS
	e.Clause, e.Basis, e.Label = item.Method.Clause, item.Method.Basis, item.Method.Label.Proto()
	e.Why = flow.Because("rate", flow.Count("rated", goodTotal+badTotal), flow.Count("satisfied", goodTotal))
}

// missing is max × bad / rated, exact until it is rounded half up to two
// places.
func missing(most decimal.Decimal, bad, rated int64) decimal.Decimal {
	if bad == 0 {
		return decimal.Zero
	}
	exact := new(big.Rat).Mul(most.Rat(), big.NewRat(bad, rated))
	return roundRat(exact)
}

// quota sets the part to 0 once faults exceed the share of the customers.
func (d *deriver) quota(part *rulebook.Part) {
	customers := customers(d.policy, d.m)
	byDay, used := faults(d.m)
	if !crossed(part.Quota, customers, used) {
		return
	}
	day := dayReached(byDay, func(n int64) bool { return crossed(part.Quota, customers, n) })
	e := d.entry(part, part.Quota.Rule, day)
	e.Effect = ledgerv1.Effect_EFFECT_ZERO_PART
	e.Clause, e.Basis, e.Label = part.Quota.Clause, part.Quota.Basis, part.Quota.Label.Proto()
	e.Why = flow.Because("quota_crossed", flow.Count("customers", customers), flow.Said("share", part.Quota.Share.Shift(2).String()),
		flow.Said("limit", quotaLimit(part.Quota, customers).String()))
}

// crossed compares exactly: a quota of 15 is not crossed by 15 faults. Without
// known customers no quota is judged.
func crossed(q *rulebook.Quota, customers, used int64) bool {
	return customers > 0 && decimal.NewFromInt(used).GreaterThan(quotaLimit(q, customers))
}

func quotaLimit(q *rulebook.Quota, customers int64) decimal.Decimal {
	return decimal.NewFromInt(customers).Mul(q.Share)
}

// entry adds an entry of the month, which occurred with the first instant of a
// day: all that the counts know of when.
func (d *deriver) entry(part *rulebook.Part, rule string, day int) *ledgerv1.Entry {
	first := monthStart(d.policy, d.m.Unit, d.m.Month)
	at := time.Date(first.Year(), first.Month(), max(day, 1), 0, 0, 0, 0, first.Location())
	e := &ledgerv1.Entry{
		Type: ledgerv1.EntryType_ENTRY_TYPE_POSTING, Unit: d.m.Unit, Month: d.m.Month,
		Part: part.ID, Rule: rule, RulebookVersion: d.book.Version, Points: "0.00",
		Incident:   &ledgerv1.Incident{Kind: "month", Id: d.m.Month},
		OccurredAt: flow.At(at.UTC()), Fact: "month/" + d.m.Unit + "/" + d.m.Month,
	}
	d.entries = append(d.entries, e)
	return e
}

// roundRat rounds half up (away from zero) to two places.
func roundRat(r *big.Rat) decimal.Decimal {
	rounded, err := decimal.NewFromString(r.FloatString(2))
	if err != nil {
		panic("a rational number cannot be written: " + err.Error())
	}
	return rounded
}
