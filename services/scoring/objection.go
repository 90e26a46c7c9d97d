package scoring

import (
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
)

// monthFact begins the name of what entries of a month as a whole are judged
// from.
const monthFact = "month/"

// objectedKey is the document an objection is about.
func objectedKey(unit string, o *factv1.ObjectionRecorded) string {
	if strings.HasPrefix(o.Fact, monthFact) {
		return monthKey(unit, o.Month)
	}
	return verdictKey(unit, o.Fact)
}

// takeObjection notes an objection and lets what was ruled about it count: the
// decision about an objection needs no other approval, also when the month is
// closed.
func (s *step) takeObjection() error {
	objected, unit := s.in.Fact.GetObjectionRecorded(), s.in.Fact.Route.Unit
	if objected == nil {
		return nil
	}
	if strings.HasPrefix(objected.Fact, monthFact) {
		return s.objectToMonth(unit, objected)
	}
	account, take, err := s.account(verdictKey(unit, objected.Fact))
	if err != nil || !take || !s.news(&account.Objections, objected) {
		return err
	}
	account.Rulings = ruleOn(account.Rulings, objected)
	before, after := contributionOf(account), s.judged(account, account.Fact)
	if account.Fact == nil || before.same(after) {
		return s.waitAgain(account)
	}
	why := s.rulingCause(objected)
	if err := s.settle(account, after, why); err != nil {
		return err
	}
	if m, take, err := s.month(unit, after.Month); err != nil || !take || m.Pinned == nil {
		return err
	} else {
		s.correct(m, why.reason)
	}
	return s.waitAgain(account)
}

// waitAgain judges what came late anew, after a ruling.
func (s *step) waitAgain(account *statev1.Account) error {
	if account.Late == nil {
		return nil
	}
	return s.wait(account, s.judged(account, account.Late), account.LateMonth)
}

// objectToMonth is about an entry of the month as a whole.
func (s *step) objectToMonth(unit string, objected *factv1.ObjectionRecorded) error {
	m, take, err := s.month(unit, objected.Month)
	if err != nil || !take || !s.news(&m.Objections, objected) {
		return err
	}
	m.Rulings = ruleOn(m.Rulings, objected)
	before := m.Active
	why := s.rulingCause(objected)
	s.derive(m, why)
	if _, gone, fresh := match(before, m.Active); m.Pinned != nil && len(gone)+len(fresh) > 0 {
		s.correct(m, why.reason)
	}
	return nil
}

// news reports whether an objection says something new, notes it and tells it.
func (s *step) news(known *map[string]uint64, objected *factv1.ObjectionRecorded) bool {
	fact := s.in.Fact
	if fact.Revision <= (*known)[objected.Rule] {
		return false
	}
	if *known == nil {
		*known = map[string]uint64{}
	}
	(*known)[objected.Rule] = fact.Revision
	s.tx.Record(&ledgerv1.Record{Record: &ledgerv1.Record_Objection{Objection: &ledgerv1.Objection{
		Id: fact.Id, Unit: fact.Route.Unit, Month: objected.Month, Objection: objected,
	}}})
	return true
}

func ruleOn(rulings map[string]*factv1.ObjectionRuling, objected *factv1.ObjectionRecorded) map[string]*factv1.ObjectionRuling {
	ruling := RulingOf(objected)
	if ruling == nil {
		return rulings
	}
	if rulings == nil {
		rulings = map[string]*factv1.ObjectionRuling{}
	}
	rulings[objected.Rule] = ruling
	return rulings
}

func (s *step) rulingCause(objected *factv1.ObjectionRecorded) cause {
	why := s.cause(s.in.Fact, ruled(RulingOf(objected)))
	if ruling := RulingOf(objected); ruling != nil {
		why.proof = []string{ruling.Proof}
	}
	return why
}
