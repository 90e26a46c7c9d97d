package ingest_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/rulebook"
)

// at reads "05 10:00" or "05 10:00:01" as an instant of January 2026, UTC.
func at(when string) *timestamppb.Timestamp {
	if len(when) == len("05 10:00") {
		when += ":00"
	}
	t, err := time.Parse("2006-01-02 15:04:05", "2026-01-"+when)
	if err != nil {
		panic(err)
	}
	return timestamppb.New(t)
}

func ptr[T any](v T) *T { return &v }

func run(t testing.TB, events ...*feedv1.Event) *flowtest.World {
	t.Helper()
	return flowtest.Run(t, rulebook.NewPolicy(nil, nil), []flow.Machine{flow.NewMachine(ingest.Service())}, flowtest.Events(events...))
}

func record(t testing.TB, events ...*feedv1.Event) *factv1.TicketRecorded {
	t.Helper()
	f := run(t, events...).Fact("ticket_recorded/T")
	if f == nil {
		t.Fatal("the ticket is not recorded")
	}
	return f.GetTicketRecorded()
}

func work(t testing.TB, events ...*feedv1.Event) *factv1.WorkReported {
	t.Helper()
	f := run(t, events...).Fact("work_reported/T")
	if f == nil {
		t.Fatal("no work is reported")
	}
	return f.GetWorkReported()
}

// event makes an event of source "s" about ticket T.
func event(id, when string, payload any) *feedv1.Event {
	e := &feedv1.Event{Id: id, Source: "s", OccurredAt: at(when)}
	switch p := payload.(type) {
	case *feedv1.TicketOpened:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketOpened{TicketOpened: p}
	case *feedv1.TicketDispatched:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketDispatched{TicketDispatched: p}
	case *feedv1.TicketTransferred:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketTransferred{TicketTransferred: p}
	case *feedv1.TicketSuspended:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketSuspended{TicketSuspended: p}
	case *feedv1.TicketResumed:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketResumed{TicketResumed: p}
	case *feedv1.TicketRescheduled:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketRescheduled{TicketRescheduled: p}
	case *feedv1.TicketReplied:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketReplied{TicketReplied: p}
	case *feedv1.TicketClosed:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketClosed{TicketClosed: p}
	case *feedv1.TicketReopened:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketReopened{TicketReopened: p}
	case *feedv1.TicketCancelled:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketCancelled{TicketCancelled: p}
	case *feedv1.TicketMerged:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketMerged{TicketMerged: p}
	case *feedv1.TicketUnmerged:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketUnmerged{TicketUnmerged: p}
	default:
		otherEvent(e, payload)
	}
	return e
}

// otherEvent makes an event about the ticket's customer or a desk's matter.
func otherEvent(e *feedv1.Event, payload any) {
	switch p := payload.(type) {
	case *feedv1.CallbackDone:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_CallbackDone{CallbackDone: p}
	case *feedv1.ThanksDecided:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_ThanksDecided{ThanksDecided: p}
	case *feedv1.SourceVerdictReported:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_SourceVerdictReported{SourceVerdictReported: p}
	case *feedv1.ComplaintFiled:
		e.Payload = &feedv1.Event_ComplaintFiled{ComplaintFiled: p}
	case *feedv1.ComplaintForwarded:
		e.Payload = &feedv1.Event_ComplaintForwarded{ComplaintForwarded: p}
	case *feedv1.ComplaintAnswered:
		e.Payload = &feedv1.Event_ComplaintAnswered{ComplaintAnswered: p}
	case *feedv1.ComplaintVerified:
		e.Payload = &feedv1.Event_ComplaintVerified{ComplaintVerified: p}
	case *feedv1.MassFaultDeclared:
		e.Payload = &feedv1.Event_MassFaultDeclared{MassFaultDeclared: p}
	case *feedv1.MassFaultTold:
		e.Payload = &feedv1.Event_MassFaultTold{MassFaultTold: p}
	case *feedv1.MassFaultRestored:
		e.Payload = &feedv1.Event_MassFaultRestored{MassFaultRestored: p}
	case *feedv1.InterruptionPlanned:
		e.Payload = &feedv1.Event_InterruptionPlanned{InterruptionPlanned: p}
	case *feedv1.PraiseGiven:
		e.Payload = &feedv1.Event_PraiseGiven{PraiseGiven: p}
	case *feedv1.PointsProposed:
		e.Payload = &feedv1.Event_PointsProposed{PointsProposed: p}
	case *feedv1.PointsDecided:
		e.Payload = &feedv1.Event_PointsDecided{PointsDecided: p}
	case *feedv1.UnitRegistered:
		e.Payload = &feedv1.Event_UnitRegistered{UnitRegistered: p}
	case *feedv1.RulebookPublished:
		e.Payload = &feedv1.Event_RulebookPublished{RulebookPublished: p}
	default:
		panic("the test has no such event")
	}
}

func opened() *feedv1.TicketOpened {
	return &feedv1.TicketOpened{Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Unit: "U", Customer: "k", Category: "no signal"}
}

func reply(result feedv1.ReplyResult, finished string) *feedv1.TicketReplied {
	r := &feedv1.TicketReplied{Result: result}
	if finished != "" {
		r.CompletedAt = at(finished)
	}
	return r
}

const (
	done       = feedv1.ReplyResult_REPLY_RESULT_DONE
	inProgress = feedv1.ReplyResult_REPLY_RESULT_IN_PROGRESS
	handedOn   = feedv1.ReplyResult_REPLY_RESULT_HANDED_ON
)

func closedAt(finished string) *feedv1.TicketClosed {
	c := &feedv1.TicketClosed{}
	if finished != "" {
		c.CompletedAt = at(finished)
	}
	return c
}

// same compares instants; an empty want is none.
func same(t testing.TB, what string, got *timestamppb.Timestamp, want string) {
	t.Helper()
	if want == "" {
		if got != nil {
			t.Errorf("%s at %s, want never", what, got.AsTime())
		}
		return
	}
	if got == nil || !got.AsTime().Equal(at(want).AsTime()) {
		t.Errorf("%s at %s, want %s", what, got.AsTime(), want)
	}
}
