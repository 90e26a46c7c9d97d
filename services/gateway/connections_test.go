package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/gateway"
)

// from gives a client that calls from an address, over connections of its own.
func from(address string) *http.Client {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}
}

// Whoever comes too many is told so, over HTTP and gRPC, and others are served.
func TestConnectionsOfAnAddressAreCounted(t *testing.T) {
	h := limited(t, func(l *gateway.Limits) { l.Connections, l.ConnectionsOfOne, l.HeaderWithin = 16, 8, time.Minute })
	var idle []net.Conn
	for range 8 {
		c, err := net.Dial("tcp", h.g.HTTPAddr())
		must(t, err)
		idle = append(idle, c)
	}
	asked := func(address string) (*http.Response, error) {
		response, err := from(address).Get("http://" + h.g.HTTPAddr() + "/healthz")
		if err == nil {
			_ = response.Body.Close()
		}
		return response, err
	}
	response, err := asked("127.0.0.1")
	must(t, err)
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" || !response.Close {
		t.Errorf("the ninth of an address: %s, %v", response.Status, response.Header)
	}
	ctx, c := h.dial(token)
	if _, err := apiv1.NewTokenServiceClient(c).WhoAmI(ctx, &apiv1.WhoAmIRequest{}); status.Code(err) != codes.ResourceExhausted || !retryTold(err) {
		t.Errorf("over gRPC: %v", err)
	}
	if response, err := asked("127.0.0.2"); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("another address: %v, %v", response, err)
	}
	for _, c := range idle {
		must(t, c.Close())
	}
	h.eventually("there is a place again", func() bool {
		response, err := asked("127.0.0.1")
		_, overGRPC := apiv1.NewTokenServiceClient(c).WhoAmI(ctx, &apiv1.WhoAmIRequest{})
		return err == nil && response.StatusCode == http.StatusOK && overGRPC == nil
	})
}

// All kinds of streams count together, over HTTP and gRPC.
func TestStreamsOfAllKindsAreCountedTogether(t *testing.T) {
	h := limited(t, func(l *gateway.Limits) { l.Streams = 3 })
	ctx, c := h.dial(token)
	events, err := apiv1.NewFeedServiceClient(c).StreamEvents(ctx)
	must(t, err)
	must(t, events.Send(&apiv1.StreamEventsRequest{}))
	records, err := apiv1.NewScoreServiceClient(c).StreamLedger(ctx, &apiv1.StreamLedgerRequest{})
	must(t, err)
	_, err = records.Header()
	must(t, err)
	h.stream("", "")
	h.eventually("the fourth is refused", func() bool {
		more, err := apiv1.NewFeedServiceClient(c).StreamEvents(ctx)
		must(t, err)
		_, err = more.CloseAndRecv()
		return status.Code(err) == codes.ResourceExhausted && retryTold(err)
	})
	for path, method := range map[string]string{"/v1/stream": "GET", "/v1/whatif": "POST"} {
		if a := h.call(method, path, `{"from":"2026-03","to":"2026-03","version":"96766-1"}`); a.code != http.StatusTooManyRequests || !strings.Contains(a.body, "too_many_streams") {
			t.Errorf("%s: %d %s", path, a.code, a.body)
		}
	}
}

// unsent begins a call over gRPC whose message does not come.
func unsent(ctx context.Context, t *testing.T, c *grpc.ClientConn) grpc.ClientStream {
	t.Helper()
	s, err := c.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, apiv1.TokenService_WhoAmI_FullMethodName)
	must(t, err)
	return s
}

// A call over gRPC whose message does not come is not waited for, and whoever
// makes many of them is told so, known or not.
func TestACallWhoseMessageDoesNotComeEnds(t *testing.T) {
	h := limited(t, func(l *gateway.Limits) { l.BodyWithin = 2 * time.Second })
	_, c := h.dial("nobody's")
	_, d := h.dial("nobody's")
	first := unsent(t.Context(), t, c)
	for i := range 63 {
		unsent(t.Context(), t, []*grpc.ClientConn{c, d}[i%2])
	}
	h.eventually("the next is refused", func() bool {
		_, e := h.dial("nobody's")
		defer func() { _ = e.Close() }()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		err := unsent(ctx, t, e).RecvMsg(&apiv1.Token{})
		return status.Code(err) == codes.ResourceExhausted
	})
	if err := first.RecvMsg(&apiv1.Token{}); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the first ended with %v", err)
	}
	h.eventually("others are served again", func() bool {
		ctx, e := h.dial(token)
		_, err := apiv1.NewTokenServiceClient(e).WhoAmI(ctx, &apiv1.WhoAmIRequest{})
		return err == nil
	})
}

// A reader of a stream over gRPC who stands still is cut off, and what he held
// is free.
func TestAReaderOverGRPCWhoStandsStillIsCutOff(t *testing.T) {
	h := limited(t, func(l *gateway.Limits) { l.Streams, l.StepWithin = 1, 300*time.Millisecond })
	c, err := grpc.NewClient(h.g.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(64<<10), grpc.WithInitialConnWindowSize(64<<10))
	must(t, err)
	defer func() { _ = c.Close() }()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
	stream, err := apiv1.NewScoreServiceClient(c).StreamLedger(ctx, &apiv1.StreamLedgerRequest{})
	must(t, err)
	_, err = stream.Header()
	must(t, err)
	for i := range 20 {
		r := posting(fmt.Sprint("e", i), "a")
		r.GetEntry().Clause = strings.Repeat("x", 100<<10)
		h.record(r)
	}
	h.eventually("another stream may be opened", func() bool {
		response, err := http.DefaultClient.Do(h.request("GET", "/v1/stream", ""))
		must(t, err)
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode == http.StatusOK
	})
}

// A connection over which nothing happens is not kept.
func TestAnIdleConnectionIsClosed(t *testing.T) {
	h := limited(t, func(l *gateway.Limits) { l.IdleFor = 300 * time.Millisecond })
	for name, c := range map[string]struct{ address, said string }{
		"gRPC": {h.g.GRPCAddr(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"},
		"HTTP": {h.g.HTTPAddr(), "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		conn, err := net.Dial("tcp", c.address)
		must(t, err)
		must(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
		_, err = io.WriteString(conn, c.said)
		must(t, err)
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", name, err)
		}
		must(t, conn.Close())
	}
}

// Who asks what would be and does not read the answer keeps nobody waiting.
func TestAReaderOfWhatIfWhoStandsStillKeepsNobodyWaiting(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "]")
	h.call("POST", "/v1/barriers", "{}")
	asked := &apiv1.WhatIfRequest{From: "2026-03", To: "2026-03", Rulebook: &apiv1.WhatIfRequest_Yaml{Yaml: milder()}}
	reached, stand := make(chan struct{}, 100), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- h.g.WhatIfTo(t.Context(), asked, func(told *apiv1.WhatIfResponse) error {
			if told.GetProgress() == nil {
				reached <- struct{}{}
				<-stand
			}
			return nil
		})
	}()
	<-reached
	if got := h.whatIf(map[string]any{"from": "2026-03", "to": "2026-03", "yaml": milder()}); got.Summary.Version != "milder" {
		t.Errorf("another was answered %+v", got.Summary)
	}
	close(stand)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
