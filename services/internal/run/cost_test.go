package run_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/scoring"
)

// counting is a store that counts the bytes of what is committed.
type counting struct {
	store.Store
	bytes *atomic.Int64
}

// Prepare counts.
func (c counting) Prepare(writes []store.Write) (store.Prepared, error) {
	for _, w := range writes {
		if !w.Delete {
			c.bytes.Add(int64(proto.Size(w.Doc.Body)))
		}
	}
	return c.Store.Prepare(writes)
}

// TestWhatIsAboutOneThingCostsWhatItsEventsCost: many events about one ticket, one
// customer or one unit's month, a few at a time, cost in facts and in documents
// what half as many cost, twice. KAOHE_EVENTS_OF_ONE says how many; the figures
// are in the log of the test.
func TestWhatIsAboutOneThingCostsWhatItsEventsCost(t *testing.T) {
	n := 300
	if text := os.Getenv("KAOHE_EVENTS_OF_ONE"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	for name, event := range aboutOne() {
		t.Run(name, func(t *testing.T) {
			var facts, docs [2]int64
			var took [2]time.Duration
			for i, many := range []int{n / 2, n} {
				facts[i], docs[i], took[i] = costOf(t, many, event)
			}
			t.Logf("%d events: %d kB of facts, %d kB of documents, %s; %d: %d kB, %d kB, %s", n/2, facts[0]>>10, docs[0]>>10, took[0].Round(time.Millisecond),
				n, facts[1]>>10, docs[1]>>10, took[1].Round(time.Millisecond))
			most := int64(n/2) * (perEvent + int64(n)) // quadratic, all would cost four times the half: a head names its pieces, so it grows a little
			if facts[1] > 3*facts[0]+facts[0]/10 || docs[1]-docs[0] > most {
				t.Errorf("%d events more cost %d bytes of facts beside %d, and %d of documents", n/2, facts[1]-facts[0], facts[0], docs[1]-docs[0])
			}
		})
	}
}

// perEvent is what an event of these may cost in documents, in all services
// together: a segment or two of each of those that know it.
const perEvent = 24 << 10

func aboutOne() map[string]func(i int) *feedv1.Event {
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	at := func(i int) *timestamppb.Timestamp { return timestamppb.New(start.Add(time.Duration(i) * time.Minute)) }
	return map[string]func(int) *feedv1.Event{
		"one ticket is handed on": func(i int) *feedv1.Event {
			return &feedv1.Event{OccurredAt: at(i), Payload: &feedv1.Event_TicketTransferred{TicketTransferred: &feedv1.TicketTransferred{
				Ticket: "one", Unit: "chengqu", Agent: fmt.Sprint("agent-", i),
			}}}
		},
		"one ticket is replied to at length": func(i int) *feedv1.Event {
			return &feedv1.Event{OccurredAt: at(i), Payload: &feedv1.Event_TicketReplied{TicketReplied: &feedv1.TicketReplied{
				Ticket: "one", Unit: "chengqu", Result: feedv1.ReplyResult_REPLY_RESULT_IN_PROGRESS, Text: fmt.Sprint(i, strings.Repeat("长", 300)),
			}}}
		},
		"one customer has many tickets": func(i int) *feedv1.Event {
			return &feedv1.Event{OccurredAt: at(i), Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
				Ticket: fmt.Sprint("T", i), Kind: feedv1.TicketKind_TICKET_KIND_ENQUIRY, Unit: "chengqu", Customer: "one", Category: "same",
			}}}
		},
		"one customer complains": func(i int) *feedv1.Event {
			return &feedv1.Event{OccurredAt: at(i), Payload: &feedv1.Event_ComplaintFiled{ComplaintFiled: &feedv1.ComplaintFiled{
				Complaint: fmt.Sprint("C", i), Customer: "one", Unit: "chengqu", Cause: feedv1.ComplaintCause_COMPLAINT_CAUSE_OTHER,
				Level: feedv1.ComplaintLevel_COMPLAINT_LEVEL_HOTLINE,
			}}}
		},
	}
}

// TestALargeDossierSurvivesCrashes: a ticket with so many events, told out of
// order while every shell crashes all the time, is judged as the fold judges it.
func TestALargeDossierSurvivesCrashes(t *testing.T) {
	events, end := simulated(t, 12)
	start := events[0].OccurredAt.AsTime()
	large := aTicket(t, events).GetTicketOpened()
	for i := range 150 {
		e := &feedv1.Event{
			Id: fmt.Sprint("reply-", i), Source: "test", Clock: "month", OccurredAt: timestamppb.New(start.Add(time.Duration(i) * time.Hour)),
			Payload: &feedv1.Event_TicketReplied{TicketReplied: &feedv1.TicketReplied{
				Ticket: large.Ticket, Result: feedv1.ReplyResult(1 + i%3), FaultCause: "已处理", Text: fmt.Sprint(i, strings.Repeat("长", 300)),
			}},
		}
		e.ReceivedAt = e.OccurredAt
		events = append(events, e)
	}
	want := fold(t, append(events[:len(events):len(events)], end))
	var mu sync.Mutex
	chance, crashes := rand.New(rand.NewPCG(3, 12)), 0
	fault := func(string) error {
		mu.Lock()
		defer mu.Unlock()
		if crashes < 30 && chance.IntN(6) == 0 {
			crashes++
			return errCrash
		}
		return nil
	}
	p := openInParts(t, t.TempDir(), 1, time.Now, fault)
	chance.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	p.push(append(events, end), 50)
	if got := scoring.Hash(ofMonth(p.entries("end"))); got != want {
		t.Fatalf("hash %s after %d crashes, the fold has %s", got, crashes, want)
	}
	docs, _, err := p.store.Query(t.Context(), store.Query{Collection: run.Segments("ticket-ingest").Name})
	if err != nil || len(docs) < 5 {
		t.Errorf("%d segments: the test shows nothing: %v", len(docs), err)
	}
	named, err := run.Dossiers(t.Context(), p.store, "ticket-ingest", []string{"ticket/" + large.Ticket})
	if err != nil || len(named) != 1 || len(named[0].Body.(*statev1.Dossier).Known) < 150 {
		t.Errorf("the ticket's dossier: %v", err)
	}
}

// costOf gives what events cost that come a few at a time.
func costOf(t *testing.T, n int, event func(i int) *feedv1.Event) (facts, docs int64, took time.Duration) {
	t.Helper()
	var committed atomic.Int64
	p := &pipeline{t: t, parts: 1, served: services(), over: func(s store.Store) store.Store { return counting{s, &committed} }}
	p.start(t.TempDir(), time.Now, nil)
	began := time.Now()
	p.push([]*feedv1.Event{
		{Id: "unit", Source: "s", OccurredAt: timestamppb.Now(), Payload: &feedv1.Event_UnitRegistered{UnitRegistered: &feedv1.UnitRegistered{
			Unit: "chengqu", NameZh: "城区", Kind: feedv1.UnitKind_UNIT_KIND_OUTLET, Customers: 1e6}}},
		{Id: "open", Source: "s", Clock: "c", OccurredAt: timestamppb.New(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)),
			Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
				Ticket: "one", Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Unit: "chengqu", Customer: "other"}}},
	}, 2)
	end := timestamppb.New(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	const few = 10
	for i := 0; i < n; i += few {
		events := make([]*feedv1.Event, min(few, n-i))
		for j := range events {
			e := event(i + j)
			e.Id, e.Source, e.Clock = fmt.Sprint("e", i+j), "s", "c"
			events[j] = e
		}
		p.push(events, few)
		if i/few%20 == 19 { // or all would be one batch
			name := fmt.Sprint("b", i)
			p.push([]*feedv1.Event{tick("other", name, end.AsTime())}, 1)
			p.entries(name)
		}
	}
	p.push([]*feedv1.Event{tick("c", "end", end.AsTime())}, 1)
	p.entries("end")
	took = time.Since(began)
	last, err := p.bus.Last(t.Context(), bus.Facts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reader, err := p.bus.Read(ctx, bus.Facts, []string{bus.FactPrefix + ">", bus.MarkerPrefix + ">", bus.WakePrefix + ">"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for batch := range reader.Deliveries() {
		for _, d := range batch {
			facts += int64(len(d.Data))
		}
		if batch[len(batch)-1].Sequence >= last {
			break
		}
	}
	p.close()
	return facts, committed.Load(), took
}
