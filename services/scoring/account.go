package scoring

import (
	"fmt"
	"slices"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
)

// contribution is what a fact adds to a month; of one that does not hold,
// nothing.
type contribution struct {
	fact    *factv1.Fact
	counted bool
	Judged
}

// contributionOf is what an account adds as it stands.
func contributionOf(a *statev1.Account) contribution {
	return contribution{a.Fact, a.Counted, Judged{Month: a.Month, Day: a.Day, Entries: a.Active, Assessed: a.Assessed}}
}

// same reports whether two contributions count and say alike.
func (c contribution) same(o contribution) bool {
	if !c.counted && !o.counted {
		return true
	}
	return c.counted == o.counted && c.Month == o.Month && c.Day == o.Day && slices.Equal(c.Assessed, o.Assessed) &&
		slices.EqualFunc(c.Entries, o.Entries, sameJudgement) &&
		c.fact.GetCallbackRated().GetSatisfied() == o.fact.GetCallbackRated().GetSatisfied()
}

// takeFact judges a fact that is news.
func (s *step) takeFact() error {
	fact := s.in.Fact
	account, take, err := s.account(verdictKey(fact.Route.Unit, fact.Id))
	if err != nil || !take {
		return err
	}
	if known := newest(account); known != nil && fact.Revision <= known.Revision {
		return nil
	}
	reason := flow.Because("judged_anew", flow.Part("because", fact.Reason))
	if fact.Retracted {
		reason = flow.Because("retracted", flow.Part("because", fact.Reason))
	}
	switch {
	case flow.KindOf(fact) == flow.ComplaintAlerted:
		s.tell(account, fact)
		return nil
	case Awaits(flow.KindOf(fact)):
		s.await(account, fact)
		return nil
	}
	return s.judge(account, fact, reason)
}

// newest is the highest revision of its fact that an account knows.
func newest(a *statev1.Account) *factv1.Fact {
	if a.Late.GetRevision() > a.Fact.GetRevision() {
		return a.Late
	}
	return a.Fact
}

// wakeAccount judges the fact of an account again. What is in a closed month
// stays as it was judged.
func (s *step) wakeAccount() error {
	account, take, err := s.account(s.in.Wake)
	if err != nil || !take || account.Fact == nil || account.Fact.Retracted {
		return err
	}
	fact := account.Fact
	if k := flow.KindOf(fact); k == flow.ComplaintAlerted || Awaits(k) {
		return nil // who judges the deadline has looked again himself
	}
	if pinned, err := s.pinned(fact.Route.GetUnit(), account.Month); err != nil || pinned {
		return err
	}
	month := s.policy.Month(fact.Route.GetUnit(), flow.Time(fact.OccurredAt))
	return s.judge(account, fact, rulesChanged(s.policy.In(fact.Route.GetUnit(), month).Version))
}

func (s *step) account(key string) (*statev1.Account, bool, error) {
	doc, take, err := s.tx.Open(key)
	if err != nil {
		return nil, false, fmt.Errorf("open account %s: %w", key, err)
	}
	state := doc.State.(*statev1.ScoringState)
	if state.GetAccount() == nil {
		state.State = &statev1.ScoringState_Account{Account: &statev1.Account{}}
	}
	account := state.GetAccount()
	if account.Postings == nil {
		account.Postings = map[string]int32{}
	}
	return account, take, nil
}

// judge brings an account to what a fact is judged to be, and its months with
// it; where a month is closed, it waits.
func (s *step) judge(account *statev1.Account, fact *factv1.Fact, back *factv1.Reason) error {
	before, after := contributionOf(account), s.judged(account, fact)
	if before.same(after) && account.Late == nil {
		return s.prove(account, after)
	}
	late, err := s.late(before, after)
	if err != nil {
		return err
	}
	if late != "" {
		return s.wait(account, after, late)
	}
	if account.LateMonth != "" {
		if err := s.unwait(fact.Route.GetUnit(), account.LateMonth, fact.Id); err != nil {
			return err
		}
		account.Late, account.LateMonth = nil, ""
	}
	return s.settle(account, after, s.cause(fact, back))
}

// prove takes in a fact that says what was said before, for which there may be
// other proof now. A closed month keeps what it was closed with.
func (s *step) prove(account *statev1.Account, after contribution) error {
	proven := slices.EqualFunc(account.Active, after.Entries, func(a, b *ledgerv1.Entry) bool { return slices.Equal(a.Proof, b.Proof) })
	if !proven {
		pinned, err := s.pinned(account.Fact.Route.GetUnit(), account.Month)
		if err != nil || pinned {
			return err
		}
		account.Active = post(s.tx.Record, account.Active, after.Entries, account.Postings, cause{})
	}
	account.Fact = after.fact
	return nil
}

// judged is what a fact adds under the rulings about it.
func (s *step) judged(account *statev1.Account, fact *factv1.Fact) contribution {
	c := contribution{fact: fact, counted: fact != nil && !fact.Retracted}
	if !c.counted {
		return c
	}
	var err error
	if c.Judged, err = Judge(s.policy, fact, account.Rulings); err != nil {
		s.tx.Quarantine(s.in, flow.Because("rule_failed", flow.Said("error", err.Error())))
	}
	return c
}

// settle makes an account say what is wanted.
func (s *step) settle(account *statev1.Account, wanted contribution, why cause) error {
	before := contributionOf(account)
	account.Active = post(s.tx.Record, account.Active, wanted.Entries, account.Postings, why)
	account.Fact, account.Counted = wanted.fact, wanted.counted
	account.Month, account.Day, account.Assessed = wanted.Month, wanted.Day, wanted.Assessed
	return s.recount(before, contributionOf(account))
}

// cause tells why and when; a policy change is found when it takes effect.
func (s *step) cause(fact *factv1.Fact, back *factv1.Reason) cause {
	c := cause{reason: back, proof: fact.GetProof(), received: fact.GetReceivedAt(), detected: fact.GetDetectedAt(), clock: fact.GetClock()}
	if s.in.Wake != "" {
		c.detected = flow.At(s.in.At)
	}
	return c
}
