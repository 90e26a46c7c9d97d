package measure

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"kaohe.dev/services/period"
)

// readers ask for scorecards at once.
const readers = 2

// reading measures GET of a scorecard beside a bare handler that returns the
// same bytes.
func (b *bench) reading(ctx context.Context) ([]Figure, error) {
	if err := b.register(ctx); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("http://%s/v1/months/%s/scorecards/%s", b.app.HTTPAddr(), period.Of(period.Month, time.Now().UTC()).String(), unit(0))
	body, err := b.get(ctx, http.DefaultClient, address)
	if err != nil {
		return nil, err
	}
	b.tell("读取得分", "read scorecards", 0, 0)
	took, err := b.read(ctx, address)
	if err != nil {
		return nil, err
	}
	bare, stop, err := handler(body)
	if err != nil {
		return nil, err
	}
	defer stop()
	b.tell("裸 HTTP", "bare HTTP", 0, 0)
	plain, err := b.read(ctx, bare)
	if err != nil {
		return nil, err
	}
	rate := func(all []time.Duration) float64 { return float64(len(all)) / b.o.Reading.Seconds() }
	const zh, en = "只返回同样字节的 net/http", "net/http returning the same bytes"
	return []Figure{
		Figure{Name: "scorecard_rate", What: Text{"GET 测评表", "GET scorecard"}, Value: rate(took), Unit: "requests/s"}.
			beside(rate(plain), zh, en),
		Figure{Name: "scorecard_p99", What: Text{"GET 测评表 p99", "GET scorecard p99"}, Value: millis(percentile(took, 99)), Unit: "ms"}.
			beside(millis(percentile(plain, 99)), zh, en),
	}, nil
}

// handler serves the bytes and nothing else.
func handler(body []byte) (string, func(), error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen for the baseline: %w", err)
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(body)
		}),
	}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String() + "/", func() { _ = server.Close() }, nil
}

// read asks again and again, keeping connections, and gives how long each
// answer took.
func (b *bench) read(ctx context.Context, address string) ([]time.Duration, error) {
	all := make([][]time.Duration, readers)
	group, ctx := errgroup.WithContext(ctx)
	end := time.Now().Add(b.o.Reading)
	for reader := range all {
		group.Go(func() error {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for time.Now().Before(end) {
				began := time.Now()
				if _, err := b.get(ctx, client, address); err != nil {
					return err
				}
				all[reader] = append(all[reader], time.Since(began))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var took []time.Duration
	for _, part := range all {
		took = append(took, part...)
	}
	return took, nil
}

func (b *bench) get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+b.app.Token())
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read a scorecard: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var body bytes.Buffer
	if _, err := io.Copy(&body, response.Body); err != nil {
		return nil, fmt.Errorf("read a scorecard: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read a scorecard: %s: %s", response.Status, body.String())
	}
	return body.Bytes(), nil
}
