package scoring

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// pinned reports whether a month is closed.
func (s *step) pinned(unit, name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	m, _, err := s.month(unit, name)
	return m.GetPinned() != nil, err
}

// late gives the closed month that a change is about, empty if none: the one
// the fact counts in, else the one it would count in.
func (s *step) late(before, after contribution) (string, error) {
	for _, c := range []contribution{before, after} {
		if !c.counted {
			continue
		}
		if pinned, err := s.pinned(c.fact.Route.GetUnit(), c.Month); err != nil || pinned {
			return c.Month, err
		}
	}
	return "", nil
}

// wait notes what came late about a closed month: it counts when it is
// approved. What counted in a month that is still open stops counting there.
func (s *step) wait(account *statev1.Account, after contribution, month string) error {
	if account.Counted && account.Month != month {
		if err := s.settle(account, contribution{fact: account.Fact}, s.cause(after.fact, movedToClosed())); err != nil {
			return err
		}
	}
	before := contributionOf(account)
	unit, id := after.fact.Route.GetUnit(), after.fact.Id
	if account.LateMonth != "" && account.LateMonth != month {
		if err := s.unwait(unit, account.LateMonth, id); err != nil {
			return err
		}
	}
	account.Late, account.LateMonth = after.fact, month
	if before.same(after) || account.Refused != 0 && account.Refused == int64(LateHash(after.fact)) {
		account.Late, account.LateMonth = nil, ""
		return s.unwait(unit, month, id)
	}
	m, take, err := s.month(unit, month)
	if err != nil || !take {
		return err
	}
	if m.Late == nil {
		m.Late = map[string]*statev1.Late{}
	}
	waits := &statev1.Late{}
	waits.Before, waits.JudgedBefore = inMonth(before, month)
	waits.After, waits.JudgedAfter = inMonth(after, month)
	m.Late[id] = waits
	return nil
}

func (s *step) unwait(unit, month, id string) error {
	m, take, err := s.month(unit, month)
	if err == nil && take {
		delete(m.Late, id)
	}
	return err
}

// Gone is the LateHash of a fact that does not hold, or holds elsewhere.
const Gone uint64 = 1

// LateHash is a hash of what came late, to know it again after it was refused,
// whatever else has come to prove it.
func LateHash(f *factv1.Fact) uint64 {
	if f.Retracted {
		return Gone
	}
	return flow.ContentHash(&factv1.Fact{Id: f.Id, Reason: f.Reason, OccurredAt: f.OccurredAt, Route: f.Route, Body: f.Body})
}

// Alike reports whether two facts, or none and one, count and say alike: which
// events prove them is not what they say.
func Alike(policy *rulebook.Policy, a, b *factv1.Fact) bool {
	return contributionFrom(policy, a).same(contributionFrom(policy, b))
}

func contributionFrom(policy *rulebook.Policy, f *factv1.Fact) contribution {
	if f == nil || f.Retracted {
		return contribution{}
	}
	judged, _ := Judge(policy, f, nil) // a rule that fails, fails for both
	return contribution{fact: f, counted: true, Judged: judged}
}

// inMonth is what a contribution adds to a month; nil: nothing.
func inMonth(c contribution, month string) (*factv1.Fact, *statev1.Judged) {
	if !c.counted || c.Month != month {
		return nil, nil
	}
	return c.fact, &statev1.Judged{Entries: c.Entries, Day: c.Day, Assessed: c.Assessed}
}

func judgedOf(j *statev1.Judged) Judged {
	return Judged{Day: j.GetDay(), Entries: j.GetEntries(), Assessed: j.GetAssessed()}
}

// Restate gives what a closed month would be if all that came late about it
// were approved: the entries that vanish and appear, and the sheet.
func Restate(policy *rulebook.Policy, m *statev1.UnitMonth) *ledgerv1.Restatement {
	asOf := flow.Time(m.AsOf)
	r := &ledgerv1.Restatement{Unit: m.Unit, Month: m.Month}
	restated := proto.CloneOf(m)
	restated.Pinned.Customers = policy.Customers(m.Unit, m.Month)
	for _, id := range slices.Sorted(maps.Keys(m.Late)) {
		late := m.Late[id]
		if late.Before != nil {
			Count(restated, late.Before, judgedOf(late.JudgedBefore), -1)
		}
		if late.After != nil {
			Count(restated, late.After, judgedOf(late.JudgedAfter), +1)
		}
		differ(r, late.JudgedBefore.GetEntries(), late.JudgedAfter.GetEntries())
	}
	restated.Active = Derive(policy, restated)
	differ(r, m.Active, restated.Active)
	if len(r.Vanish)+len(r.Appear) == 0 && len(m.Late) == 0 {
		return r // nothing waits
	}
	r.Restated = Scorecard(policy, restated, asOf)
	r.Total, r.RestatedTotal = Scorecard(policy, m, asOf).Total, r.Restated.Total
	return r
}

// differ adds the entries of which only one side has an equal.
func differ(r *ledgerv1.Restatement, before, after []*ledgerv1.Entry) {
	_, gone, fresh := match(before, after)
	r.Vanish, r.Appear = append(r.Vanish, gone...), append(r.Appear, fresh...)
}

func movedToClosed() *factv1.Reason { return flow.Because("moved_to_closed") }
