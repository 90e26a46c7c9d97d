package run_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/internal/bus"
)

// hand is a wall clock that moves when it is told to. A shell looks at it when
// something comes for its service.
type hand struct{ now atomic.Int64 }

func (h *hand) Now() time.Time             { return time.UnixMicro(h.now.Load()) }
func (h *hand) Set(to time.Time)           { h.now.Store(to.UnixMicro()) }
func (h *hand) at() *timestamppb.Timestamp { return timestamppb.New(h.Now()) }

// said makes an event that comes now.
func (h *hand) said(id string, set func(*feedv1.Event)) *feedv1.Event {
	e := &feedv1.Event{Id: id, Source: "test", OccurredAt: h.at(), ReceivedAt: h.at()}
	set(e)
	return e
}

func (h *hand) registered() *feedv1.Event {
	return h.said("u", func(e *feedv1.Event) {
		e.Payload = &feedv1.Event_UnitRegistered{UnitRegistered: &feedv1.UnitRegistered{
			Unit: "U", NameZh: "城区", NameEn: "Town", Kind: feedv1.UnitKind_UNIT_KIND_CONTRACTOR, Customers: 1_000_000,
		}}
	})
}

func (h *hand) opened(ticket string, due time.Time) *feedv1.Event {
	return h.said("open "+ticket, func(e *feedv1.Event) {
		e.Payload = &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
			Ticket: ticket, Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Unit: "U", Customer: "c" + ticket, Commitment: &feedv1.TicketOpened_DueAt{DueAt: timestamppb.New(due)},
		}}
	})
}

func (h *hand) praised(id string) *feedv1.Event {
	return h.said(id, func(e *feedv1.Event) {
		e.Payload = &feedv1.Event_PraiseGiven{PraiseGiven: &feedv1.PraiseGiven{Unit: "U", Customer: "c" + id}}
	})
}

// posted reads the ledger until enough entries were posted, in its order.
func (p *pipeline) posted(enough func([]*ledgerv1.Entry) bool) []*ledgerv1.Entry {
	p.t.Helper()
	reader, err := p.bus.Read(p.t.Context(), bus.Ledger, []string{bus.LedgerRecords}, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer reader.Close()
	var entries []*ledgerv1.Entry
	for batch := range reader.Deliveries() {
		for _, d := range batch {
			record := &ledgerv1.Record{}
			if err := proto.Unmarshal(d.Data, record); err != nil {
				p.t.Fatal(err)
			}
			if e := record.GetEntry(); e != nil {
				entries = append(entries, e)
			}
		}
		if enough(entries) {
			return entries
		}
	}
	p.t.Fatalf("the ledger ended after %d entries: %v", len(entries), reader.Err())
	return nil
}

func of(rule string) func(*ledgerv1.Entry) bool {
	return func(e *ledgerv1.Entry) bool { return e.Rule == rule }
}

// Case 28 of the collection: all that falls due in one second is dealt with in
// bounded steps, and what the feed brings meanwhile does not wait for it.
func TestCase28ManyDeadlinesInOneSecondStarveNobody(t *testing.T) {
	const tickets = 10_000
	clock := &hand{}
	clock.Set(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	due := clock.Now().Add(time.Minute)
	p := open(t, t.TempDir(), clock.Now, nil)
	events := []*feedv1.Event{clock.registered()}
	for i := range tickets {
		events = append(events, clock.opened(fmt.Sprint("T", i), due))
	}
	p.push(append(events, clock.praised("armed")), 1000)
	p.posted(func(all []*ledgerv1.Entry) bool { return slices.ContainsFunc(all, of("customer_praised")) })
	clock.Set(due.Add(time.Second))
	p.push([]*feedv1.Event{clock.opened("awake", due.Add(time.Hour)), clock.praised("meanwhile")}, 10)
	all := p.posted(func(all []*ledgerv1.Entry) bool { return len(all) == tickets+2 })
	last := slices.IndexFunc(all, func(e *ledgerv1.Entry) bool { return e.Rule == "customer_praised" && e != all[0] })
	if last == len(all)-1 {
		t.Error("the praise waited for every deadline")
	}
	for _, e := range all {
		if e.Rule == "ticket_overdue" && !e.OccurredAt.AsTime().Equal(due) {
			t.Fatalf("%s violated at %s, due %s", e.Ticket, e.OccurredAt.AsTime(), due)
		}
	}
}

// Case 29 of the collection: a deadline that nothing watched, here because the
// machine slept over it, is found, judged at its own instant, and counted.
func TestCase29ALostTimerIsFoundAndReported(t *testing.T) {
	clock := &hand{}
	clock.Set(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	due := clock.Now().Add(10 * time.Minute)
	p := open(t, t.TempDir(), clock.Now, nil)
	near := clock.Now().Add(time.Minute)
	p.push([]*feedv1.Event{clock.registered(), clock.opened("T", due), clock.opened("near", near)}, 10)
	clock.Set(near.Add(time.Second))
	p.push([]*feedv1.Event{clock.opened("watched", due.Add(2*time.Hour))}, 1)
	p.posted(func(all []*ledgerv1.Entry) bool { return len(all) == 1 }) // so the timers are watched
	clock.Set(due.Add(time.Hour))
	p.push([]*feedv1.Event{clock.opened("awake", due.Add(2*time.Hour))}, 1)
	all := p.posted(func(all []*ledgerv1.Entry) bool { return len(all) == 2 })
	overdue := all[slices.IndexFunc(all, func(e *ledgerv1.Entry) bool { return e.Ticket == "T" })]
	if !overdue.OccurredAt.AsTime().Equal(due) {
		t.Errorf("violated at %s, due %s", overdue.OccurredAt.AsTime(), due)
	}
	if lost := gathered(t, p.metrics, "kaohe_deadlines_lost_total"); lost["sla-timer"] != 1 {
		t.Errorf("lost deadlines counted: %v, want one of sla-timer", lost)
	}
}
