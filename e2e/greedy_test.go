package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// How greedy a valid caller is.
const (
	floodWidth  = 16
	slowReaders = 60
	bigUploads  = 4
	bigEvents   = 20_000
)

// greedy does something on many connections at once, until the fault ends.
func greedy(width int, do func(ctx context.Context)) (heal func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range width {
		all.Go(func() {
			for ctx.Err() == nil {
				do(ctx)
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

// asks sends one request with the administrator's token; what is answered does
// not matter: refusals are right.
func asks(ctx context.Context, m *member, method, path, body string) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+m.http+path, strings.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Authorization", "Bearer "+m.token())
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}

// aFlood asks for sheets as fast as it can.
func aFlood(p *province, f fault) (heal func()) {
	m := p.gateways[f.gateway]
	return greedy(floodWidth, func(ctx context.Context) { asks(ctx, m, "GET", "/v1/months/"+demoMonth+"/scorecards", "") })
}

// bigPushes send what is in already, by the ten thousand.
func bigPushes(p *province, f fault) (heal func()) {
	m := p.gateways[f.gateway]
	body := "[" + strings.TrimSuffix(strings.Repeat(liveUnit+",", bigEvents), ",") + "]"
	return greedy(bigUploads, func(ctx context.Context) { asks(ctx, m, "POST", "/v1/events", body) })
}

// readersStandStill open streams of the whole ledger and read nothing.
func readersStandStill(p *province, f fault) (heal func()) {
	m := p.gateways[f.gateway]
	var open []net.Conn
	for range slowReaders {
		c, err := net.Dial("tcp", m.http)
		if err != nil {
			break // it takes no more: that is right, too
		}
		open = append(open, c)
		_, _ = fmt.Fprintf(c, "GET /v1/stream?last_event_id=0 HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", m.http, m.token())
	}
	return func() {
		for _, c := range open {
			_ = c.Close()
		}
	}
}

// greedyFaults are valid callers that take all they can get.
func greedyFaults() []faultKind {
	return []faultKind{
		{"a valid caller floods a gateway", aFlood},
		{"a valid caller pushes as much as it can", bigPushes},
		{"readers of a gateway stand still", readersStandStill},
	}
}
