package gateway_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// slowly begins a push whose body does not come, and gives what ends it.
func (h *house) slowly(secret string, length int) (end func()) {
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
	return func() { _ = c.Close() }
}

func TestWhoFloodsIsToldToComeAgainAndOthersGetIn(t *testing.T) {
	h := build(t).open()
	h.verdicts(unit)
	flood := h.tokenFor(apiv1.Role_ROLE_FEED)
	end := h.slowly(flood, 8<<20)
	a := h.call("POST", "/v1/events", opened("1"), "Authorization", "Bearer "+flood, "Accept-Language", "en")
	if a.code != http.StatusTooManyRequests || a.header.Get("Retry-After") != "1" || !strings.Contains(a.body, "overloaded") {
		t.Errorf("the flooding token: %d %v %s", a.code, a.header, a.body)
	}
	if got := h.verdicts(opened("2")); got != "A" {
		t.Errorf("another token: %s", got)
	}
	others := []func(){h.slowly(h.tokenFor(apiv1.Role_ROLE_FEED), 8<<20), h.slowly(h.tokenFor(apiv1.Role_ROLE_OPERATIONS), 8<<20)}
	if a := h.call("POST", "/v1/events", opened("3")); a.code != http.StatusTooManyRequests {
		t.Errorf("with three floods nothing more fits: %d %s", a.code, a.body)
	}
	end()
	for _, end := range others {
		end()
	}
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(10 * time.Second); h.call("POST", "/v1/events", opened("1"), "Authorization", "Bearer "+flood).code != 200; <-look.C {
		if time.Now().After(deadline) {
			t.Fatal("it does not recover")
		}
	}
}
