package door

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/lang"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/chain"
	"kaohe.dev/services/internal/embedded"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/sqlitestore"
)

var now = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

const (
	accepted  = apiv1.EventStatus_EVENT_STATUS_ACCEPTED
	duplicate = apiv1.EventStatus_EVENT_STATUS_DUPLICATE
	rejected  = apiv1.EventStatus_EVENT_STATUS_REJECTED
)

// house is a bus and a store, of which doors are opened.
type house struct {
	bus   *bus.Bus
	store store.Store
}

func build(t testing.TB, syncEvery time.Duration) house {
	t.Helper()
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir(), SyncEvery: syncEvery})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	key := chain.NewKey("test")
	b, err := bus.Connect(bus.Options{InProcess: server.Server, Signs: &key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := sqlitestore.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Ensure(t.Context(), Collections()...); err != nil {
		t.Fatal(err)
	}
	return house{b, s}
}

func (h house) open(t testing.TB) *Door {
	t.Helper()
	d, err := New(Options{Bus: h.bus, Store: h.store, CustomerKey: []byte("key"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, d) })
	return d
}

func shut(t testing.TB, d *Door) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := d.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func push(t testing.TB, d *Door, events ...*feedv1.Event) []*apiv1.EventVerdict {
	t.Helper()
	items := make([]Item, len(events))
	for i, e := range events {
		items[i].Event = proto.Clone(e).(*feedv1.Event)
	}
	verdicts, err := d.Push(t.Context(), lang.En, items)
	if err != nil {
		t.Fatal(err)
	}
	return verdicts
}

func statuses(verdicts []*apiv1.EventVerdict) string {
	s := ""
	for _, v := range verdicts {
		s += v.Status.String()[len("EVENT_STATUS_") : len("EVENT_STATUS_")+1]
		if v.Error != nil {
			s += "(" + v.Error.Code + ")"
		}
	}
	return s
}

func at(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(now.Add(d)) }

func registered(id, unit string) *feedv1.Event {
	return &feedv1.Event{Id: id, Source: "registry", OccurredAt: at(-time.Hour), Payload: &feedv1.Event_UnitRegistered{
		UnitRegistered: &feedv1.UnitRegistered{Unit: unit, NameZh: "城区", Kind: feedv1.UnitKind_UNIT_KIND_OUTLET},
	}}
}

func opened(id, unit string) *feedv1.Event {
	return &feedv1.Event{Id: id, Source: "96766", OccurredAt: at(-time.Minute), Payload: &feedv1.Event_TicketOpened{
		TicketOpened: &feedv1.TicketOpened{Ticket: "T" + id, Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Unit: unit, Customer: "13800000000"},
	}}
}

func TestVerdicts(t *testing.T) {
	with := func(change func(*feedv1.Event)) *feedv1.Event {
		e := opened("x", "chengqu")
		change(e)
		return e
	}
	for name, c := range map[string]struct {
		event       *feedv1.Event
		code, field string
	}{
		"no id":            {with(func(e *feedv1.Event) { e.Id = "" }), "required", "id"},
		"no source":        {with(func(e *feedv1.Event) { e.Source = "" }), "required", "source"},
		"no instant":       {with(func(e *feedv1.Event) { e.OccurredAt = nil }), "required", "occurred_at"},
		"nothing happened": {with(func(e *feedv1.Event) { e.Payload = nil }), "no_payload", "payload"},
		"no ticket":        {with(func(e *feedv1.Event) { e.GetTicketOpened().Ticket = "" }), "required", "ticket_opened.ticket"},
		"no kind":          {with(func(e *feedv1.Event) { e.GetTicketOpened().Kind = 0 }), "bad_choice", "ticket_opened.kind"},
		"kind unheard of":  {with(func(e *feedv1.Event) { e.GetTicketOpened().Kind = 77 }), "bad_choice", "ticket_opened.kind"},
		"long id":          {with(func(e *feedv1.Event) { e.Id = strings.Repeat("x", 201) }), "too_long", "id"},
		"NUL in the id":    {with(func(e *feedv1.Event) { e.Id = "a\x00b" }), "control_character", "id"},
		"unknown unit":     {with(func(e *feedv1.Event) { e.GetTicketOpened().Unit = "chengqv" }), "unknown_unit", "ticket_opened.unit"},
		"from the future":  {with(func(e *feedv1.Event) { e.OccurredAt = at(5*time.Minute + 1) }), "from_the_future", "occurred_at"},
		"before 2000":      {with(func(e *feedv1.Event) { e.OccurredAt = &timestamppb.Timestamp{} }), "before_2000", "occurred_at"},
		"broken instant":   {with(func(e *feedv1.Event) { e.OccurredAt = &timestamppb.Timestamp{Nanos: -1} }), "bad_instant", "occurred_at"},
		"wall clock moved": {with(func(e *feedv1.Event) {
			e.Payload = &feedv1.Event_ClockAdvanced{ClockAdvanced: &feedv1.ClockAdvanced{To: at(0)}}
		}), "wall_clock", "clock_advanced.clock"},
		"broken rulebook": {with(func(e *feedv1.Event) {
			e.Payload = &feedv1.Event_RulebookPublished{RulebookPublished: &feedv1.RulebookPublished{
				Version: "1", EffectiveMonth: "2026-03", Yaml: "items: ["}}
		}), "bad_rulebook", "rulebook_published.yaml"},
		"unit unknown in a list": {with(func(e *feedv1.Event) {
			e.Payload = &feedv1.Event_MassFaultDeclared{MassFaultDeclared: &feedv1.MassFaultDeclared{
				Outage: "o", Units: []string{"chengqu", "nowhere"}}}
		}), "unknown_unit", "mass_fault_declared.units[1]"},
		"thanks out of range": {with(func(e *feedv1.Event) {
			e.Payload = &feedv1.Event_CallbackDone{CallbackDone: &feedv1.CallbackDone{Ticket: "t", Unit: "chengqu", ThanksPoints: 4}}
		}), "out_of_range", "callback_done.thanks_points"},
		"at the tolerance": {with(func(e *feedv1.Event) { e.OccurredAt = at(5 * time.Minute) }), "", ""},
		"named clock ahead": {with(func(e *feedv1.Event) {
			e.Id, e.OccurredAt, e.Clock = "sim", at(24*time.Hour), "simulation"
		}), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := build(t, time.Hour).open(t)
			v := push(t, d, registered("r", "chengqu"), c.event)[1]
			if c.code == "" {
				if v.Status != accepted {
					t.Fatalf("refused: %v", v)
				}
				return
			}
			if v.Status != rejected || v.Error.Code != c.code || v.Error.Field != c.field || v.Error.Reason == "" {
				t.Fatalf("got %v, want %s at %s", v, c.code, c.field)
			}
		})
	}
}

func TestDuplicateAndConflict(t *testing.T) {
	h := build(t, 0)
	d := h.open(t)
	first, other := opened("1", "chengqu"), opened("1", "chengqu")
	other.GetTicketOpened().Category = "changed"
	got := statuses(push(t, d, registered("r", "chengqu"), first, first, other, opened("2", "chengqu")))
	if want := "AADR(conflict)A"; got != want {
		t.Fatalf("in one batch: %s, want %s", got, want)
	}
	if got := statuses(push(t, d, first, other)); got != "DR(conflict)" {
		t.Fatalf("in a later push: %s", got)
	}
	same := opened("1", "chengqu")
	same.Source = "another"
	if got := statuses(push(t, d, same)); got != "A" {
		t.Fatalf("the same id of another source: %s", got)
	}
	docs, _, err := h.store.Query(t.Context(), store.Query{Collection: run.Quarantine(Service).Name})
	if err != nil || len(docs) != 1 {
		t.Fatalf("quarantine holds %d (%v), want the conflict once", len(docs), err)
	}
	kept := &feedv1.Event{}
	if err := proto.Unmarshal(docs[0].Body.(*statev1.Quarantined).Input, kept); err != nil || kept.GetTicketOpened().Category != "changed" {
		t.Fatalf("quarantined input is %v (%v)", kept, err)
	}
	if n := len(h.feed(t)); n != 4 {
		t.Fatalf("the feed holds %d events, want 4", n)
	}
}

// feed reads all events of the feed.
func (h *house) feed(t *testing.T) (events []*feedv1.Event) {
	t.Helper()
	last, err := h.bus.Last(t.Context(), bus.Feed)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := h.bus.Read(t.Context(), bus.Feed, []string{"feed.>"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for at := uint64(0); at < last; {
		for _, d := range <-reader.Deliveries() {
			e := &feedv1.Event{}
			if err := proto.Unmarshal(d.Data, e); err != nil {
				t.Fatal(err)
			}
			at, events = d.Sequence, append(events, e)
		}
	}
	return events
}

func TestFeedHoldsWhatWasAccepted(t *testing.T) {
	h := build(t, time.Hour)
	d := h.open(t)
	push(t, d, registered("r", "chengqu"), opened("1", "chengqu"))
	e := h.feed(t)[1]
	want := opened("1", "chengqu")
	want.GetTicketOpened().Customer, want.ReceivedAt = d.pseudonym("13800000000"), at(0)
	if !proto.Equal(e, want) {
		t.Fatalf("got  %v\nwant %v", e, want)
	}
	p, err := encode(e)
	if err != nil || p.hash != flow.EventHash(e) {
		t.Fatalf("hash %x is not the kernel's %x (%v)", p.hash, flow.EventHash(e), err)
	}
}

// The memory is that of the feed, even when the documents were lost between
// append and commit, or an event came in by another way.
func TestRecallAfterLoss(t *testing.T) {
	h := build(t, time.Hour)
	d := h.open(t)
	push(t, d, registered("r", "chengqu"), opened("1", "chengqu"))
	shut(t, d)
	fresh, err := sqlitestore.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fresh.Close() })
	if err := fresh.Ensure(t.Context(), Collections()...); err != nil {
		t.Fatal(err)
	}
	again := house{h.bus, fresh}.open(t)
	if got := statuses(push(t, again, opened("1", "chengqu"), opened("2", "chengqu"))); got != "DA" {
		t.Fatalf("after the loss: %s", got)
	}
	shut(t, again)
	if got := statuses(push(t, house{h.bus, fresh}.open(t), opened("1", "chengqu"), opened("2", "chengqu"))); got != "DD" {
		t.Fatalf("after a plain restart: %s", got)
	}
}

func TestStoppedDoorAcknowledgesNothing(t *testing.T) {
	d := build(t, time.Hour).open(t)
	shut(t, d)
	verdicts, err := d.Push(t.Context(), lang.En, []Item{{Event: registered("r", "u")}})
	if err == nil || verdicts != nil {
		t.Fatalf("a stopped door answered %v", verdicts)
	}
	shut(t, d) // twice is harmless
}

func TestFailedAppendAcknowledgesNothing(t *testing.T) {
	h := build(t, time.Hour)
	d := h.open(t)
	h.bus.Close()
	if verdicts, err := d.Push(t.Context(), lang.En, []Item{{Event: registered("r", "u")}}); err == nil {
		t.Fatalf("answered %v without a log", verdicts)
	}
	if d.unitKnown("u") {
		t.Fatal("a unit that is not in the feed is known")
	}
}

func TestConcurrentPushesOfTheSame(t *testing.T) {
	h := build(t, time.Hour)
	d := h.open(t)
	push(t, d, registered("r", "chengqu"))
	var mu sync.Mutex
	taken := map[string]int{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 50 {
				v := push(t, d, opened(fmt.Sprint(i), "chengqu"))[0]
				mu.Lock()
				if v.Status == accepted {
					taken[v.Id]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for id, n := range taken {
		if n != 1 {
			t.Errorf("%s was accepted %d times", id, n)
		}
	}
	if n := len(h.feed(t)); n != 51 {
		t.Fatalf("the feed holds %d events, want 51", n)
	}
}

func TestPseudonymIsKeyed(t *testing.T) {
	a, b := &Door{customerKey: []byte("a")}, &Door{customerKey: []byte("b")}
	again := &Door{customerKey: []byte("a")}
	if a.pseudonym("1") == b.pseudonym("1") || a.pseudonym("1") != again.pseudonym("1") || a.pseudonym("1") == a.pseudonym("2") {
		t.Fatal("the pseudonym must depend on key and customer alone")
	}
	if a.pseudonym("") != "" {
		t.Fatal("no customer must stay no customer")
	}
}

// What a sync before each acknowledgement costs, beside one each second.
func BenchmarkPush(b *testing.B) {
	for _, syncEvery := range []time.Duration{0, time.Second} {
		for _, size := range []int{1, 100, 1000} {
			b.Run(fmt.Sprintf("sync=%s/events=%d", syncEvery, size), func(b *testing.B) { benchmarkPush(b, syncEvery, size) })
		}
	}
}

func benchmarkPush(b *testing.B, syncEvery time.Duration, size int) {
	d := build(b, syncEvery).open(b)
	push(b, d, registered("r", "chengqu"))
	b.SetParallelism(4)
	var rounds atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			round := rounds.Add(1)
			items := make([]Item, size)
			for i := range items {
				items[i].Event = opened(fmt.Sprintf("%d-%d", round, i), "chengqu")
			}
			if _, err := d.Push(b.Context(), lang.En, items); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "events/s")
}
