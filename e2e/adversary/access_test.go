package adversary

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What the units have: a ticket that is late in each, which costs an entry.
const twoUnits = `[
{"id":"u1","source":"registry","occurredAt":"2026-01-01T00:00:00+08:00","unitRegistered":{"unit":"chengqu","nameZh":"城区营业部","kind":"UNIT_KIND_OUTLET","customers":"20000"}},
{"id":"u2","source":"registry","occurredAt":"2026-01-01T00:00:00+08:00","unitRegistered":{"unit":"xinqu","nameZh":"新区营业部","kind":"UNIT_KIND_OUTLET","customers":"20000"}},
{"id":"o1","source":"96766","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"T-own","kind":"TICKET_KIND_FAULT","unit":"chengqu","customer":"C1","dueAt":"2026-03-03T09:00:00+08:00"}},
{"id":"o2","source":"96766","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"CANARY-1","kind":"TICKET_KIND_FAULT","unit":"xinqu","customer":"C2","dueAt":"2026-03-03T09:00:00+08:00"}}]`

// canary is in all that concerns the unit that is not the manager's.
const canary = "CANARY"

// TestNoMutatedRequestGetsThrough: 129 of 158 refused calls got through by another
// spelling of the path, a form or a method in a header. Every role makes
// requests about its own and another unit, changed in ways that routers,
// proxies and frameworks undo; KAOHE_REQUESTS (20,000) of them.
func TestNoMutatedRequestGetsThrough(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir(), "--rate", "0")
	s.pushes(twoUnits)
	s.call("POST", "/v1/barriers", "{}", nil)
	routes, _, roles := accessTable(t)
	values := s.valuesOf(t)
	secrets := s.secrets(roles)
	count := atoi(t, os.Getenv("KAOHE_REQUESTS"), 20_000)
	seed := uint64(atoi(t, os.Getenv("KAOHE_SEED"), 1))
	judge := &judge{t: t, routes: routes, reached: map[string]int{}}

	var workers sync.WaitGroup
	var next atomic.Int64
	for worker := range 8 {
		workers.Go(func() {
			m := &makes{rand.New(rand.NewPCG(seed, uint64(worker))), routes, roles, values}
			wire := &wire{address: s.http}
			defer wire.close()
			for next.Add(1) <= int64(count) && !judge.enough() {
				a := m.next()
				got, err := wire.send(a, secrets[a.role])
				if err != nil {
					t.Errorf("%s: %v", a, err)
					return
				}
				judge.take(a, got)
			}
		})
	}
	workers.Wait()
	s.nothingWasSaid(t, secrets)
	t.Logf("seed %d: %d requests, %d of them nowhere, %d refused, %d let through, %d malformed; wrong: %d",
		seed, count, judge.nowhere, judge.refused, judge.through, judge.malformed, judge.wrong)
	if judge.refused == 0 || judge.through == 0 || judge.nowhere == 0 {
		t.Error("the requests did not try everything")
	}
	for _, r := range routes {
		if judge.reached[r.method+" "+r.pattern()] == 0 && count >= 20_000 {
			t.Errorf("nothing reached %s %s", r.method, r.pattern())
		}
	}
}

func atoi(t testing.TB, text string, otherwise int) int {
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

// valuesOf gives what stands for the parts in braces, by unit.
func (s *server) valuesOf(t *testing.T) map[string]map[string]string {
	t.Helper()
	values := map[string]map[string]string{}
	for unit, ticket := range map[string]string{"chengqu": "T-own", "xinqu": canary + "-1"} {
		var page struct{ Entries []struct{ ID string } }
		await(t, "scored", func() error {
			if s.call("GET", "/v1/months/2026-03/entries?unit="+unit, "", &page); len(page.Entries) == 0 {
				return errors.New("no entry")
			}
			return nil
		})
		id := page.Entries[0].ID
		values[unit] = map[string]string{"month": "2026-03", "unit": unit, "id": id, "entry": id, "ticket": ticket, "draw": "d", "version": "96766-1", "name": "default"}
	}
	return values
}

// secrets makes a token of every role; nobody has one that is none.
func (s *server) secrets(roles []string) map[string]string {
	secrets := map[string]string{"nobody": "x", "administrator": s.admin()}
	for _, role := range roles {
		switch role {
		case "nobody", "administrator":
		case "unit_manager":
			secrets[role] = s.tokenOf(role, "chengqu")
		default:
			secrets[role] = s.tokenOf(role)
		}
	}
	return secrets
}

// answer is what came back of a request.
type answer struct {
	status int
	body   []byte
}

// wire sends requests as they are, byte by byte, over one connection.
type wire struct {
	address string
	conn    net.Conn
	in      *bufio.Reader
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// send sends a request, on a new connection if the server has closed the last.
func (w *wire) send(a *attempt, secret string) (got answer, err error) {
	for range 3 {
		fresh := w.conn == nil
		if got, err = w.try(a, secret); err == nil || fresh {
			return got, err
		}
	}
	return got, err
}

func (w *wire) try(a *attempt, secret string) (answer, error) {
	if w.conn == nil {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			return answer{}, err
		}
		w.conn, w.in = conn, bufio.NewReader(conn)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n", a.method, a.target, w.address, secret, len(a.body))
	for _, header := range a.headers {
		out.WriteString(header + "\r\n")
	}
	out.WriteString("\r\n" + a.body)
	_ = w.conn.SetDeadline(time.Now().Add(2 * time.Minute))
	if _, err := w.conn.Write(out.Bytes()); err != nil {
		w.close()
		return answer{}, err
	}
	response, err := http.ReadResponse(w.in, &http.Request{Method: strings.ToUpper(a.method)})
	if err != nil {
		w.close()
		return answer{}, err
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		w.close() // it would go on for ever
		return answer{status: response.StatusCode}, nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.Close {
		w.close()
	}
	return answer{response.StatusCode, body}, err
}

// judge holds answers to the table.
type judge struct {
	t      *testing.T
	routes []*route

	mu                                          sync.Mutex
	nowhere, refused, through, malformed, wrong int
	reached                                     map[string]int
}

func (j *judge) enough() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.wrong >= 10
}

func (j *judge) take(a *attempt, got answer) {
	r, values := interpret(j.routes, a.method, a.target)
	j.mu.Lock()
	defer j.mu.Unlock()
	if why := j.verdict(a, r, values, got); why != "" {
		j.wrong++
		j.t.Errorf("%s: %s\n%s\n%d %s", why, a, "answer:", got.status, got.body[:min(len(got.body), 400)])
	}
}

// verdict counts an answer and says what is wrong with it.
func (j *judge) verdict(a *attempt, r *route, values map[string]string, got answer) string {
	through := got.status < 300 || got.status >= 409 && got.status != 413 && got.status != 417 && got.status != 431
	refused := got.status == http.StatusUnauthorized || got.status == http.StatusForbidden
	switch {
	case refused:
		j.refused++
	case got.status == http.StatusNotFound || got.status == http.StatusMethodNotAllowed:
		j.nowhere++
	case got.status == http.StatusBadRequest || got.status == http.StatusExpectationFailed:
		j.malformed++
	default:
		j.through++
	}
	if a.role == "unit_manager" && got.status < 300 && bytes.Contains(got.body, []byte(canary)) {
		return "a manager sees another's unit"
	}
	if r == nil {
		if got.status < 300 && !page(a) {
			return "what is at no path was answered"
		}
		return ""
	}
	j.reached[r.method+" "+r.pattern()]++
	switch may := r.may[a.role]; {
	case may == "·" && !refused && (through || a.canonical):
		return "a role that may not was let through"
	case may == "own" && a.canonical && a.about == "xinqu" && !refused:
		return "a unit that is not his was let through"
	case (may == "yes" || may == "own" && a.about == "chengqu") && a.canonical && refused:
		return "a role that may was refused"
	case values["unit"] != "" && values["unit"] != "chengqu" && may == "own" && got.status < 300:
		return "a unit of the path that is not his was let through"
	}
	return ""
}

// page tells whether a request is for what everybody may see.
func page(a *attempt) bool {
	path, _, _ := strings.Cut(a.target, "?")
	return path == "/" || path == "/docs" || path == "/openapi.json" || path == "/healthz" || path == "/readyz"
}

// nothingWasSaid looks whether the log has an event that its sender may not
// cause.
func (s *server) nothingWasSaid(t *testing.T, secrets map[string]string) {
	t.Helper()
	may := map[string]string{"feed": "clock_advanced", "unit_manager": "objection_raised clock_advanced", "committee": "clock_advanced month_published call_made"}
	ids := map[string]string{}
	for role, secret := range secrets {
		if parts := strings.SplitN(secret, "_", 3); len(parts) == 3 {
			ids[parts[1]] = role
		}
	}
	for token := ""; ; {
		var page struct {
			Records []struct {
				Who, What string
				Event     json.RawMessage
			}
			NextPageToken string
		}
		if code := s.call("GET", "/v1/audit?page_size=1000&page_token="+token, "", &page); code != http.StatusOK {
			t.Fatalf("read the audit trail: %d", code)
		}
		for _, r := range page.Records {
			if kinds, limited := may[ids[r.Who]]; limited && !strings.Contains(kinds, r.What) {
				t.Errorf("%s caused %s: %s", ids[r.Who], r.What, r.Event)
			}
		}
		if token = page.NextPageToken; token == "" {
			return
		}
	}
}
