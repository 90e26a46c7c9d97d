package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/gateway"
)

// limited opens a gateway with other limits.
func limited(t *testing.T, change func(*gateway.Limits)) *house {
	h := build(t)
	h.change = func(o *gateway.Options) {
		o.Limits = gateway.DefaultLimits()
		change(&o.Limits)
	}
	return h.open()
}

func TestWhoCallsTooOftenIsToldWhenToComeAgain(t *testing.T) {
	h := limited(t, func(l *gateway.Limits) { l.Rate, l.Burst = 0.01, 3 })
	reader := h.tokenFor(contractv1.Role_ROLE_COMMITTEE)
	me := func() answer { return h.call("GET", "/v1/me", "", "Authorization", "Bearer "+reader) }
	for i := range 3 {
		if a := me(); a.code != http.StatusOK {
			t.Fatalf("call %d: %d %s", i+1, a.code, a.body)
		}
	}
	a := me()
	if a.code != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" || a.header.Get("Retry-After") == "0" || !strings.Contains(a.body, "too_many_calls") {
		t.Errorf("the fourth: %d %v %s", a.code, a.header, a.body)
	}
	ctx, c := h.dial(reader)
	_, err := apiv1.NewTokenServiceClient(c).WhoAmI(ctx, &apiv1.WhoAmIRequest{})
	if status.Code(err) != codes.ResourceExhausted || !retryTold(err) {
		t.Errorf("over gRPC: %v", err)
	}
	if a := h.call("GET", "/v1/me", ""); a.code != http.StatusOK {
		t.Errorf("another token: %d %s", a.code, a.body)
	}
}

func retryTold(err error) bool {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok && info.RetryDelay.AsDuration() > 0 {
			return true
		}
	}
	return false
}

func TestATokenHasSoManyStreams(t *testing.T) {
	h := limited(t, func(l *gateway.Limits) { l.Streams = 2 })
	first := h.stream("", "")
	ctx, c := h.dial(token)
	open := func() error {
		s, err := apiv1.NewScoreServiceClient(c).StreamLedger(ctx, &apiv1.StreamLedgerRequest{})
		must(t, err)
		if header, _ := s.Header(); header.Get("content-type") != nil {
			return nil
		}
		_, err = s.Recv()
		return err
	}
	must(t, open())
	if err := open(); status.Code(err) != codes.ResourceExhausted || !retryTold(err) {
		t.Errorf("the third, over gRPC: %v", err)
	}
	if a := h.call("GET", "/v1/stream", ""); a.code != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
		t.Errorf("the third: %d %s", a.code, a.body)
	}
	other := h.tokenFor(contractv1.Role_ROLE_COMMITTEE)
	r := h.request("GET", "/v1/stream", "", "Authorization", "Bearer "+other)
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("another token: %s", response.Status)
	}
	first.end()
	h.eventually("a stream that was closed makes room", func() bool {
		response, err := http.DefaultClient.Do(h.request("GET", "/v1/stream", ""))
		must(t, err)
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode == http.StatusOK
	})
}

func (h *house) eventually(what string, holds func() bool) {
	h.t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(20 * time.Second); !holds(); <-look.C {
		if time.Now().After(deadline) {
			h.t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func TestAStreamEndsWithItsToken(t *testing.T) {
	h := build(t).open()
	ctx, c := h.dial(token)
	tokens := apiv1.NewTokenServiceClient(c)
	made, err := tokens.CreateToken(ctx, &apiv1.CreateTokenRequest{Name: "wall", Role: contractv1.Role_ROLE_COMMITTEE})
	must(t, err)
	r := h.request("GET", "/v1/stream", "", "Authorization", "Bearer "+made.Secret)
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	of, c2 := h.dial(made.Secret)
	stream, err := apiv1.NewScoreServiceClient(c2).StreamLedger(of, &apiv1.StreamLedgerRequest{})
	must(t, err)
	_, err = stream.Header()
	must(t, err)
	_, err = tokens.RevokeToken(ctx, &apiv1.RevokeTokenRequest{Id: made.Token.Id})
	must(t, err)
	if _, err := io.ReadAll(response.Body); err != nil { // it ends, or the test hangs
		t.Errorf("the stream broke: %v", err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("over gRPC: %v", err)
	}
}

func TestTooDeepTooLongTooLarge(t *testing.T) {
	h := build(t).open()
	nested := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	cloud := []string{"Content-Type", "application/cloudevents+json"}
	for name, c := range map[string]struct {
		body, want string
		headers    []string
	}{
		"an event":         {nested(65), "400 too_deep", nil},
		"as deep as may":   {nested(64), "R(unknown_field a)", nil},
		"an array":         {strings.Repeat("[", 1_000_000), "400 too_deep", nil},
		"a line":           {opened("1") + "\n" + nested(65), "400 too_deep", []string{"Content-Type", "application/x-ndjson"}},
		"a CloudEvent":     {nested(65), "400 too_deep", cloud},
		"brackets in text": {`{"id":"` + strings.Repeat("[", 100) + `","x":1}`, "R(unknown_field x)", nil},
	} {
		if got := h.verdicts(c.body, c.headers...); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if a := h.call("POST", "/v1/tokens", nested(1000)); a.code != http.StatusBadRequest {
		t.Errorf("a token nested too deep: %d %s", a.code, a.body)
	}
	if a := h.call("POST", "/v1/tokens", `{"name":"`+strings.Repeat("x", 9<<20)+`"}`); a.code != http.StatusBadRequest && a.code != http.StatusRequestEntityTooLarge {
		t.Errorf("a token of 9 MiB: %d %.100s", a.code, a.body)
	}
	if a := h.call("GET", "/v1/units?x="+strings.Repeat("x", 80<<10), ""); a.code != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a path of 80 KiB: %d", a.code)
	}
	if a := h.call("GET", "/v1/units", "", "X-Long", strings.Repeat("x", 80<<10)); a.code != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 80 KiB: %d", a.code)
	}
	many := `{"id":"1","source":"s","massFaultDeclared":{"units":[` + strings.Repeat(`"",`, 600_000) + `""]}}`
	for _, path := range []string{"/v1/events", "/v1/webhooks"} {
		if a := h.call("POST", path, many); a.code != http.StatusBadRequest || !strings.Contains(a.body, "too_many_values") {
			t.Errorf("600,000 values to %s: %d %.100s", path, a.code, a.body)
		}
	}
	ctx, c := h.dial(token)
	large := &apiv1.PushEventsRequest{Events: []*feedv1.Event{{Id: strings.Repeat("x", 9<<20)}}}
	if _, err := apiv1.NewFeedServiceClient(c).PushEvents(ctx, large); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a message of 9 MiB: %.200v", err)
	}
}

// say sends bytes and gives what comes back until the connection ends.
func (h *house) say(text string) string {
	h.t.Helper()
	c, err := net.Dial("tcp", h.g.HTTPAddr())
	must(h.t, err)
	defer func() { _ = c.Close() }()
	must(h.t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(c, text)
	must(h.t, err)
	said, err := io.ReadAll(bufio.NewReader(c))
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		h.t.Errorf("the connection is still open after %.60q", text)
	}
	return string(said)
}

func TestWhoSendsSlowlyIsNotWaitedFor(t *testing.T) {
	h := limited(t, func(l *gateway.Limits) { l.HeaderWithin, l.BodyWithin = 100*time.Millisecond, 100*time.Millisecond })
	if said := h.say("GET /v1/units HTTP/1.1\r\nHost: x\r\n"); strings.Contains(said, "200") {
		t.Errorf("half a header: %q", said)
	}
	push := "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 1000\r\n\r\n[{"
	if said := h.say(fmt.Sprintf(push, token)); !strings.Contains(said, "400") || !strings.Contains(said, "bad_body") {
		t.Errorf("half a body: %q", said)
	}
	if said := h.say(fmt.Sprintf(push, "nobody's")); !strings.Contains(said, "401") {
		t.Errorf("half a body of nobody: %q", said)
	}
}

// The limit is the body's: a call that waits for something may wait.
func TestACallMayTakeLongerThanItsBody(t *testing.T) {
	h := limited(t, func(l *gateway.Limits) { l.BodyWithin = 20 * time.Millisecond })
	answered := make(chan answer, 1)
	go func() { answered <- h.call("POST", "/v1/barriers", "{}") }()
	h.services() // it takes longer, and only then a barrier is passed
	if a := <-answered; a.code != http.StatusOK {
		t.Errorf("a barrier: %d %s", a.code, a.body)
	}
}

func TestMetricsAreNotServedToThePublic(t *testing.T) {
	for name, change := range map[string]func(*gateway.Options){
		"operations have them elsewhere": func(o *gateway.Options) { o.Ops = true },
		"everybody comes here":           func(o *gateway.Options) { o.HTTP = "0.0.0.0:0" },
	} {
		h := build(t)
		h.change = change
		h.open()
		_, port, err := net.SplitHostPort(h.g.HTTPAddr())
		must(t, err)
		for _, path := range []string{"/metrics", "/debug/pprof/"} {
			r := h.request("GET", path, "")
			r.URL.Host = "127.0.0.1:" + port
			response, err := http.DefaultClient.Do(r)
			must(t, err)
			body, err := io.ReadAll(response.Body)
			must(t, err)
			_ = response.Body.Close()
			if response.StatusCode != http.StatusNotFound || strings.Contains(string(body), "kaohe_door") {
				t.Errorf("%s: %s: %s", name, path, response.Status)
			}
		}
	}
}
