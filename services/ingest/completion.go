package ingest

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// reply notes a reply 回单: one that claims done may complete the work, any
// other takes such a claim back while the ticket is not closed.
func (s *story) reply(f *factv1.Fact, t *feedv1.TicketReplied) {
	unit := t.Unit
	if unit == "" {
		unit = s.holder()
	}
	s.work.Replies = append(s.work.Replies, &factv1.Reply{
		At: f.OccurredAt, Result: t.Result, FaultCause: t.FaultCause, Text: t.Text, Unit: unit, Proof: f.Id,
	})
	if t.Result != feedv1.ReplyResult_REPLY_RESULT_DONE {
		s.revoke()
		return
	}
	if s.cycle.RepliedAt == nil {
		s.cycle.RepliedAt, s.cycle.ProofReply = f.OccurredAt, f.Id
	}
	s.complete(f, t.CompletedAt)
}

// close notes a closing. A ticket may be closed twice: the first closing
// counts, but a later one that states when the work was completed corrects
// what was believed so far.
func (s *story) close(f *factv1.Fact, t *feedv1.TicketClosed) {
	s.closing(f.OccurredAt)
	stated := s.stated(f, t.CompletedAt)
	if s.cycle.ClosedAt != nil && stated != nil {
		s.cycle.FinishedAt, s.cycle.CompletedAt, s.cycle.ProofEnd = stated, stated, f.Id
		return
	}
	if s.cycle.ClosedAt == nil {
		s.cycle.ClosedAt = f.OccurredAt
	}
	s.complete(f, t.CompletedAt)
}

// complete notes a completion: the earliest instant in the cycle counts,
// whether stated or shown by the event itself.
func (s *story) complete(f *factv1.Fact, completed *timestamppb.Timestamp) {
	at := f.OccurredAt
	if stated := s.stated(f, completed); stated != nil {
		at = stated
		s.cycle.FinishedAt = earliest(s.cycle.FinishedAt, stated)
	}
	if s.cycle.CompletedAt == nil || before(at, s.cycle.CompletedAt) {
		s.cycle.CompletedAt, s.cycle.ProofEnd = at, f.Id
	}
	if s.waits != nil && !before(s.waits.From, at) {
		at = f.OccurredAt // the work was over before the wait began, as is found now
	}
	s.resume(at)
}

// stated gives a completion stated by an event, if it can be of this cycle: not
// later than the event and, in a reopened ticket, not of the work before.
func (s *story) stated(f *factv1.Fact, completed *timestamppb.Timestamp) *timestamppb.Timestamp {
	switch {
	case completed == nil, before(f.OccurredAt, completed):
		return nil
	case s.cycle.Ordinal > 1 && before(completed, s.cycle.StartedAt):
		return nil
	}
	return completed
}

// revoke takes a claimed completion back: the work went on after all.
func (s *story) revoke() {
	c := s.cycle
	if c.ClosedAt == nil {
		c.CompletedAt, c.FinishedAt, c.RepliedAt, c.ProofEnd, c.ProofReply = nil, nil, nil, "", ""
	}
}
