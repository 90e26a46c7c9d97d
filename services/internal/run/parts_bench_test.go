package run_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/embedded"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store/sqlitestore"
	"kaohe.dev/services/rulebook"
)

// laborious is a service whose step costs much of the processor and says
// nothing.
func laborious() flow.Service {
	return flow.Service{
		Name: "laborious", Consumes: []flow.Kind{flow.Event},
		Keys: func(f *factv1.Fact) []string { return []string{"ticket/" + f.GetEvent().GetTicketOpened().GetTicket()} },
		Decide: func(*rulebook.Policy, flow.Case) flow.Decision {
			sum := fnv.New64()
			for range 20_000 { // about 0.4 ms
				_, _ = sum.Write([]byte("labour for its own sake"))
			}
			_ = sum.Sum64()
			return flow.Decision{}
		},
	}
}

// BenchmarkParts shows what a second replica brings: the same events, all
// steps in one part, or in two that run side by side.
func BenchmarkParts(b *testing.B) {
	for _, parts := range []int{1, 2} {
		b.Run(fmt.Sprint(parts), func(b *testing.B) {
			server, err := embedded.Start(embedded.Options{Dir: filepath.Join(b.TempDir(), "nats"), SyncEvery: time.Hour})
			if err != nil {
				b.Fatal(err)
			}
			defer server.Stop()
			connection, err := bus.Connect(bus.Options{InProcess: server.Server, Name: b.Name()})
			if err != nil {
				b.Fatal(err)
			}
			defer connection.Close()
			if err := connection.Ensure(b.Context()); err != nil {
				b.Fatal(err)
			}
			documents, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "state"))
			if err != nil {
				b.Fatal(err)
			}
			defer documents.Close()
			push(b, connection)
			metrics := run.NewMetrics(prometheus.NewRegistry())
			b.ResetTimer()
			for part := range parts {
				r, err := run.New(run.Options{
					Machine: flow.NewMachine(laborious()), Part: part, Parts: parts, Bus: connection, Store: documents, Stream: bus.Feed,
					Now: time.Now, Logger: slog.New(slog.DiscardHandler), Metrics: metrics,
				})
				if err != nil {
					b.Fatal(err)
				}
				if err := r.Start(context.Background()); err != nil {
					b.Fatal(err)
				}
				defer func() { _ = r.Stop(context.Background()) }()
			}
			passed(b, connection, parts)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// push appends b.N openings and a marker.
func push(b *testing.B, connection *bus.Bus) {
	b.Helper()
	messages := make([]bus.Message, 0, b.N+1)
	add := func(e *feedv1.Event) {
		data, err := proto.Marshal(e)
		if err != nil {
			b.Fatal(err)
		}
		messages = append(messages, bus.Message{Subject: bus.FeedBatches, Data: data})
	}
	for i := range b.N {
		add(&feedv1.Event{
			Id: strconv.Itoa(i), Source: "bench", OccurredAt: timestamppb.Now(),
			Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{Ticket: strconv.Itoa(i)}},
		})
	}
	add(tick("", "end", time.Now()))
	if _, err := connection.Append(b.Context(), messages); err != nil {
		b.Fatal(err)
	}
}

// passed waits until every part has passed the marker on.
func passed(b *testing.B, connection *bus.Bus, parts int) {
	b.Helper()
	reader, err := connection.Read(b.Context(), bus.Ledger, []string{bus.LedgerRecords}, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Close()
	for from := map[string]bool{}; len(from) < parts; {
		for _, d := range <-reader.Deliveries() {
			record := &ledgerv1.Record{}
			if err := proto.Unmarshal(d.Data, record); err != nil {
				b.Fatal(err)
			}
			from[record.GetBarrier().GetFrom()] = true
		}
	}
}
