package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/app"
	"kaohe.dev/services/cli/again"
)

// Options say how much to measure.
type Options struct {
	// Dir holds the data directories; they are deleted in the end.
	Dir string
	// Events of the generated feed.
	Events int
	// Boston is a file of the Boston 311 log to feed instead; empty: none.
	Boston string
	// Rate and Latencies: so many events a second, so many in all, for the
	// latency of an entry.
	Rate, Latencies int
	// Armed tickets wait far in the future while Due deadlines fall due over
	// DueOver.
	Armed, Due int
	DueOver    time.Duration
	// Reading is how long requests are counted.
	Reading time.Duration
	// Million is how many deadlines the long-running part arms; 0: it is left
	// out.
	Million int
	// Told is told how far a step is; may be nil.
	Told func(step Text, done, total int)
}

// Defaults are the sizes of `kaohe bench`.
func Defaults() Options {
	return Options{
		Events: 100_000, Rate: 500, Latencies: 5_000, Armed: 100_000, Due: 10_000,
		DueOver: 10 * time.Second, Reading: 5 * time.Second,
	}
}

// Text is a text in both languages.
type Text struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

// Figure is one thing measured.
type Figure struct {
	// Name is stable.
	Name string `json:"name"`
	// What was measured, in words.
	What Text `json:"what"`
	// Value in Unit.
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Baseline in the same unit, measured in the same run; 0: there is none.
	Baseline float64 `json:"baseline,omitempty"`
	// Against says what the baseline is.
	Against *Text `json:"against,omitempty"`
	// Ratio is Value by Baseline.
	Ratio float64 `json:"ratio,omitempty"`
}

// beside adds a baseline.
func (f Figure) beside(baseline float64, zh, en string) Figure {
	if baseline == 0 {
		return f
	}
	f.Baseline, f.Against, f.Ratio = baseline, &Text{zh, en}, f.Value/baseline
	return f
}

// Run measures everything and gives the figures in order. After an error the
// figures so far are given.
func Run(ctx context.Context, o Options) ([]Figure, error) {
	var figures []Figure
	b := &bench{o: o}
	steps := []func(context.Context) ([]Figure, error){
		b.feed, b.hop, b.latency, b.lateness, b.reading, b.fold, b.memory,
	}
	err := b.start(ctx, filepath.Join(o.Dir, "bench"))
	for _, step := range steps {
		if err != nil {
			break
		}
		var more []Figure
		more, err = step(ctx)
		figures = append(figures, more...)
	}
	err = errors.Join(err, b.stop(ctx))
	if err == nil {
		var more []Figure
		more, err = syncs(ctx, o)
		figures = append(figures, more...)
	}
	if err == nil && o.Million > 0 {
		var more []Figure
		more, err = million(ctx, o)
		figures = append(figures, more...)
	}
	return figures, err
}

// bench is a running kaohe and a client of it.
type bench struct {
	o Options
	// syncEvery is that of the app.
	syncEvery time.Duration

	app    *app.App
	close  func() error
	feeds  apiv1.FeedServiceClient
	scores apiv1.ScoreServiceClient

	payloads   [][]byte // what was fed, for the bare hop
	perEvent   time.Duration
	generated  []*feedv1.Event
	registered bool
}

func (b *bench) start(ctx context.Context, dir string) error {
	config := app.Defaults()
	config.SyncEvery = b.syncEvery
	config.Data, config.HTTP, config.GRPC = dir, "127.0.0.1:0", "127.0.0.1:0"
	config.Limits.Rate = 0 // what it can do is measured, not what a caller may ask
	a, err := app.New(config)
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	b.app = a
	connection, err := grpc.NewClient(a.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(again.Unary(again.Options{Patience: again.Patience})),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	b.close = connection.Close
	b.feeds, b.scores = apiv1.NewFeedServiceClient(connection), apiv1.NewScoreServiceClient(connection)
	return nil
}

// stop stops and deletes what was measured.
func (b *bench) stop(ctx context.Context) error {
	err := b.halt(ctx)
	return errors.Join(err, os.RemoveAll(filepath.Join(b.o.Dir, "bench")))
}

// halt stops and keeps the data.
func (b *bench) halt(ctx context.Context) error {
	var err error
	if b.close != nil {
		err = b.close()
		b.close = nil
	}
	if b.app == nil {
		return err
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return errors.Join(err, b.app.Stop(stopping))
}

func (b *bench) authorized(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+b.app.Token(), "accept-language", "en")
}

func (b *bench) tell(zh, en string, done, total int) {
	if b.o.Told != nil {
		b.o.Told(Text{zh, en}, done, total)
	}
}

// push pushes a batch, of which nothing may be refused; that it came too early is
// part of what is measured.
func (b *bench) push(ctx context.Context, events []*feedv1.Event) error {
	answer, err := b.feeds.PushEvents(b.authorized(ctx), &apiv1.PushEventsRequest{Events: events})
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	for _, v := range answer.Verdicts {
		if v.Status == apiv1.EventStatus_EVENT_STATUS_REJECTED {
			return fmt.Errorf("event %s was refused: %s %s", v.Id, v.Error.GetField(), v.Error.GetReason())
		}
	}
	return nil
}

// decided waits until everything pushed is decided.
func (b *bench) decided(ctx context.Context, clock string, to time.Time) error {
	request := &apiv1.AwaitBarrierRequest{Clock: clock}
	if clock != "" {
		request.To = timestamppb.New(to)
	}
	if _, err := b.feeds.AwaitBarrier(b.authorized(ctx), request); err != nil {
		return fmt.Errorf("wait until all is decided: %w", err)
	}
	return nil
}

// units are those of the live measurements.
const units = 6

func unit(i int) string { return fmt.Sprintf("bench-%d", i%units) }

// register registers the units of the live measurements, once.
func (b *bench) register(ctx context.Context) error {
	if b.registered {
		return nil
	}
	b.registered = true
	var events []*feedv1.Event
	for i := range units {
		events = append(events, &feedv1.Event{
			Id: "unit/" + unit(i), Source: "bench", OccurredAt: timestamppb.New(time.Now().Add(-24 * time.Hour)),
			Payload: &feedv1.Event_UnitRegistered{UnitRegistered: &feedv1.UnitRegistered{
				Unit: unit(i), NameZh: unit(i), NameEn: unit(i), Kind: feedv1.UnitKind_UNIT_KIND_OUTLET,
			}},
		})
	}
	return b.push(ctx, events)
}
