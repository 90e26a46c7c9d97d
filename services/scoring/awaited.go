package scoring

import (
	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
)

// Awaits reports whether facts of a kind say that somebody has to decide
// something: they cost nothing.
func Awaits(k flow.Kind) bool {
	return k == flow.ThanksAwaited || k == flow.ComplaintAwaited || k == flow.PointsAwaited
}

// await tells what waits for a decision, and when it does not any more.
func (s *step) await(account *statev1.Account, fact *factv1.Fact) {
	before := account.Fact
	account.Fact = fact
	if fact.Retracted {
		// What a retraction is of is not in it, so the account keeps what waited.
		account.Fact = proto.CloneOf(before)
		if account.Fact == nil {
			account.Fact = fact
			return
		}
		account.Fact.Retracted, account.Fact.Revision = true, fact.Revision
		if !before.Retracted {
			s.settled(before)
		}
		return
	}
	now := s.awaited(fact)
	if before != nil && !before.Retracted {
		was := s.awaited(before)
		if proto.Equal(was, now) {
			return
		}
		if was.Month != now.Month {
			s.settled(before)
		}
	}
	s.tx.Record(&ledgerv1.Record{Record: &ledgerv1.Record_Awaited{Awaited: now}})
}

func (s *step) settled(before *factv1.Fact) {
	a := s.awaited(before)
	a.Settled = true
	s.tx.Record(&ledgerv1.Record{Record: &ledgerv1.Record_Awaited{Awaited: a}})
}

func (s *step) awaited(f *factv1.Fact) *ledgerv1.Awaited {
	decision := f.GetThanksAwaited()
	if decision == nil {
		decision = f.GetComplaintAwaited()
	}
	if decision == nil {
		decision = f.GetPointsAwaited()
	}
	unit, about := f.Route.GetUnit(), f.OccurredAt
	if decision.GetAboutAt() != nil {
		about = decision.AboutAt // what is proposed today may be of last month
	}
	return &ledgerv1.Awaited{
		Id: f.Id, Unit: unit, Month: s.policy.Month(unit, flow.Time(about)), Decision: decision, Why: f.Reason,
		Ticket: f.Route.GetTicket(), Complaint: f.Route.GetComplaint(), Since: f.OccurredAt, Proof: f.Proof,
	}
}
