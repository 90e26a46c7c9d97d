package run_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/escalation"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/embedded"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/sqlitestore"
	"kaohe.dev/services/internal/traces"
	"kaohe.dev/services/quality"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/scoring"
	"kaohe.dev/services/simulate"
	"kaohe.dev/services/sla"
	"kaohe.dev/services/survey"
)

// pipeline is every service on a real server and a real store.
type pipeline struct {
	t       testing.TB
	server  *embedded.Server
	bus     *bus.Bus
	store   store.Store
	runners []*run.Runner
	parts   int
	tracer  *traces.Tracer
	// program names the version, and served are its services.
	program string
	served  []flow.Service
	closed  bool
	// over wraps the store; nil: nothing does.
	over    func(store.Store) store.Store
	metrics *prometheus.Registry
}

func services() []flow.Service {
	return []flow.Service{ingest.Service(), sla.Service(), escalation.Service(), survey.Service(), quality.Service()}
}

// open opens a pipeline; fault is asked at every boundary of every shell.
func open(t testing.TB, dir string, now func() time.Time, fault func(string) error) *pipeline {
	t.Helper()
	return openInParts(t, dir, 1, now, fault)
}

// openInParts opens a pipeline in which every service is run in parts.
func openInParts(t testing.TB, dir string, parts int, now func() time.Time, fault func(string) error) *pipeline {
	t.Helper()
	p := &pipeline{t: t, parts: parts, served: services()}
	p.start(dir, now, fault)
	return p
}

// openFollowed opens a pipeline in which what is followed has spans.
func openFollowed(t testing.TB, dir string, tracer *traces.Tracer) *pipeline {
	t.Helper()
	p := &pipeline{t: t, parts: 1, tracer: tracer, served: services()}
	p.start(dir, time.Now, nil)
	return p
}

// openWith opens a pipeline of another program, with services of its own.
func openWith(t testing.TB, dir, program string, served []flow.Service) *pipeline {
	t.Helper()
	p := &pipeline{t: t, parts: 1, program: program, served: served}
	p.start(dir, time.Now, nil)
	return p
}

// await waits until something is so.
func (p *pipeline) await(so func() bool) {
	p.t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !so() {
		select {
		case <-look.C:
		case <-p.t.Context().Done():
			p.t.Fatal("it does not come to that")
		}
	}
}

func (p *pipeline) start(dir string, now func() time.Time, fault func(string) error) {
	t := p.t
	t.Helper()
	var err error
	if p.server, err = embedded.Start(embedded.Options{Dir: filepath.Join(dir, "nats"), SyncEvery: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if p.bus, err = bus.Connect(bus.Options{InProcess: p.server.Server, Name: t.Name()}); err != nil {
		t.Fatal(err)
	}
	if err := p.bus.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.store, err = sqlitestore.Open(t.Context(), filepath.Join(dir, "state")); err != nil {
		t.Fatal(err)
	}
	if p.over != nil {
		p.store = p.over(p.store)
	}
	p.metrics = prometheus.NewRegistry()
	metrics := run.NewMetrics(p.metrics)
	upstream := []string{}
	for i, s := range p.served {
		stream := bus.Facts
		waits := []string{"ticket-ingest"}
		if i == 0 {
			stream, waits = bus.Feed, nil
		}
		upstream = append(upstream, s.Name)
		p.add(flow.NewMachine(s), stream, waits, now, metrics, fault)
	}
	p.add(scoring.New(), bus.Facts, upstream, now, metrics, fault)
	t.Cleanup(p.close)
}

func (p *pipeline) add(m flow.Machine, stream string, upstream []string, now func() time.Time,
	metrics *run.Metrics, fault func(string) error,
) {
	var from []string
	for _, service := range upstream {
		from = append(from, run.PartNames(service, p.parts)...)
	}
	var downstream []string
	if stream == bus.Feed {
		downstream = run.PartNames("scoring", p.parts)
	}
	for part := range p.parts {
		r, err := run.New(run.Options{
			Machine: m, Part: part, Parts: p.parts, Bus: p.bus, Store: p.store, Stream: stream, Upstream: from, Downstream: downstream, Now: now,
			Logger: slog.New(slog.NewTextHandler(p.t.Output(), nil)), Metrics: metrics, Fault: fault, Tracer: p.tracer, Program: p.program,
		})
		if err != nil {
			p.t.Fatal(err)
		}
		if err := r.Start(context.Background()); err != nil {
			p.t.Fatal(err)
		}
		p.runners = append(p.runners, r)
	}
}

func (p *pipeline) close() {
	if p.closed {
		return
	}
	p.closed = true
	for _, r := range p.runners {
		if err := r.Stop(context.Background()); err != nil {
			p.t.Error(err)
		}
	}
	p.bus.Close()
	p.server.Stop()
	if err := p.store.Close(); err != nil {
		p.t.Error(err)
	}
}

// push appends events in batches of the given size.
func (p *pipeline) push(events []*feedv1.Event, size int) {
	p.t.Helper()
	for len(events) > 0 {
		n := min(size, len(events))
		messages := make([]bus.Message, n)
		for i, e := range events[:n] {
			data, err := proto.Marshal(e)
			if err != nil {
				p.t.Fatal(err)
			}
			messages[i] = bus.Message{Subject: bus.FeedEvents, Data: data}
		}
		if _, err := p.bus.Append(p.t.Context(), messages); err != nil {
			p.t.Fatal(err)
		}
		events = events[n:]
	}
}

// entries waits for a barrier and gives the postings that are active then.
func (p *pipeline) entries(barrier string) []*ledgerv1.Entry {
	p.t.Helper()
	reader, err := p.bus.Read(p.t.Context(), bus.Ledger, []string{bus.LedgerRecords}, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer reader.Close()
	active := map[string]*ledgerv1.Entry{}
	seen, passed := map[string]bool{}, map[string]bool{}
	for batch := range reader.Deliveries() {
		for _, d := range batch {
			record := &ledgerv1.Record{}
			if err := proto.Unmarshal(d.Data, record); err != nil {
				p.t.Fatal(err)
			}
			if record.GetBarrier().GetBarrier() == barrier {
				if passed[record.GetBarrier().From] = true; len(passed) == p.parts {
					return slices.Collect(maps.Values(active))
				}
			}
			if p := record.GetProofChanged(); p != nil && active[p.Entry] != nil {
				active[p.Entry].Proof = p.Proof
			}
			e := record.GetEntry()
			if e == nil || seen[e.Id] {
				continue
			}
			seen[e.Id] = true
			if e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
				delete(active, e.Reverses)
			} else {
				active[e.Id] = e
			}
		}
	}
	p.t.Fatalf("the ledger ended before barrier %s: %v", barrier, reader.Err())
	return nil
}

const month = "2026-03"

// simulated gives a month of events on a named clock, and the tick that ends it.
func simulated(t testing.TB, seed uint64) ([]*feedv1.Event, *feedv1.Event) {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	events, err := simulate.Month(seed, month, zone)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		e.Clock = "month"
		if e.ReceivedAt == nil {
			e.ReceivedAt = e.OccurredAt
		}
	}
	end := time.Date(2026, 4, 20, 0, 0, 0, 0, zone)
	return events, tick("month", "end", end)
}

func tick(clock, barrier string, to time.Time) *feedv1.Event {
	return &feedv1.Event{
		Id: barrier, Source: "test", OccurredAt: timestamppb.New(to),
		Payload: &feedv1.Event_ClockAdvanced{ClockAdvanced: &feedv1.ClockAdvanced{
			Clock: clock, To: timestamppb.New(to), Barrier: barrier,
		}},
	}
}

func fold(t testing.TB, events []*feedv1.Event) string {
	t.Helper()
	result, err := replay.Fold(t.Context(), services(), events, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result.Hash(month)
}

// ofMonth keeps the entries of the month under test.
func ofMonth(entries []*ledgerv1.Entry) []*ledgerv1.Entry {
	var kept []*ledgerv1.Entry
	for _, e := range entries {
		if e.Month == month {
			kept = append(kept, e)
		}
	}
	return kept
}

func TestAnyOrderDuplicationAndBatchingGivesTheLedgerOfTheFold(t *testing.T) {
	events, end := simulated(t, 1)
	want := fold(t, append(events[:len(events):len(events)], end))
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 7))
			shuffled := append([]*feedv1.Event(nil), events...)
			for range len(events) / 5 {
				shuffled = append(shuffled, events[chance.IntN(len(events))])
			}
			chance.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			p := open(t, t.TempDir(), time.Now, nil)
			p.push(append(shuffled, end), 1+chance.IntN(1000))
			if got := scoring.Hash(ofMonth(p.entries("end"))); got != want {
				t.Fatalf("hash %s, the fold has %s", got, want)
			}
		})
	}
}

func TestPartsGiveTheLedgerOfTheFold(t *testing.T) {
	events, end := simulated(t, 3)
	want := fold(t, append(events[:len(events):len(events)], end))
	var mu sync.Mutex
	chance, crashes := rand.New(rand.NewPCG(5, 6)), 0
	fault := func(string) error {
		mu.Lock()
		defer mu.Unlock()
		if crashes < 60 && chance.IntN(8) == 0 {
			crashes++
			return errCrash
		}
		return nil
	}
	p := openInParts(t, t.TempDir(), 3, time.Now, fault)
	chance.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	p.push(append(events, end), 250)
	if got := scoring.Hash(ofMonth(p.entries("end"))); got != want {
		t.Fatalf("hash %s after %d crashes, the fold has %s", got, crashes, want)
	}
	// Every part has had its share.
	for _, r := range p.runners {
		docs, _, err := p.store.Query(t.Context(), store.Query{Collection: r.Name() + "/docs", Limit: 10})
		if err != nil || len(docs) == 0 {
			t.Errorf("%s keeps %d documents: %v", r.Name(), len(docs), err)
		}
	}
}

var errCrash = errors.New("crash")

func TestACrashAtAnyBoundaryLeavesTheLedgerOfTheFold(t *testing.T) {
	events, end := simulated(t, 2)
	want := fold(t, append(events[:len(events):len(events)], end))
	for _, boundary := range run.Boundaries() {
		t.Run(boundary, func(t *testing.T) {
			var mu sync.Mutex
			chance := rand.New(rand.NewPCG(11, 13))
			crashes := 0
			fault := func(at string) error {
				mu.Lock()
				defer mu.Unlock()
				if at == boundary && crashes < 40 && chance.IntN(3) == 0 {
					crashes++
					return errCrash
				}
				return nil
			}
			p := open(t, t.TempDir(), time.Now, fault)
			p.push(append(events[:len(events):len(events)], end), 250)
			if got := scoring.Hash(ofMonth(p.entries("end"))); got != want {
				t.Fatalf("after %d crashes hash %s, the fold has %s", crashes, got, want)
			}
			if crashes == 0 {
				t.Fatal("no crash happened; the test proves nothing")
			}
			t.Logf("%d crashes", crashes)
		})
	}
}
