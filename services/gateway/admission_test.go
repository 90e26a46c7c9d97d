package gateway_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	"kaohe.dev/services/gateway"
)

// slowly begins a push of so many bytes of which only some come, and gives what
// ends it.
func (h *house) slowly(secret string, length, sent int) (end func()) {
	h.t.Helper()
	c, err := net.Dial("tcp", h.g.HTTPAddr())
	must(h.t, err)
	_, err = fmt.Fprintf(c, "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", secret, length)
	must(h.t, err)
	// The server asks for the body when the push is admitted.
	line, err := bufio.NewReader(c).ReadString('\n')
	must(h.t, err)
	if !strings.Contains(line, "100") {
		h.t.Fatalf("a push was not admitted: %s", line)
	}
	_, err = c.Write(bytes.Repeat([]byte(" "), sent))
	must(h.t, err)
	return func() { _ = c.Close() }
}

// flood pushes as fast as it is let, over several connections, until it is
// ended; it gives the answers' codes, and what refusals said about coming again.
func (h *house) flood(secret string) (refused <-chan string, end func()) {
	told, stop := make(chan string, 1000), make(chan struct{})
	var pushing sync.WaitGroup
	for i := range 24 {
		pushing.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				a := h.call("POST", "/v1/events", tickets(fmt.Sprintf("flood-%d-%d", i, n), 1500), "Authorization", "Bearer "+secret)
				if a.code == http.StatusOK {
					continue
				}
				select {
				case told <- fmt.Sprintf("%d, come again in %s s", a.code, a.header.Get("Retry-After")):
				case <-stop:
				}
			}
		})
	}
	return told, sync.OnceFunc(func() { close(stop); pushing.Wait() })
}

// tickets are so many events in one body.
func tickets(prefix string, n int) string {
	events := make([]string, n)
	for i := range events {
		id := fmt.Sprintf("%s-%d", prefix, i)
		events[i] = strings.Replace(opened(id), `"T1"`, `"T`+id+`"`, 1)
	}
	return "[" + strings.Join(events, ",") + "]"
}

func TestAFloodIsRefusedAndStarvesNobody(t *testing.T) {
	h := build(t).open()
	h.verdicts(unit)
	flooding, quiet := h.tokenFor(contractv1.Role_ROLE_FEED), h.tokenFor(contractv1.Role_ROLE_FEED)
	refused, end := h.flood(flooding)
	defer end()
	for i := range 10 {
		if told := <-refused; told != "429, come again in 1 s" {
			t.Fatalf("the flood was told %s", told)
		}
		if a := h.call("POST", "/v1/events", opened(fmt.Sprint("quiet-", i)), "Authorization", "Bearer "+quiet); a.code != http.StatusOK {
			t.Fatalf("push %d of another token beside the flood: %d %s", i, a.code, a.body)
		}
	}
	end()
	if a := h.call("POST", "/v1/events", tickets("after", 1500), "Authorization", "Bearer "+flooding); a.code != http.StatusOK {
		t.Errorf("after the flood: %d %s", a.code, a.body)
	}
}

// holding waits until so many bytes of pushes are on their way.
func (h *house) holding(bytes int) {
	h.t.Helper()
	h.eventually(fmt.Sprintf("%d bytes on their way", bytes), func() bool {
		return strings.Contains(h.call("GET", "/metrics", "").body, fmt.Sprintf("kaohe_body_bytes{of=\"pushes\"} %v\n", float64(bytes)))
	})
}

// An upload that stands still holds nothing: not even its own token is kept
// from pushing.
func TestUploadsThatStandStillCloseNoDoor(t *testing.T) {
	h := build(t).open()
	h.verdicts(unit)
	idle := h.tokenFor(contractv1.Role_ROLE_FEED)
	for range 10 {
		defer h.slowly(idle, 8<<20, 0)()
		defer h.slowly(h.tokenFor(contractv1.Role_ROLE_FEED), 8<<20, 0)()
	}
	for i, secret := range []string{idle, h.tokenFor(contractv1.Role_ROLE_FEED)} {
		if a := h.call("POST", "/v1/events", opened(fmt.Sprint(i)), "Authorization", "Bearer "+secret); a.code != http.StatusOK {
			t.Errorf("token %d: %d %s", i, a.code, a.body)
		}
	}
}

func TestWhoFloodsIsToldToComeAgainAndOthersGetIn(t *testing.T) {
	h := build(t).open()
	h.verdicts(unit)
	flood := h.tokenFor(contractv1.Role_ROLE_FEED)
	push := func(secret string) answer {
		return h.call("POST", "/v1/events", opened("1"), "Authorization", "Bearer "+secret, "Accept-Language", "en")
	}
	end := []func(){h.slowly(flood, 8<<20, 8<<20-1), h.slowly(flood, 1<<20, 1<<20-1)}
	h.holding(9 << 20)
	if a := push(flood); a.code != http.StatusTooManyRequests || a.header.Get("Retry-After") != "1" || !strings.Contains(a.body, "overloaded") {
		t.Errorf("the flooding token: %d %v %s", a.code, a.header, a.body)
	}
	if got := h.verdicts(opened("2")); got != "A" {
		t.Errorf("another token: %s", got)
	}
	end = append(end, h.slowly(h.tokenFor(contractv1.Role_ROLE_FEED), 8<<20, 8<<20-1), h.slowly(h.tokenFor(contractv1.Role_ROLE_OPERATIONS), 7<<20, 7<<20-1))
	h.holding(24 << 20)
	if a := push(token); a.code != http.StatusTooManyRequests {
		t.Errorf("with three floods nothing more fits: %d %s", a.code, a.body)
	}
	for _, end := range end {
		end()
	}
	h.eventually("it recovers", func() bool { return push(flood).code == http.StatusOK })
}

// What has come of a body that stands still is held until its time is over, and
// no longer.
func TestABodyThatStandsStillIsGivenUp(t *testing.T) {
	h := limited(t, func(l *gateway.Limits) { l.StepWithin = time.Second })
	holds := func() bool {
		return !strings.Contains(h.call("GET", "/metrics", "").body, "kaohe_body_bytes{of=\"pushes\"} 0\n")
	}
	defer h.slowly(token, 8<<20, 1<<20)()
	h.eventually("something of it has come", holds)
	h.eventually("it is given up", func() bool { return !holds() })
}
