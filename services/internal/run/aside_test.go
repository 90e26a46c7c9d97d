package run_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// failing is a service that fails on some cases and is else as it was.
func failing(s flow.Service, on func(flow.Case) bool, how func(*flow.Decision)) flow.Service {
	decide := s.Decide
	s.Decide = func(policy *rulebook.Policy, c flow.Case) flow.Decision {
		decision := decide(policy, c)
		if on(c) {
			how(&decision)
		}
		return decision
	}
	return s
}

func panics(*flow.Decision) { panic("the service does not know what to do") }

// says adds a fact with a text of its own.
func says(text string) func(*flow.Decision) {
	return func(d *flow.Decision) {
		d.Facts = append(d.Facts, &factv1.Fact{
			Id: "ticket_overdue/poison", OccurredAt: timestamppb.Now(), Route: &factv1.Route{Unit: text},
			Body: &factv1.Fact_TicketOverdue{TicketOverdue: &factv1.TicketOverdue{Ticket: "poison"}},
		})
	}
}

// knows reports whether a case knows of what one event opened.
func knows(event *feedv1.Event) func(flow.Case) bool {
	return func(c flow.Case) bool {
		for _, f := range c.Facts {
			if f.Id == flow.EventRef(event) || f.Route.GetTicket() == event.GetTicketOpened().Ticket {
				return true
			}
		}
		return false
	}
}

// quarantine gives what a service has set aside.
func (p *pipeline) quarantine(service string) []*statev1.Quarantined {
	p.t.Helper()
	if err := p.store.Ensure(p.t.Context(), run.Quarantine(service)); err != nil {
		p.t.Fatal(err)
	}
	docs, _, err := p.store.Query(p.t.Context(), store.Query{Collection: run.Quarantine(service).Name})
	if err != nil {
		p.t.Fatal(err)
	}
	var all []*statev1.Quarantined
	for _, doc := range docs {
		all = append(all, doc.Body.(*statev1.Quarantined))
	}
	return all
}

// aTicket gives the opening of a ticket that was replied to, in the middle of
// some events.
func aTicket(t *testing.T, events []*feedv1.Event) *feedv1.Event {
	t.Helper()
	replied := map[string]bool{}
	for _, e := range events {
		if e.GetTicketReplied() != nil {
			replied[e.GetTicketReplied().Ticket] = true
		}
	}
	for _, e := range events[len(events)/2:] {
		if replied[e.GetTicketOpened().GetTicket()] {
			return e
		}
	}
	t.Fatal("no ticket was opened")
	return nil
}

// TestAServiceGoesOnWithoutWhatItFailsOn: whatever a service does with one input
// that cannot end well, the others give the ledger of the fold, which leaves out
// the same; the input is kept with what it is about, and tried again by the next
// program it gives the ledger of a fold without fault.
func TestAServiceGoesOnWithoutWhatItFailsOn(t *testing.T) {
	events, end := simulated(t, 6)
	poison := aTicket(t, events)
	on := knows(poison)
	all := append(events[:len(events):len(events)], end)
	for name, test := range map[string]struct {
		service int
		how     func(*flow.Decision)
	}{
		"ingest panics":              {0, panics},
		"a fact is too large to say": {1, says(strings.Repeat("x", 5<<20))},
		"escalation panics on a key": {2, panics},
	} {
		t.Run(name, func(t *testing.T) {
			broken := services()
			broken[test.service] = failing(broken[test.service], on, test.how)
			dir := t.TempDir()
			p := openWith(t, dir, "1", broken)
			p.push(all, 300)
			lacking := services()
			lacking[test.service] = failing(lacking[test.service], on, panics) // a fold has no size
			folded, err := replay.Fold(t.Context(), lacking, all, time.Time{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := scoring.Hash(ofMonth(p.entries("end"))); got != folded.Hash(month) {
				t.Errorf("hash %s, a fold that leaves the same out has %s", got, folded.Hash(month))
			}
			service := broken[test.service].Name
			aside := p.quarantine(service)
			if len(aside) == 0 || aside[0].Reason.Code != run.Failed || aside[0].Unit != poison.GetTicketOpened().Unit || aside[0].Month != month {
				t.Fatalf("set aside: %v", aside)
			}
			if len(folded.Problems) == 0 || !strings.Contains(strings.Join(folded.Problems, "\n"), service) {
				t.Errorf("the fold tells %q of what it left out", folded.Problems)
			}
			p.close()
			p = openWith(t, dir, "2", services())
			p.quarantine(service)
			if test.service == 0 {
				if _, err := run.Again(t.Context(), p.bus, p.store, service, "2", true); err != nil {
					t.Fatal(err)
				}
			}
			p.await(func() bool { return len(p.quarantine(service)) == 0 })
			p.push([]*feedv1.Event{tick("month", "again", end.OccurredAt.AsTime().Add(time.Hour))}, 1)
			if got, want := scoring.Hash(ofMonth(p.entries("again"))), fold(t, all); got != want {
				t.Errorf("tried again: hash %s, the fold has %s", got, want)
			}
		})
	}
}

// TestWhatCannotBeStoredIsFoundAmongMany: what no document can be kept of is set
// aside, and all else in the same batches is dealt with.
func TestWhatCannotBeStoredIsFoundAmongMany(t *testing.T) {
	events, end := simulated(t, 8)
	want := fold(t, append(events[:len(events):len(events)], end))
	var all []*feedv1.Event
	for i, e := range append(events[:len(events):len(events)], end) {
		if i%(len(events)/5) == 0 { // the contract is not asked past the door
			all = append(all, &feedv1.Event{
				Id: fmt.Sprint("nul-", i), Source: "test", OccurredAt: end.OccurredAt, ReceivedAt: end.OccurredAt, Clock: "month",
				Payload: &feedv1.Event_TicketUnmerged{TicketUnmerged: &feedv1.TicketUnmerged{Ticket: fmt.Sprint("a\x00b", i)}},
			})
		}
		all = append(all, e)
	}
	p := openWith(t, t.TempDir(), "1", services())
	p.push(all, 1000)
	if got := scoring.Hash(ofMonth(p.entries("end"))); got != want {
		t.Errorf("hash %s, the fold has %s", got, want)
	}
	aside := p.quarantine("ticket-ingest")
	if len(aside) != len(all)-len(events)-1 {
		t.Fatalf("%d of %d are set aside", len(aside), len(all)-len(events)-1)
	}
	for _, q := range aside {
		event := &feedv1.Event{}
		if err := proto.Unmarshal(q.Input, event); err != nil || event.GetTicketUnmerged() == nil || q.Subject != bus.FeedEvents {
			t.Errorf("set aside: %v %s", event.Id, q.Reason)
		}
	}
}

// TestADeadlineThatFailsIsNotMetAgain: what a service fails on when a deadline
// falls due is set aside once, the marker passes, and so do all that come after.
func TestADeadlineThatFailsIsNotMetAgain(t *testing.T) {
	events, end := simulated(t, 9)
	key := "ticket/never"
	broken := services()
	broken[1] = failing(broken[1], func(c flow.Case) bool { return c.Key == key && !c.AsOf.Before(end.OccurredAt.AsTime()) }, panics)
	never := &feedv1.Event{
		Id: "never", Source: "test", OccurredAt: end.OccurredAt, ReceivedAt: end.OccurredAt, Clock: "month",
		Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
			Ticket: "never", Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Unit: aTicket(t, events).GetTicketOpened().Unit,
			Commitment: &feedv1.TicketOpened_DueAt{DueAt: timestamppb.New(end.OccurredAt.AsTime().Add(-time.Minute))},
		}},
	}
	never.OccurredAt = timestamppb.New(end.OccurredAt.AsTime().Add(-time.Hour))
	p := openWith(t, t.TempDir(), "1", broken)
	p.push(append(append(events[:len(events):len(events)], never), end), 1000)
	p.entries("end")
	for i := range 3 {
		name := fmt.Sprint("after-", i)
		p.push([]*feedv1.Event{tick("month", name, end.OccurredAt.AsTime().Add(time.Duration(i+1)*time.Hour))}, 1)
		p.entries(name)
	}
	if aside := p.quarantine("sla-timer"); len(aside) != 1 || aside[0].Wake != key || aside[0].Reason.Code != run.Failed {
		t.Fatalf("set aside: %v", aside)
	}
}
