package ingest

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// story tells a ticket's course event by event, in the order they happened.
type story struct {
	record *factv1.TicketRecorded
	opened *timestamppb.Timestamp // nil: not known yet
	cycle  *factv1.Cycle
	waits  *factv1.Span         // the suspension that is open
	work   *factv1.WorkReported // nil: nobody reports any
	thanks []*factv1.Fact       // decisions about thanks, in order
}

// beginning is all that the opening of a ticket makes, in one piece: most
// tickets of an import have little more.
type beginning struct {
	record   factv1.TicketRecorded
	cycle    factv1.Cycle
	holding  factv1.Holding
	class    factv1.ClassChange
	promise  factv1.Promise
	cycles   [1]*factv1.Cycle
	holdings [1]*factv1.Holding
	classes  [1]*factv1.ClassChange
	promises [1]*factv1.Promise
}

// newStory begins with the opening, even where the source's clock puts other
// events seconds before it: they belong to the first cycle. The work is told
// only if somebody reports it.
func newStory(ticket string, opened *factv1.Fact, tells bool) *story {
	b := &beginning{}
	r, cycle := &b.record, &b.cycle
	s := &story{record: r, cycle: cycle}
	if tells {
		s.work = &factv1.WorkReported{Ticket: ticket}
	}
	b.cycles[0], cycle.Ordinal = cycle, 1
	r.Ticket, r.Cycles = ticket, b.cycles[:]
	if opened == nil {
		return s
	}
	o, at := opened.GetEvent().GetTicketOpened(), opened.OccurredAt
	s.opened = at
	cycle.StartedAt, cycle.ProofStart = at, opened.Id
	r.Kind, r.Category, r.Customer, r.OpenedAt = o.Kind, o.Category, o.Customer, at
	b.holding.From, b.holding.Unit, b.holding.Agent = at, o.Unit, o.Agent
	b.class.From, b.class.CommitmentClass = at, o.GetCommitmentClass()
	b.holdings[0], b.classes[0] = &b.holding, &b.class
	r.Holdings, r.Classes = b.holdings[:], b.classes[:]
	if due := o.GetDueAt(); due != nil {
		b.promise.From, b.promise.DueAt = at, due
		b.promises[0] = &b.promise
		cycle.Promises = b.promises[:]
	}
	return s
}

// take adds what an event tells. The cases follow the table in the package doc.
func (s *story) take(f *factv1.Fact) {
	at := f.OccurredAt
	switch p := f.GetEvent().GetPayload().(type) {
	case *feedv1.Event_TicketDispatched:
		s.hold(at, p.TicketDispatched.Unit, p.TicketDispatched.Agent)
	case *feedv1.Event_TicketTransferred:
		s.transfer(f, p.TicketTransferred)
	case *feedv1.Event_TicketSuspended:
		s.suspend(f, p.TicketSuspended)
	case *feedv1.Event_TicketResumed:
		s.resume(at)
	case *feedv1.Event_TicketRescheduled:
		if p.TicketRescheduled.Agreed {
			s.promise(at, p.TicketRescheduled.DueAt)
		}
	case *feedv1.Event_TicketReplied:
		s.reply(f, p.TicketReplied)
	case *feedv1.Event_TicketClosed:
		s.close(f, p.TicketClosed)
	case *feedv1.Event_TicketReopened:
		s.reopen(f, p.TicketReopened)
	case *feedv1.Event_TicketCancelled:
		s.resume(at)
		s.record.CancelledAt = earliest(s.record.CancelledAt, at)
	case *feedv1.Event_TicketMerged:
		s.record.MergedAt, s.record.MergedInto = at, p.TicketMerged.Into
	case *feedv1.Event_TicketUnmerged:
		s.record.MergedAt, s.record.MergedInto = nil, ""
	case *feedv1.Event_SourceVerdictReported:
		s.record.SourceMet = &p.SourceVerdictReported.Met
	case *feedv1.Event_CallbackDone:
		s.callback(f, p.CallbackDone)
	case *feedv1.Event_ThanksDecided:
		s.thanks = append(s.thanks, f) // matched at the end: it may be told before its callback
	}
}

func (s *story) transfer(f *factv1.Fact, t *feedv1.TicketTransferred) {
	s.hold(f.OccurredAt, t.Unit, t.Agent)
	s.handOn(f, "transferred")
	s.revoke()
	if t.CommitmentClass != nil {
		s.record.Classes = append(s.record.Classes, &factv1.ClassChange{
			From: s.notBeforeOpening(f.OccurredAt), CommitmentClass: *t.CommitmentClass,
		})
	}
}

// hold notes who holds the ticket from now on, if that is a change.
func (s *story) hold(at *timestamppb.Timestamp, unit, agent string) {
	holder := &factv1.Holding{From: s.notBeforeOpening(at), Unit: unit, Agent: agent}
	if n := len(s.record.Holdings); n > 0 {
		last := s.record.Holdings[n-1]
		if unit == "" {
			holder.Unit = last.Unit
		}
		if agent == "" && holder.Unit == last.Unit {
			holder.Agent = last.Agent
		}
		if holder.Unit == last.Unit && holder.Agent == last.Agent {
			return
		}
	}
	s.record.Holdings = append(s.record.Holdings, holder)
}

// holder is the unit that holds the ticket at this point of the story.
func (s *story) holder() string {
	if n := len(s.record.Holdings); n > 0 {
		return s.record.Holdings[n-1].Unit
	}
	return ""
}

func (s *story) notBeforeOpening(at *timestamppb.Timestamp) *timestamppb.Timestamp {
	if s.opened != nil && before(at, s.opened) {
		return s.opened
	}
	return at
}

func (s *story) suspend(f *factv1.Fact, t *feedv1.TicketSuspended) {
	s.handOn(f, "suspended")
	if s.waits != nil || s.cycle.ClosedAt != nil || s.record.CancelledAt != nil {
		return
	}
	s.waits = &factv1.Span{From: f.OccurredAt, Label: suspensionLabel(t)}
	s.record.Suspensions = append(s.record.Suspensions, s.waits)
}

func suspensionLabel(t *feedv1.TicketSuspended) string {
	switch {
	case t.Text != "":
		return t.Text
	case t.Reason == feedv1.SuspendReason_SUSPEND_REASON_CUSTOMER:
		return "customer"
	case t.Reason == feedv1.SuspendReason_SUSPEND_REASON_WEATHER:
		return "weather"
	case t.Reason == feedv1.SuspendReason_SUSPEND_REASON_MATERIAL:
		return "material"
	}
	return "other"
}

// resume ends the suspension that is open; one without length is left out.
func (s *story) resume(at *timestamppb.Timestamp) {
	if s.waits == nil {
		return
	}
	if before(s.waits.From, at) {
		s.waits.To = at
	} else {
		s.record.Suspensions = s.record.Suspensions[:len(s.record.Suspensions)-1]
	}
	s.waits = nil
}

func (s *story) promise(at, due *timestamppb.Timestamp) {
	s.cycle.Promises = append(s.cycle.Promises, &factv1.Promise{From: at, DueAt: due})
}

func (s *story) reopen(f *factv1.Fact, t *feedv1.TicketReopened) {
	at := f.OccurredAt
	s.resume(at)
	s.handOn(f, "reopened")
	s.record.CancelledAt = nil // a ticket worked on again is not void
	s.record.Reopenings = append(s.record.Reopenings, &factv1.Reopening{At: at, Proof: f.Id, Unit: s.lastWorker()})
	s.cycle = &factv1.Cycle{Ordinal: s.cycle.Ordinal + 1, StartedAt: at, ProofStart: f.Id}
	s.record.Cycles = append(s.record.Cycles, s.cycle)
	if t.DueAt != nil {
		s.promise(at, t.DueAt)
	}
}

// lastWorker is the unit that held the ticket when the cycle's work was
// completed, or holds it now if it was not.
func (s *story) lastWorker() string {
	done := s.cycle.CompletedAt
	if done == nil || len(s.record.Holdings) == 0 {
		return s.holder()
	}
	unit := s.record.Holdings[0].Unit
	for _, h := range s.record.Holdings {
		if !before(done, h.From) {
			unit = h.Unit
		}
	}
	return unit
}
