package app_test

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/app"
	"kaohe.dev/services/simulate"
)

// collector takes spans as OTLP over HTTP.
type collector struct {
	mu    sync.Mutex
	spans []*tracev1.Span
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		from, _ = gzip.NewReader(r.Body)
	}
	body, err := io.ReadAll(from)
	request := &collectorv1.ExportTraceServiceRequest{}
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, request) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range request.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

// The caller's own span.
const (
	callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan  = "00f067aa0ba902b7"
)

// Whoever pushes with a traceparent finds the way of his event in the
// collector, as the guide shows it; who pushes without, and is not chosen, is
// not followed.
func TestATracedPushIsFollowedToItsReader(t *testing.T) {
	sink := &collector{}
	server := httptest.NewServer(sink)
	defer server.Close()
	c := config(t)
	c.Traces, c.TraceRatio = server.URL, 0
	a := start(t, c)
	mainJob(t, a)
	ctx, connection := dial(t, a)
	feed := apiv1.NewFeedServiceClient(connection)
	reading, err := apiv1.NewScoreServiceClient(connection).StreamLedger(ctx, &apiv1.StreamLedgerRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reading.Header(); err != nil { // it is subscribed
		t.Fatal(err)
	}
	late := small("")[3]
	late.Id, late.GetTicketOpened().Ticket, late.GetTicketOpened().Kind = "t1", "T9", feedv1.TicketKind_TICKET_KIND_ENQUIRY
	traced := metadata.AppendToOutgoingContext(ctx, "traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	if pushed, err := feed.PushEvents(traced, &apiv1.PushEventsRequest{Events: []*feedv1.Event{late}}); err != nil || pushed.Accepted != 1 {
		t.Fatalf("pushed %v, error %v", pushed, err)
	}
	for range 2 { // the entry, and the score
		if _, err := reading.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := feed.AwaitBarrier(ctx, &apiv1.AwaitBarrierRequest{}); err != nil {
		t.Fatal(err)
	}
	if err := a.Stop(context.Background()); err != nil { // it sends what waits
		t.Fatal(err)
	}
	for _, s := range sink.spans {
		if hex.EncodeToString(s.TraceId) != callersTrace {
			t.Errorf("%s is of another trace, %x", s.Name, s.TraceId)
		}
	}
	drawn := waterfall(sink.spans, callersSpan)
	if timeless(drawn) != timeless(documented(t)) {
		t.Errorf("the trace is\n%s\nthe guide shows\n%s", drawn, documented(t))
	}
}

// A collector that takes connections and never answers harms nobody: all is
// done, and the end is clean.
func TestACollectorThatHangsHarmsNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, scheme := range []string{"grpc://", "http://"} {
		c := config(t)
		c.Traces, c.TraceRatio = scheme+listener.Addr().String(), 1
		a := start(t, c)
		mainJob(t, a)
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

// BenchmarkTraces is the whole way, door to views, with none, few and all of
// the events followed and their spans sent over the loopback. The processor's
// time is of everything, who pushes and who takes the spans included; unlike
// the events a second it bears others on the same machine.
func BenchmarkTraces(b *testing.B) {
	for name, ratio := range map[string]float64{"off": -1, "ratio=0.01": 0.01, "ratio=1": 1} {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(&collector{})
			defer server.Close()
			var used time.Duration
			for range b.N {
				b.StopTimer()
				c := config(b)
				if ratio >= 0 {
					c.Traces, c.TraceRatio = server.URL, ratio
				}
				a := start(b, c)
				before := processor(b)
				b.StartTimer()
				wholeWay(b, a)
				b.StopTimer()
				used += processor(b) - before
				if err := a.Stop(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*benchEvents)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(used.Microseconds())/float64(b.N*benchEvents), "cpu-µs/event")
		})
	}
}

const benchEvents = 20_000

// wholeWay pushes the events and waits until all is decided and shown.
func wholeWay(b *testing.B, a *app.App) {
	b.Helper()
	ctx, connection := dial(b, a)
	client := apiv1.NewFeedServiceClient(connection)
	for batch := range slices.Chunk(slices.Collect(simulate.Load(1, benchEvents, 20, "bench")), 1000) {
		if _, err := client.PushEvents(ctx, &apiv1.PushEventsRequest{Events: batch}); err != nil {
			b.Fatal(err)
		}
	}
	end := timestamppb.New(simulate.LoadStart.Add(365 * 24 * time.Hour))
	if _, err := client.AwaitBarrier(ctx, &apiv1.AwaitBarrierRequest{Clock: "bench", To: end}); err != nil {
		b.Fatal(err)
	}
}

// processor is the time that this process has used of it.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
