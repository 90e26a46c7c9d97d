package adversary

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// TestOneTokenHasSoManyStreams opens 300 streams of a token, over HTTP and gRPC:
// a hundred are served, the others told why not, and another token has its own.
func TestOneTokenHasSoManyStreams(t *testing.T) {
	s := up(t, t.TempDir())
	token, other := s.tokenOf("committee"), s.tokenOf("committee")
	open := func(token string) int {
		request, err := http.NewRequest("GET", "http://"+s.http+"/v1/stream", nil)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		if response.StatusCode == http.StatusTooManyRequests && response.Header.Get("Retry-After") == "" {
			t.Error("it is not told when to come again")
		}
		return response.StatusCode
	}
	counted := map[int]int{}
	for range 300 {
		counted[open(token)]++
	}
	if counted[http.StatusOK] != 100 || counted[http.StatusTooManyRequests] != 200 {
		t.Errorf("of 300 streams: %v", counted)
	}
	client := &http.Client{Transport: plainHTTP2()}
	for range 10 {
		c := grpcCall{method: "POST", path: "/kaohe.api.v1.ScoreService/StreamLedger", header: http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}}
		got, err := c.send(t.Context(), client, s.grpc, token)
		must(t, err)
		if got != codes.ResourceExhausted {
			t.Errorf("one more over gRPC: %s", got)
		}
	}
	if got := open(other); got != http.StatusOK {
		t.Errorf("another token: %d", got)
	}
}

// TestAReaderOfWhatIfWhoStandsStillBlocksNobody asks what would be, three years
// long, and reads nothing of the answer; others ask and are answered.
func TestAReaderOfWhatIfWhoStandsStillBlocksNobody(t *testing.T) {
	s := up(t, t.TempDir())
	var units bytes.Buffer
	units.WriteString("[")
	for i := range 60 {
		fmt.Fprintf(&units, `{"id":"u%[1]d","source":"registry","occurredAt":"2023-01-01T00:00:00+08:00","unitRegistered":{"unit":"unit%[1]d","nameZh":"单位%[1]d","kind":"UNIT_KIND_OUTLET","customers":"20000"}},`, i)
	}
	s.pushes(strings.TrimSuffix(units.String(), ",") + "]")
	book, err := os.ReadFile("../../services/rulebook/data/96766.yaml")
	must(t, err)
	raw, err := json.Marshal(map[string]any{"from": "2024-01", "to": "2026-12", "yaml": string(book), "entries": true})
	must(t, err)
	body := string(raw)
	stands := s.tokenOf("assessor")
	var still sync.WaitGroup
	for range 3 {
		c, err := net.Dial("tcp", s.http)
		must(t, err)
		defer c.Close()
		must(t, c.(*net.TCPConn).SetReadBuffer(4096))
		_, err = fmt.Fprintf(c, "POST /v1/whatif HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", stands, len(body), body)
		must(t, err)
		still.Go(func() { _, _ = bufio.NewReaderSize(c, 16).Peek(12) }) // the answer has begun
	}
	still.Wait()
	ask := func(token string) *http.Response {
		request, err := http.NewRequest("POST", "http://"+s.http+"/v1/whatif", strings.NewReader(body))
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		return response
	}
	begun := time.Now()
	more := ask(stands)
	must(t, more.Body.Close())
	if more.StatusCode != http.StatusTooManyRequests || more.Header.Get("Retry-After") == "" {
		t.Errorf("a fourth of who does not read: %s", more.Status)
	}
	for range 2 {
		response := ask(s.admin())
		read, err := io.Copy(io.Discard, response.Body)
		must(t, err)
		must(t, response.Body.Close())
		if response.StatusCode != http.StatusOK || read < 1<<20 {
			t.Errorf("%s, %d bytes", response.Status, read)
		}
		t.Logf("%d bytes %s after three asked who do not read", read, time.Since(begun))
	}
}

// TestConnectionsAreCounted opens more connections than an address may have, over
// both addresses: one too many is told so, and others are served.
func TestConnectionsAreCounted(t *testing.T) {
	s := up(t, t.TempDir(), "--connections", "64", "--connections-per-address", "20")
	http.DefaultClient.CloseIdleConnections()
	var idle []net.Conn
	for i := range 40 {
		c, err := net.Dial("tcp", []string{s.http, s.grpc}[i%2])
		must(t, err)
		defer c.Close()
		idle = append(idle, c)
	}
	asked := func(address string) (int, error) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
		client := &http.Client{Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}
		response, err := client.Get("http://" + s.http + "/healthz")
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	if code, err := asked("127.0.0.1"); err == nil && code != http.StatusServiceUnavailable {
		t.Errorf("the forty-first of an address was answered %d", code)
	}
	if code, err := asked("127.0.0.2"); err != nil || code != http.StatusOK {
		t.Errorf("another address: %d, %v", code, err)
	}
	for _, c := range idle {
		must(t, c.Close())
	}
	await(t, "served again", func() error {
		if code, err := asked("127.0.0.1"); err != nil || code != http.StatusOK {
			return fmt.Errorf("%d, %w", code, err)
		}
		return nil
	})
}
