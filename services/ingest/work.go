package ingest

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// reportsWork says whether there is a reply or a callback: then the rest of
// the work is told too.
func reportsWork(events []*factv1.Fact) bool {
	for _, f := range events {
		switch f.GetEvent().GetPayload().(type) {
		case *feedv1.Event_TicketReplied, *feedv1.Event_CallbackDone:
			return true
		}
	}
	return false
}

func (s *story) handOn(f *factv1.Fact, how string) {
	if s.work != nil {
		s.work.HandOns = append(s.work.HandOns, &factv1.HandOn{At: f.OccurredAt, Proof: f.Id, How: how})
	}
}

func (s *story) closing(at *timestamppb.Timestamp) {
	if s.work != nil {
		s.work.Closings = append(s.work.Closings, at)
	}
}

func (s *story) callback(f *factv1.Fact, said *feedv1.CallbackDone) {
	s.work.Callbacks = append(s.work.Callbacks, &factv1.Callback{At: f.OccurredAt, Said: said, Proof: f.Id})
}

// matchThanks gives each decision to the callback it names: by "source/id", by
// the id in the decision's own source, or by an id only one callback has.
func (s *story) matchThanks() {
	for _, f := range s.thanks {
		decided := f.GetEvent().GetThanksDecided()
		if c := s.callbackNamed(decided.Callback, f.GetEvent().Source); c != nil {
			c.ThanksGranted, c.ProofThanks = &decided.Points, f.Id
		}
	}
}

func (s *story) callbackNamed(name, source string) *factv1.Callback {
	var alike *factv1.Callback
	several := false
	for _, c := range s.work.Callbacks {
		if c.Proof == name || c.Proof == source+"/"+name {
			return c
		}
		if n := len(c.Proof) - len(name); n > 0 && c.Proof[n-1] == '/' && c.Proof[n:] == name {
			several = alike != nil
			alike = c
		}
	}
	if several {
		return nil
	}
	return alike
}

// workReported gives the fact of replies and callbacks, once there is one. Until
// the opening is known the unit is the one the first report names.
func workReported(s *story, opened *factv1.Fact, events []*factv1.Fact) *factv1.Fact {
	w := s.work
	if w == nil {
		return nil
	}
	s.matchThanks()
	f := &factv1.Fact{
		Id: "work_reported/" + w.Ticket, Proof: workProof(events), Route: &factv1.Route{Ticket: w.Ticket},
		Body: &factv1.Fact_WorkReported{WorkReported: w},
	}
	if len(w.Callbacks) > 0 {
		f.OccurredAt, f.Route.Unit = w.Callbacks[0].At, w.Callbacks[0].Said.Unit
	}
	if len(w.Replies) > 0 && (f.OccurredAt == nil || before(w.Replies[0].At, f.OccurredAt)) {
		f.OccurredAt = w.Replies[0].At
		if w.Replies[0].Unit != "" {
			f.Route.Unit = w.Replies[0].Unit
		}
	}
	if opened != nil {
		f.Route = route(opened)
	}
	if f.Route.Unit == "" {
		return nil // nobody to speak of yet
	}
	return f
}

func workProof(events []*factv1.Fact) []string {
	var proof []string
	for _, f := range events {
		switch f.GetEvent().GetPayload().(type) {
		case *feedv1.Event_TicketReplied, *feedv1.Event_CallbackDone, *feedv1.Event_ThanksDecided,
			*feedv1.Event_TicketTransferred, *feedv1.Event_TicketSuspended, *feedv1.Event_TicketReopened,
			*feedv1.Event_TicketClosed:
			proof = append(proof, f.Id)
		}
	}
	return proof
}
