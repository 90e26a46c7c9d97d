package run_test

import (
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/protobuf/proto"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/traces"
	"kaohe.dev/services/scoring"
)

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// pushFollowed appends events that are all followed, one a message.
func (p *pipeline) pushFollowed(events []*feedv1.Event) {
	p.t.Helper()
	messages := make([]bus.Message, len(events))
	for i, e := range events {
		data, err := proto.Marshal(e)
		if err != nil {
			p.t.Fatal(err)
		}
		messages[i] = bus.Message{Subject: bus.FeedEvents, Data: data, Trace: traceparent}
	}
	if _, err := p.bus.Append(p.t.Context(), messages); err != nil {
		p.t.Fatal(err)
	}
}

// recorded gives what ticket-ingest has said of tickets, byte by byte, and how
// much of it is followed.
func (p *pipeline) recorded() (facts []string, followed int) {
	p.t.Helper()
	reader, err := p.bus.Read(p.t.Context(), bus.Facts, []string{bus.FactPrefix + "ticket_recorded"}, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer reader.Close()
	for batch := range reader.Deliveries() {
		for _, d := range batch {
			facts = append(facts, string(d.Data))
			if d.Trace != "" {
				followed++
			}
		}
		if batch[0].Pending == 0 {
			return facts, followed
		}
	}
	p.t.Fatalf("the facts ended: %v", reader.Err())
	return nil, 0
}

// What is followed is decided and written like what is not.
func TestFollowingChangesNothingThatIsSaid(t *testing.T) {
	events, end := simulated(t, 4)
	want := fold(t, append(events[:len(events):len(events)], end))
	plain := open(t, t.TempDir(), time.Now, nil)
	plain.push(append(events[:len(events):len(events)], end), 250)
	if got := scoring.Hash(ofMonth(plain.entries("end"))); got != want {
		t.Fatalf("hash %s when nobody follows, the fold has %s", got, want)
	}
	spans := tracetest.NewInMemoryExporter()
	traced := openFollowed(t, t.TempDir(), traces.To(spans, 1))
	traced.pushFollowed(append(events[:len(events):len(events)], end))
	if got := scoring.Hash(ofMonth(traced.entries("end"))); got != want {
		t.Fatalf("hash %s when all is followed, the fold has %s", got, want)
	}
	said, none := plain.recorded()
	again, all := traced.recorded()
	if !slices.Equal(said, again) {
		t.Errorf("%d facts when nobody follows, %d when all is followed, and not the same bytes", len(said), len(again))
	}
	if none != 0 || all != len(again) || len(spans.GetSpans()) < len(events) {
		t.Errorf("%d facts are followed where nobody is, %d of %d where all are; %d spans", none, all, len(again), len(spans.GetSpans()))
	}
	unbroken(t, traced, spans)
}

// unbroken checks that every span has its parent, and that every service has
// some.
func unbroken(t *testing.T, p *pipeline, spans *tracetest.InMemoryExporter) {
	t.Helper()
	for _, r := range p.runners { // what is under way ends
		if err := r.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ids, steps := map[string]bool{"b7ad6b7169203331": true}, map[string]int{}
	for _, s := range spans.GetSpans() {
		ids[s.SpanContext.SpanID().String()] = true
	}
	for _, s := range spans.GetSpans() {
		steps[s.Name]++
		if parent := s.Parent.SpanID(); s.Name != "deadline" && !ids[parent.String()] {
			t.Fatalf("the parent %s of %q is not there", parent, s.Name)
		}
	}
	for _, name := range []string{"ticket-ingest step", "sla-timer step", "complaint-escalation step", "survey step", "scoring step", "commit"} {
		if steps[name] == 0 {
			t.Errorf("there is no span %q: %v", name, steps)
		}
	}
}
