package e2e

import (
	"context"
	"encoding/hex"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
)

// collector takes spans as OTLP over gRPC.
type collector struct {
	collectorv1.UnimplementedTraceServiceServer
	address string
	mu      sync.Mutex
	spans   []span
}

// span is what the tests read of one.
type span struct {
	trace, id, parent, name string
	service, process        string // the service's name, and its process
	began, ended            time.Time
}

func startCollector(t testing.TB) *collector {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, server := &collector{address: listener.Addr().String()}, grpc.NewServer()
	collectorv1.RegisterTraceServiceServer(server, c)
	go func() { _ = server.Serve(listener) }() // it ends when it is stopped
	t.Cleanup(server.Stop)
	return c
}

// Export is the TraceService.
func (c *collector) Export(_ context.Context, r *collectorv1.ExportTraceServiceRequest) (*collectorv1.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range r.ResourceSpans {
		who := attributes(resource.Resource.Attributes)
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, read(s, who))
			}
		}
	}
	return &collectorv1.ExportTraceServiceResponse{}, nil
}

func read(s *tracev1.Span, who map[string]string) span {
	return span{
		trace: hex.EncodeToString(s.TraceId), id: hex.EncodeToString(s.SpanId), parent: hex.EncodeToString(s.ParentSpanId),
		name: s.Name, service: who["service.name"], process: who["process.pid"],
		began: time.Unix(0, int64(s.StartTimeUnixNano)), ended: time.Unix(0, int64(s.EndTimeUnixNano)),
	}
}

func attributes(all []*commonv1.KeyValue) map[string]string {
	read := map[string]string{}
	for _, one := range all {
		switch v := one.Value.Value.(type) {
		case *commonv1.AnyValue_StringValue:
			read[one.Key] = v.StringValue
		case *commonv1.AnyValue_IntValue:
			read[one.Key] = strconv.FormatInt(v.IntValue, 10)
		}
	}
	return read
}

// all gives the spans so far, as they began.
func (c *collector) all() []span {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := slices.Clone(c.spans)
	slices.SortFunc(found, func(a, b span) int { return a.began.Compare(b.began) })
	return found
}
