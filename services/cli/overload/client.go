package overload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// inFlight is how many pushes of one client are on their way at most.
const inFlight = 64

// client is a source system with a token of its own.
type client struct {
	s     *served
	token string
	name  int
	http  *http.Client

	mu    sync.Mutex
	next  int // the number of the next event
	t     tally
	total int
	err   error
}

// tally is what became of a client's pushes.
type tally struct {
	pushes, refused   int
	offered, accepted int // events
	took              []time.Duration
}

func (t *tally) add(u tally) {
	t.pushes += u.pushes
	t.refused += u.refused
	t.took = append(t.took, u.took...)
}

func (t *tally) clients() Clients {
	return Clients{Pushes: t.pushes, Refused: t.refused, P50: percentile(t.took, 50), P99: percentile(t.took, 99)}
}

// percentile in milliseconds.
func percentile(all []time.Duration, share int) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return float64(all[(len(all)-1)*share/100].Microseconds()) / 1000
}

func newClient(s *served, token string, name int) *client {
	transport := &http.Transport{MaxIdleConnsPerHost: inFlight}
	return &client{s: s, token: token, name: name, http: &http.Client{Transport: transport}}
}

// tally gives what became of the pushes since it was asked last.
func (c *client) tally() (tally, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.t
	c.t = tally{}
	return t, c.err
}

func (c *client) accepted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// offer pushes at a rate, whatever becomes of it, and returns when all are
// answered.
func (c *client) offer(ctx context.Context, rate float64, events int) {
	every := time.NewTicker(max(time.Duration(float64(events)/rate*float64(time.Second)), time.Microsecond))
	defer every.Stop()
	slots := make(chan struct{}, inFlight)
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case slots <- struct{}{}:
			wg.Go(func() {
				c.push(context.WithoutCancel(ctx), events)
				<-slots
			})
		case <-ctx.Done():
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// push pushes new events, and gives the answer's code; 0: there was none.
func (c *client) push(ctx context.Context, events int) int {
	body := c.body(events)
	began := time.Now()
	code, err := c.post(ctx, "/v1/events", body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t.pushes++
	c.t.offered += events
	switch {
	case code == http.StatusOK:
		c.t.accepted += events
		c.total += events
		c.t.took = append(c.t.took, time.Since(began))
	case code == http.StatusTooManyRequests:
		c.t.refused++
	case ctx.Err() == nil && c.err == nil:
		c.err = fmt.Errorf("a push was answered with %d: %w", code, err)
	}
	return code
}

// body makes tickets that nobody has seen.
func (c *client) body(events int) []byte {
	c.mu.Lock()
	from := c.next
	c.next += events
	c.mu.Unlock()
	now := time.Now()
	at, due := now.Format(time.RFC3339Nano), now.Add(48*time.Hour).Format(time.RFC3339)
	body := bytes.NewBuffer(make([]byte, 0, events*260))
	for i := range events {
		body.WriteByte(",["[min(1, max(0, 1-i))])
		_, _ = fmt.Fprintf(body, `{"id":"%[1]d-%[2]d","source":"load","occurredAt":%[3]q,"ticketOpened":{"ticket":"L%[1]d-%[2]d",`+
			`"kind":"TICKET_KIND_FAULT","category":"no signal","unit":"load-%[4]d","customer":"C%[1]d-%[2]d","dueAt":%[5]q}}`,
			c.name, from+i, at, (from+i)%units, due)
	}
	return append(body.Bytes(), ']')
}

const units = 6

// register registers the units of the tickets; only an administrator may.
func (c *client) register(ctx context.Context) error {
	body := []byte("[")
	for i := range units {
		body = fmt.Appendf(body, `{"id":"unit-%[1]d","source":"load","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":`+
			`{"unit":"load-%[1]d","nameZh":"单位","nameEn":"unit","kind":"UNIT_KIND_OUTLET"}},`, i)
	}
	body[len(body)-1] = ']'
	admin := &client{s: c.s, token: c.s.admin, http: c.http}
	if code, err := admin.post(ctx, "/v1/events", body); code != http.StatusOK {
		return fmt.Errorf("register units: answered with %d: %w", code, err)
	}
	return nil
}

// post posts and gives the answer's code; the error has the first words of an
// answer that is not OK.
func (c *client) post(ctx context.Context, path string, body []byte) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.s.address+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	answer, err := c.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	words, err := io.ReadAll(io.LimitReader(answer.Body, 300))
	if err == nil {
		_, err = io.Copy(io.Discard, answer.Body) // to the end, or the connection is not used again
	}
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(string(words)))
	}
	return answer.StatusCode, err
}
