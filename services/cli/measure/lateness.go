package measure

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// Names of the tickets whose deadlines are measured, and of those that wait.
const (
	dueTicket   = "due/"
	armedTicket = "armed/"
)

// lead is how long before the first deadline the tickets are pushed.
const lead = 3 * time.Second

// far is how far away the waiting deadlines are.
const far = 30 * 24 * time.Hour

// lateness arms deadlines far away, lets others fall due, and measures from
// the deadline to the entry in the ledger.
func (b *bench) lateness(ctx context.Context) ([]Figure, error) {
	if err := b.register(ctx); err != nil {
		return nil, err
	}
	if err := b.arm(ctx, b.o.Armed); err != nil {
		return nil, err
	}
	took, err := b.fire(ctx)
	if err != nil {
		return nil, err
	}
	return lateFigures("", b.o.Due, b.o.Armed, b.o.DueOver, took), nil
}

func lateFigures(prefix string, due, armed int, over time.Duration, took []time.Duration) []Figure {
	what := func(share string) Text {
		return Text{
			fmt.Sprintf("到期到入账的延迟，%s 内到期 %d 个，另有 %d 个待到期，%s", over, due, armed, share),
			fmt.Sprintf("deadline to entry, %d due over %s with %d more armed, %s", due, over, armed, share),
		}
	}
	return []Figure{
		{Name: prefix + "lateness_p50", What: what("p50"), Value: millis(percentile(took, 50)), Unit: "ms"},
		{Name: prefix + "lateness_p99", What: what("p99"), Value: millis(percentile(took, 99)), Unit: "ms"},
	}
}

// arm pushes tickets that fall due far away, and waits until they are armed.
func (b *bench) arm(ctx context.Context, n int) error {
	due := time.Now().Add(far)
	for from := 0; from < n; from += 20 * batchSize {
		var events []*feedv1.Event
		for i := from; i < min(from+20*batchSize, n); i++ {
			events = append(events, ticket(armedTicket+strconv.Itoa(i), unit(i), due.Add(time.Duration(i)*time.Millisecond)))
		}
		quiet := *b
		quiet.o.Told = nil
		if err := quiet.pushAll(ctx, events); err != nil {
			return err
		}
		b.tell("登记期限", "arm deadlines", from+len(events), n)
	}
	return b.decided(ctx, "", time.Time{})
}

func ticket(id, unit string, due time.Time) *feedv1.Event {
	return &feedv1.Event{
		Id: id, Source: "bench", OccurredAt: timestamppb.Now(),
		Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
			Ticket: id, Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Category: "no signal", Unit: unit,
			Commitment: &feedv1.TicketOpened_DueAt{DueAt: timestamppb.New(due)},
		}},
	}
}

// fire pushes tickets that fall due soon, and gives how late each entry was.
func (b *bench) fire(ctx context.Context) ([]time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := b.scores.StreamLedger(b.authorized(ctx), &apiv1.StreamLedgerRequest{})
	if err != nil {
		return nil, fmt.Errorf("watch the ledger: %w", err)
	}
	if _, err := stream.Header(); err != nil { // subscribed
		return nil, fmt.Errorf("watch the ledger: %w", err)
	}
	first := time.Now().Add(lead)
	events := make([]*feedv1.Event, b.o.Due)
	for i := range events {
		due := first.Add(time.Duration(i) * b.o.DueOver / time.Duration(b.o.Due))
		events[i] = ticket(dueTicket+strconv.Itoa(i), unit(i), due)
	}
	pushed := make(chan error, 1)
	go func() { pushed <- b.pushAll(ctx, events) }()
	took, err := b.collect(stream)
	if err != nil {
		return nil, err
	}
	return took, <-pushed
}

// collect waits for the entries of all deadlines.
func (b *bench) collect(stream grpc.ServerStreamingClient[ledgerv1.Record]) ([]time.Duration, error) {
	seen := make(map[string]bool, b.o.Due)
	took := make([]time.Duration, 0, b.o.Due)
	for len(took) < b.o.Due {
		record, err := stream.Recv()
		if err != nil {
			return nil, fmt.Errorf("watch the ledger: %w", err)
		}
		e := record.GetEntry()
		if e == nil || !strings.HasPrefix(e.Ticket, dueTicket) || seen[e.Ticket] {
			continue
		}
		seen[e.Ticket] = true
		took = append(took, e.PostedAt.AsTime().Sub(e.OccurredAt.AsTime()))
		b.tell("到期", "deadlines", len(took), b.o.Due)
	}
	return took, nil
}
