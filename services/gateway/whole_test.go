package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

func (h *house) dial(credential string) (context.Context, *grpc.ClientConn) {
	h.t.Helper()
	c, err := grpc.NewClient(h.g.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(h.t, err)
	h.t.Cleanup(func() { _ = c.Close() })
	return metadata.AppendToOutgoingContext(h.t.Context(), "authorization", "Bearer "+credential, "accept-language", "en"), c
}

// From the event to the explanation, with all services running.
func TestFromEventToExplanation(t *testing.T) {
	h := build(t).services().open()
	closed := `{"id":"c","source":"96766","occurredAt":"2026-03-04T09:00:00+08:00","ticketClosed":{"ticket":"T1"}}`
	if got := h.verdicts("[" + unit + "," + opened("o") + "," + closed + "]"); got != "A A A" {
		t.Fatal(got)
	}
	if a := h.call("POST", "/v1/barriers", "{}"); a.code != 200 || !strings.Contains(a.body, "feedSequence") {
		t.Fatalf("barrier: %d %s", a.code, a.body)
	}
	var page struct{ Entries []struct{ ID, Points string } }
	// Open past its deadline at first: what was posted then may be taken back.
	h.call("GET", "/v1/months/2026-03/entries?state=active", "").into(t, &page)
	if len(page.Entries) != 1 || page.Entries[0].Points != "-5.00" {
		t.Fatalf("entries %v", page.Entries)
	}
	var e struct {
		Explanation string
		Proof       []struct{ ID string }
		History     []struct{ ID string }
	}
	explained := h.call("GET", "/v1/entries/"+page.Entries[0].ID, "")
	if explained.into(t, &e); len(e.Proof) == 0 || len(e.History) == 0 || !strings.Contains(e.Explanation, "-5.00 points") {
		t.Fatalf("explanation: %d %s", explained.code, explained.body)
	}
	var view struct {
		Timeline []struct{ ID string }
		Clocks   []struct{ Name, Verdict, Reason string }
		Entries  []struct{ ID string }
		Record   struct{ Ticket string }
	}
	a := h.call("GET", "/v1/tickets/T1", "")
	if a.into(t, &view); len(view.Timeline) != 2 || view.Timeline[0].ID != "o" || len(view.Entries) == 0 || view.Record.Ticket != "T1" ||
		len(view.Clocks) != 1 || view.Clocks[0].Verdict != "violated" || view.Clocks[0].Reason == "" {
		t.Fatalf("ticket %s", a.body)
	}
	// An id may have slashes, written plainly or escaped.
	h.verdicts(strings.ReplaceAll(opened("slash"), "T1", "2026/03/7"))
	h.call("POST", "/v1/barriers", "{}")
	for _, id := range []string{"2026/03/7", "2026%2F03%2F7"} {
		if a := h.call("GET", "/v1/tickets/"+id, ""); a.code != 200 {
			t.Errorf("ticket %s: %d %s", id, a.code, a.body)
		}
	}
	if a := h.call("GET", "/v1/tickets/T2", ""); a.code != 404 {
		t.Errorf("unknown ticket: %d %s", a.code, a.body)
	}
	var cards struct {
		Scorecards []struct{ Unit, Total string }
	}
	h.call("GET", "/v1/months/2026-03/scorecards", "").into(t, &cards)
	if len(cards.Scorecards) != 1 || cards.Scorecards[0].Total != "95.00" {
		t.Errorf("scorecards %v", cards)
	}
	h.call("GET", "/v1/months/2025-03/scorecards", "").into(t, &cards)
	if len(cards.Scorecards) != 1 || cards.Scorecards[0].Total != "100.00" {
		t.Errorf("a month without facts: %v", cards)
	}
}

func TestGRPC(t *testing.T) {
	h := build(t).services().open()
	ctx, c := h.dial(token)
	feed, scores := apiv1.NewFeedServiceClient(c), apiv1.NewScoreServiceClient(c)
	push, err := feed.StreamEvents(ctx)
	must(t, err)
	for _, raw := range []string{unit, opened("1"), opened("1"), `{"id":"bad"}`} {
		e := &feedv1.Event{}
		must(t, protojson.Unmarshal([]byte(raw), e))
		must(t, push.Send(&apiv1.StreamEventsRequest{Events: []*feedv1.Event{e}}))
	}
	sum, err := push.CloseAndRecv()
	must(t, err)
	if sum.Accepted != 2 || sum.Duplicates != 1 || sum.Rejected != 1 || len(sum.Rejections) != 1 {
		t.Fatalf("sum %v", sum)
	}
	verify, err := scores.VerifyMonth(ctx, &apiv1.VerifyMonthRequest{Month: "2026-03"})
	must(t, err)
	var result *apiv1.VerifyResult
	for {
		m, err := verify.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		result = m.Result
	}
	if result == nil || !result.Same || result.LiveEntries != 1 || result.LogEntries != 1 {
		t.Fatalf("verify %v", result)
	}
	units, err := scores.ListUnits(ctx, &apiv1.ListUnitsRequest{})
	if err != nil || len(units.Units) != 1 || units.Units[0].Customers != 20000 {
		t.Fatalf("units %v (%v)", units, err)
	}
	_, err = scores.GetEntry(ctx, &apiv1.GetEntryRequest{Id: "none"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("unknown entry: %v", err)
	}
	_, err = scores.ListEntries(ctx, &apiv1.ListEntriesRequest{Month: "March"})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("bad month: %v", err)
	}
}

func TestGRPCNeedsTheToken(t *testing.T) {
	h := build(t).open()
	ctx, c := h.dial("wrong")
	if _, err := apiv1.NewScoreServiceClient(c).ListUnits(ctx, &apiv1.ListUnitsRequest{}); status.Code(err) != codes.Unauthenticated ||
		!strings.Contains(err.Error(), "admin.token") {
		t.Errorf("unary: %v", err)
	}
	stream, err := apiv1.NewScoreServiceClient(c).StreamLedger(ctx, &apiv1.StreamLedgerRequest{})
	must(t, err)
	if _, err := stream.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("stream: %v", err)
	}
}

func TestConflictIsInTheQuarantine(t *testing.T) {
	h := build(t).open()
	changed := strings.Replace(opened("1"), "T1", "T2", 1)
	if got := h.verdicts("[" + unit + "," + opened("1") + "," + changed + "]"); got != "A A R(conflict id)" {
		t.Fatal(got)
	}
	var page struct {
		Items []struct {
			Service string
			Reason  struct{ Code string }
		}
	}
	if h.call("GET", "/v1/quarantine", "").into(t, &page); len(page.Items) != 1 || page.Items[0].Reason.Code != "conflict" || page.Items[0].Service != "gateway" {
		t.Fatalf("quarantine %v", page)
	}
}

// Who has waited for a barrier may rely on the units registered before it: an
// import asks for them next.
func TestABarrierHoldsTheUnitsBeforeIt(t *testing.T) {
	h := build(t).services().open()
	for i := range 50 {
		name := fmt.Sprintf("unit-%02d", i)
		h.verdicts(strings.NewReplacer("chengqu", name, `"id":"u"`, fmt.Sprintf(`"id":"u%d"`, i)).Replace(unit))
		h.call("POST", "/v1/barriers", "{}")
		if a := h.call("GET", "/v1/units", ""); !strings.Contains(a.body, name) {
			t.Fatalf("unit %d is not there after the barrier: %s", i, a.body)
		}
	}
}

// A reader who does not keep up is cut off with a place to go on from; nobody
// waits for him, and nothing is buffered without bound.
func TestASlowReaderIsCutOffAndGoesOn(t *testing.T) {
	h := build(t).open()
	ctx, c := h.dial(token)
	scores := apiv1.NewScoreServiceClient(c)
	stream, err := scores.StreamLedger(ctx, &apiv1.StreamLedgerRequest{})
	must(t, err)
	_, err = stream.Header() // subscribed
	must(t, err)
	fast := h.stream("", "")
	const all = 20_000
	for from := 0; from < all; from += 1000 {
		var records []*ledgerv1.Record
		for i := range 1000 {
			records = append(records, posting(fmt.Sprint(from+i), "a"))
		}
		h.record(records...)
		fast.entries(1000) // and another keeps up meanwhile
	}
	seen, last := map[string]bool{}, uint64(0)
	read := func(stream grpc.ServerStreamingClient[ledgerv1.Record]) error {
		for len(seen) < all {
			r, err := stream.Recv()
			if err != nil {
				return err
			}
			last = max(last, r.GetEntry().GetSequence())
			seen[r.GetEntry().GetId()] = true
		}
		return nil
	}
	if err := read(stream); status.Code(err) != codes.Aborted || len(seen) == 0 {
		t.Fatalf("a reader who stood still had %d of %d and then: %v", len(seen), all, err)
	}
	t.Logf("cut off after %d", len(seen))
	again, err := scores.StreamLedger(ctx, &apiv1.StreamLedgerRequest{AfterSequence: &last})
	must(t, err)
	if err := read(again); err != nil || len(seen) != all {
		t.Errorf("going on behind the last: %d of %d (%v)", len(seen), all, err)
	}
}
