package measure

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// praised prefixes the ids of the events whose latency is measured; each posts
// an entry.
const praised = "praise/"

// latency pushes single events at a steady rate and measures the time from the
// call to the entry's arrival at a reader of server-sent events.
func (b *bench) latency(ctx context.Context) ([]Figure, error) {
	if err := errors.Join(b.register(ctx), b.decided(ctx, "", time.Time{})); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, err := b.listen(ctx)
	if err != nil {
		return nil, err
	}
	t := &timing{sent: make([]time.Time, b.o.Latencies), took: make([]time.Duration, b.o.Latencies), missing: b.o.Latencies}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { defer cancel(); defer events.Close(); return t.receive(events) })
	context.AfterFunc(ctx, func() { _ = events.Close() })
	group.Go(func() error { return b.pace(ctx, t) })
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	what := func(share string) Text {
		return Text{
			fmt.Sprintf("事件到 SSE 入账，每秒 %d 件，%s", b.o.Rate, share),
			fmt.Sprintf("event to entry at an SSE reader, %d events/s, %s", b.o.Rate, share),
		}
	}
	return []Figure{
		{Name: "sse_latency_p50", What: what("p50"), Value: millis(percentile(t.took, 50)), Unit: "ms"},
		{Name: "sse_latency_p99", What: what("p99"), Value: millis(percentile(t.took, 99)), Unit: "ms"},
	}, nil
}

// listen opens the stream of server-sent events; it is subscribed when the
// answer has begun.
func (b *bench) listen(ctx context.Context) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.app.HTTPAddr()+"/v1/stream", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+b.app.Token())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("listen: %s", response.Status)
	}
	return response.Body, nil
}

// pace pushes the events, each at its time, whether earlier ones are answered
// or not.
func (b *bench) pace(ctx context.Context, t *timing) error {
	group, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for i := range t.sent {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(b.o.Rate))
		if err := until(ctx, due); err != nil {
			break
		}
		b.tell("入账延迟", "latency of entries", i, len(t.sent))
		group.Go(func() error {
			event := &feedv1.Event{
				Id: praised + strconv.Itoa(i), Source: "bench", OccurredAt: timestamppb.Now(),
				Payload: &feedv1.Event_PraiseGiven{PraiseGiven: &feedv1.PraiseGiven{Unit: unit(i)}},
			}
			t.start(i)
			return b.push(ctx, []*feedv1.Event{event})
		})
	}
	return group.Wait()
}

func until(ctx context.Context, at time.Time) error {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// timing notes when events were sent and how long their entries took.
type timing struct {
	mu      sync.Mutex
	sent    []time.Time
	took    []time.Duration
	missing int
}

func (t *timing) start(i int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent[i] = time.Now()
}

// receive reads entries until all have come.
func (t *timing) receive(events io.Reader) error {
	lines := bufio.NewScanner(events)
	lines.Buffer(make([]byte, 64<<10), 4<<20)
	entry := false
	for lines.Scan() {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			entry = name == "entry"
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok || !entry {
			continue
		}
		now := time.Now()
		e := &ledgerv1.Entry{}
		if err := protojson.Unmarshal([]byte(data), e); err != nil {
			return fmt.Errorf("read an entry: %w", err)
		}
		if t.arrived(e, now) {
			return nil
		}
	}
	return fmt.Errorf("the stream of entries ended early: %w", errors.Join(lines.Err(), io.ErrUnexpectedEOF))
}

// arrived notes an entry and reports whether all have come.
func (t *timing) arrived(e *ledgerv1.Entry, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, proof := range e.Proof {
		number, ok := strings.CutPrefix(proof, "bench/"+praised)
		i, err := strconv.Atoi(number)
		if !ok || err != nil || i >= len(t.took) || t.took[i] > 0 {
			continue
		}
		t.took[i] = now.Sub(t.sent[i])
		t.missing--
	}
	return t.missing == 0
}
