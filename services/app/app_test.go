package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/app"
	"kaohe.dev/services/internal/store/ferret"
)

func config(t testing.TB) app.Config {
	c := app.Defaults()
	c.Data, c.HTTP, c.GRPC = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	c.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	return c
}

func start(t testing.TB, c app.Config) *app.App {
	t.Helper()
	a, err := app.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return a
}

func dial(t testing.TB, a *app.App) (context.Context, *grpc.ClientConn) {
	t.Helper()
	connection, err := grpc.NewClient(a.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+a.Token()), connection
}

// small is a feed of one unit: two tickets, one closed late, one in time.
func small(clock string) []*feedv1.Event {
	at := func(hour int) *timestamppb.Timestamp {
		return timestamppb.New(time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC))
	}
	events := []*feedv1.Event{{
		Id: "u", OccurredAt: at(0), Payload: &feedv1.Event_UnitRegistered{UnitRegistered: &feedv1.UnitRegistered{
			Unit: "chengqu", NameZh: "城区营业部", NameEn: "Urban", Kind: feedv1.UnitKind_UNIT_KIND_OUTLET, Customers: 20000,
		}},
	}}
	for i, closed := range []int{9, 11} {
		ticket := fmt.Sprintf("T%d", i)
		events = append(events, &feedv1.Event{
			Id: "o" + ticket, OccurredAt: at(1), Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
				Ticket: ticket, Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Unit: "chengqu", Category: "no signal",
				Commitment: &feedv1.TicketOpened_DueAt{DueAt: at(10)},
			}},
		}, &feedv1.Event{
			Id: "c" + ticket, OccurredAt: at(closed),
			Payload: &feedv1.Event_TicketClosed{TicketClosed: &feedv1.TicketClosed{Ticket: ticket}},
		})
	}
	for _, e := range events {
		e.Source, e.Clock = "test", clock
	}
	return events
}

// mainJob pushes the small feed and expects its one overdue ticket on the
// sheet, and the fold to agree.
func mainJob(t *testing.T, a *app.App) {
	t.Helper()
	ctx, connection := dial(t, a)
	feed, scores := apiv1.NewFeedServiceClient(connection), apiv1.NewScoreServiceClient(connection)
	pushed, err := feed.PushEvents(ctx, &apiv1.PushEventsRequest{Events: small("past")})
	if err != nil || pushed.Accepted != 5 {
		t.Fatalf("pushed %v, error %v", pushed, err)
	}
	to := timestamppb.New(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	if _, err := feed.AwaitBarrier(ctx, &apiv1.AwaitBarrierRequest{Clock: "past", To: to}); err != nil {
		t.Fatal(err)
	}
	entries, err := scores.ListEntries(ctx, &apiv1.ListEntriesRequest{Month: "2026-03"})
	if err != nil {
		t.Fatal(err)
	}
	if len(entries.Entries) != 1 || entries.Entries[0].Ticket != "T1" || entries.Entries[0].Points != "-5.00" {
		t.Fatalf("entries %v", entries.Entries)
	}
	card, err := scores.GetScorecard(ctx, &apiv1.GetScorecardRequest{Month: "2026-03", Unit: "chengqu"})
	if err != nil || card.Total != "97.50" {
		t.Fatalf("score %v, error %v", card.GetTotal(), err)
	}
	stream, err := scores.VerifyMonth(ctx, &apiv1.VerifyMonthRequest{Month: "2026-03"})
	if err != nil {
		t.Fatal(err)
	}
	var result *apiv1.VerifyResult
	for {
		message, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		result = message.Result
	}
	if result == nil || !result.Same || result.LogEntries != 1 {
		t.Fatalf("verify %v", result)
	}
}

func TestTheMainJobInOneProcess(t *testing.T) { mainJob(t, start(t, config(t))) }

func TestTheMainJobOverTheMongoDBWireProtocol(t *testing.T) {
	c := config(t)
	c.Store = ferret.Start(t)
	mainJob(t, start(t, c))
}

func TestADeadlineOnTheWallClockFiresByItself(t *testing.T) {
	a := start(t, config(t))
	ctx, connection := dial(t, a)
	feed, scores := apiv1.NewFeedServiceClient(connection), apiv1.NewScoreServiceClient(connection)
	now := time.Now()
	due := now.Add(300 * time.Millisecond)
	unit := small("")[0]
	opened := &feedv1.Event{
		Id: "o", Source: "test", OccurredAt: timestamppb.New(now.Add(-time.Hour)),
		Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
			Ticket: "L", Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Unit: "chengqu",
			Commitment: &feedv1.TicketOpened_DueAt{DueAt: timestamppb.New(due)},
		}},
	}
	month := due.In(time.FixedZone("CST", 8*3600)).Format("2006-01")
	stream, err := scores.StreamLedger(ctx, &apiv1.StreamLedgerRequest{Month: month, AfterSequence: new(uint64)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := feed.PushEvents(ctx, &apiv1.PushEventsRequest{Events: []*feedv1.Event{unit, opened}}); err != nil {
		t.Fatal(err)
	}
	for {
		record, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if e := record.GetEntry(); e != nil {
			if e.Ticket != "L" || !e.OccurredAt.AsTime().Equal(due.Truncate(time.Nanosecond)) {
				t.Fatalf("entry %v, due %v", e, due)
			}
			if e.PostedAt.AsTime().Before(due) {
				t.Fatalf("posted at %v, before it was due at %v", e.PostedAt.AsTime(), due)
			}
			return
		}
	}
}

func TestStopIsSafeTwiceAndBeforeStart(t *testing.T) {
	a, err := app.New(config(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := a.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadinessTellsTheTruth(t *testing.T) {
	a := start(t, config(t))
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		response, err := http.Get("http://" + a.HTTPAddr() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		var body json.RawMessage
		_ = json.NewDecoder(response.Body).Decode(&body)
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return
		}
		<-tick.C
	}
	t.Fatal("never ready")
}

func TestAConfigurationThatCannotWorkSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*app.Config)
		says   string
	}{
		"unknown target": {func(c *app.Config) { c.Targets = []string{"slar"} }, "choose from"},
		"no data":        {func(c *app.Config) { c.Data = "" }, "--data"},
		"no port":        {func(c *app.Config) { c.HTTP = "localhost" }, "host:port"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := config(t)
			c.change(&broken)
			if _, err := app.New(broken); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}

func TestAProcessWithoutAGatewayTellsWhatItWaitsFor(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := app.Defaults()
	config.Data, config.Ops, config.Targets = t.TempDir(), free.Addr().String(), []string{"scoring"}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	config.NATS, config.Store = "nats://127.0.0.1:1", "sqlite:"+t.TempDir()
	a, err := app.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan error, 1)
	go func() { started <- a.Start(ctx) }()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	var body string
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(body, "waiting for NATS at nats://127.0.0.1:1"); <-look.C {
		if time.Now().After(deadline) {
			t.Fatalf("readiness says %q", body)
		}
		response, err := http.Get("http://" + config.Ops + "/readyz")
		if err != nil {
			continue
		}
		raw, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if body = string(raw); response.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("ready without NATS: %s %s", response.Status, body)
		}
	}
	cancel()
	if err := <-started; err == nil {
		t.Fatal("it started without NATS")
	}
}
