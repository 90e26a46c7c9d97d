package sla_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/calendar"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/sla"
	"kaohe.dev/services/words"
)

const imported = "import" // a named clock that only the test moves

var shanghai = mustZone("Asia/Shanghai")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// at reads "01-05 10:00" or "01-05 10:00:01" as local time of 2026 in Shanghai.
func at(local string) time.Time {
	if strings.Count(local, ":") == 1 {
		local += ":00"
	}
	t, err := time.ParseInLocation(time.DateTime, "2026-"+local, shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

func stamp(local string) *timestamppb.Timestamp { return timestamppb.New(at(local)) }

func ptr[T any](v T) *T { return &v }

// book is a rulebook with the classes and limits the tests name.
func book(version, month string, day time.Duration) *rulebook.Rulebook {
	return &rulebook.Rulebook{
		Version: version, EffectiveMonth: month, Zone: shanghai,
		Limits: rulebook.Limits{
			Reply: 24 * time.Hour, ComplaintAnswer: 24 * time.Hour, ComplaintWarning: 4 * time.Hour, InterruptionNotice: 24 * time.Hour,
			MassFaultTold: 30 * time.Minute, MassFaultEndTold: time.Hour, ComplaintsRose: 2,
		},
		Commitments: map[string]rulebook.Commitment{
			"day":     {Class: "day", Within: day, Clock: calendar.WallClock()},
			"twodays": {Class: "twodays", Within: 2 * day, Clock: calendar.WallClock()},
			"office":  {Class: "office", Within: 15 * time.Hour, Clock: calendar.WorkingTime(calendar.China())},
		},
	}
}

func standard() *rulebook.Policy {
	return rulebook.NewPolicy([]*rulebook.Rulebook{book("v1", "2000-01", 24*time.Hour)}, nil)
}

func machines() []flow.Machine {
	return []flow.Machine{flow.NewMachine(ingest.Service()), flow.NewMachine(sla.Service())}
}

// run lets things happen to ingest and sla under the standard policy.
func run(t *testing.T, inputs ...flowtest.Input) *flowtest.World {
	t.Helper()
	return flowtest.Run(t, standard(), machines(), inputs...)
}

// live is an event of the wall clock, old one of the import's.
func live(id, when string, payload any) flowtest.Input {
	return flowtest.Event(event(id, when, "", payload))
}

func old(id, when string, payload any) flowtest.Input {
	return flowtest.Event(event(id, when, imported, payload))
}

func now(when string) flowtest.Input { return flowtest.Clock("", at(when)) }

func asOf(when string) flowtest.Input { return flowtest.Clock(imported, at(when)) }

// event makes an event about ticket T, complaint C or outage O.
func event(id, when, clock string, payload any) *feedv1.Event {
	e := &feedv1.Event{Id: id, Source: "s", OccurredAt: stamp(when), Clock: clock}
	switch p := payload.(type) {
	case *feedv1.TicketOpened:
		p.Ticket, p.Kind = "T", feedv1.TicketKind_TICKET_KIND_FAULT
		if p.Unit == "" {
			p.Unit = "U"
		}
		e.Payload = &feedv1.Event_TicketOpened{TicketOpened: p}
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
		p.Ticket, p.Into = "T", "T0"
		e.Payload = &feedv1.Event_TicketMerged{TicketMerged: p}
	case *feedv1.TicketUnmerged:
		p.Ticket = "T"
		e.Payload = &feedv1.Event_TicketUnmerged{TicketUnmerged: p}
	default:
		deskEvent(e, payload)
	}
	return e
}

func deskEvent(e *feedv1.Event, payload any) {
	switch p := payload.(type) {
	case *feedv1.ComplaintFiled:
		p.Complaint += "C"
		if p.Unit == "" {
			p.Unit = "U"
		}
		e.Payload = &feedv1.Event_ComplaintFiled{ComplaintFiled: p}
	case *feedv1.ComplaintForwarded:
		p.Complaint = "C"
		e.Payload = &feedv1.Event_ComplaintForwarded{ComplaintForwarded: p}
	case *feedv1.ComplaintAnswered:
		p.Complaint = "C"
		e.Payload = &feedv1.Event_ComplaintAnswered{ComplaintAnswered: p}
	case *feedv1.ComplaintVerified:
		p.Complaint += "C"
		e.Payload = &feedv1.Event_ComplaintVerified{ComplaintVerified: p}
	case *feedv1.MassFaultDeclared:
		p.Outage = "O"
		e.Payload = &feedv1.Event_MassFaultDeclared{MassFaultDeclared: p}
	case *feedv1.MassFaultTold:
		p.Outage = "O"
		e.Payload = &feedv1.Event_MassFaultTold{MassFaultTold: p}
	case *feedv1.MassFaultRestored:
		p.Outage = "O"
		e.Payload = &feedv1.Event_MassFaultRestored{MassFaultRestored: p}
	case *feedv1.InterruptionPlanned:
		p.Outage, p.Units = "O", []string{"U"}
		e.Payload = &feedv1.Event_InterruptionPlanned{InterruptionPlanned: p}
	default:
		panic("the test has no such event")
	}
}

func promised(due string) *feedv1.TicketOpened {
	return &feedv1.TicketOpened{Commitment: &feedv1.TicketOpened_DueAt{DueAt: stamp(due)}}
}

func classed(class string) *feedv1.TicketOpened {
	return &feedv1.TicketOpened{Commitment: &feedv1.TicketOpened_CommitmentClass{CommitmentClass: class}}
}

func closed() *feedv1.TicketClosed { return &feedv1.TicketClosed{} }

func doneAt(when string) *feedv1.TicketClosed { return &feedv1.TicketClosed{CompletedAt: stamp(when)} }

// holds demands a fact, that it occurred at an instant, and gives it.
func holds(t *testing.T, w *flowtest.World, id, when string) *factv1.Fact {
	t.Helper()
	f := w.Fact(id)
	if f == nil {
		t.Fatalf("%s does not hold; said:\n%s", id, w.Transcript())
	}
	if got := f.OccurredAt.AsTime(); !got.Equal(at(when)) {
		t.Errorf("%s occurred at %s, want %s", id, got.In(shanghai), at(when))
	}
	return f
}

// holdsNot demands that a fact does not hold; code is why it was retracted, or
// empty when it must never have been said.
func holdsNot(t *testing.T, w *flowtest.World, id, code string) {
	t.Helper()
	if f := w.Fact(id); f != nil {
		t.Fatalf("%s holds: %s", id, words.Text(f.Reason).GetEn())
	}
	if got := w.Retraction(id).GetCode(); got != code {
		t.Errorf("%s was retracted because %q, want %q", id, got, code)
	}
}
