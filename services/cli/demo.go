package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/app"
	"kaohe.dev/services/simulate"
)

// How the demo plays: a tick, a batch, and how often the table is drawn.
const (
	demoTick  = 100 * time.Millisecond
	demoBatch = 500
	demoDraw  = time.Second
)

// demonstration is what the flags of a demo say.
type demonstration struct {
	config      app.Config
	month       string
	seed        uint64
	speed       float64
	once, print bool
}

func (s *session) demo() *cobra.Command {
	d := demonstration{config: app.Defaults(), seed: 1, speed: 15_000}
	cmd := &cobra.Command{
		Use: "demo", Args: cobra.NoArgs,
		Short: s.say("播放一个模拟月份，看分数变化", "play a simulated month and watch the scores move"),
		Long: s.say("在全新的演示目录中启动 kaohe，把一个模拟月份的事件经由真实入口按序送入，实时显示得分和最近的加减分。",
			"Starts kaohe in a fresh directory and pushes the events of a simulated month through the real door, in the\norder they happen; shows the scores and the latest entries as they change."),
		Example: s.examples(
			"kaohe demo", s.say("约三分钟播完一个月", "a month in about three minutes"),
			"kaohe demo --speed 0 --once", s.say("尽快播完并退出", "as fast as possible, then exit"),
			"kaohe demo --print > feed.ndjson", s.say("只输出事件", "only print the events")),
		RunE: func(cmd *cobra.Command, _ []string) error { return s.demonstrate(cmd.Context(), d) },
	}
	d.config.Data = "./demo-data"
	f := cmd.Flags()
	f.StringVar(&d.config.Data, "data", d.config.Data, s.say("演示目录，每次重建", "directory of the demo, made anew each time"))
	f.StringVar(&d.config.HTTP, "http", d.config.HTTP, s.say("REST 和页面的监听地址", "listen address of REST and the page"))
	f.StringVar(&d.config.GRPC, "grpc", d.config.GRPC, s.say("gRPC 的监听地址", "listen address of gRPC"))
	f.Uint64Var(&d.seed, "seed", d.seed, s.say("随机种子，相同种子得到相同事件", "seed: the same seed gives the same events"))
	s.monthFlag(cmd, &d.month)
	f.Float64Var(&d.speed, "speed", d.speed, s.say("每秒模拟多少秒，0 为尽快", "simulated seconds a second; 0: as fast as possible"))
	f.BoolVar(&d.once, "once", false, s.say("播完即退出", "exit when the month has been played"))
	f.BoolVar(&d.print, "print", false, s.say("只把事件逐行输出", "only print the events, one a line"))
	return cmd
}

func (s *session) demonstrate(ctx context.Context, d demonstration) error {
	if d.speed < 0 {
		return usageError{"kaohe demo", fmt.Errorf("--speed %v: %s", d.speed, s.say("不能为负", "it cannot be negative"))}
	}
	every := clockStep
	if d.speed == 0 || d.print {
		every = clockRarely
	}
	events, err := script(d.seed, d.month, every)
	if err != nil {
		return usageError{"kaohe demo", err}
	}
	if d.print {
		return s.printEvents(events)
	}
	if err := s.freshDirectory(d.config.Data); err != nil {
		return err
	}
	a, err := app.New(d.config)
	if err != nil {
		return usageError{"kaohe demo", err}
	}
	return s.running(ctx, a, func(ctx context.Context) error {
		s.whereToLook(d.config, a, true)
		s.addr = a.GRPCAddr()
		r, err := s.connect(a.GRPCAddr(), insecure.NewCredentials())
		if err != nil {
			return err
		}
		defer r.close()
		return s.play(s.authorized(ctx, a.Token()), r, d, events)
	})
}

func (s *session) printEvents(events []*feedv1.Event) error {
	out := bufio.NewWriter(s.Out)
	for _, e := range events {
		raw, err := protojson.Marshal(e)
		if err != nil {
			return fmt.Errorf("write event: %w", err)
		}
		_, _ = out.Write(append(raw, '\n'))
	}
	return out.Flush()
}

// play plays the month and keeps the board up to date until it is over, and
// then until the context ends.
func (s *session) play(ctx context.Context, r *remote, d demonstration, events []*feedv1.Event) error {
	p := &player{events: events, speed: d.speed}
	b := s.newBoard(d.month)
	watching, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan error, 1)
	from := uint64(0)
	go func() {
		watched <- s.stream(watching, r, &apiv1.StreamLedgerRequest{Month: d.month, AfterSequence: &from}, b.take)
	}()
	if err := s.feedAll(ctx, r, p, b); err != nil {
		return err
	}
	_, err := r.feed.AwaitBarrier(ctx, &apiv1.AwaitBarrierRequest{Clock: simulate.Clock, To: timestamppb.New(p.now())})
	if err != nil {
		return err
	}
	if err := s.finalBoard(ctx, r, b, p.now()); err != nil || d.once {
		return err
	}
	s.note(s.say("播放完毕；页面仍可查看，按 Ctrl-C 停止", "the month is over; the page stays up, stop with Ctrl-C"))
	select {
	case <-ctx.Done():
		return nil
	case err := <-watched:
		return err
	}
}

// feedAll pushes what is due until all is pushed.
func (s *session) feedAll(ctx context.Context, r *remote, p *player, b *board) error {
	began, drawn := time.Now(), time.Time{}
	tick := time.NewTicker(demoTick)
	defer tick.Stop()
	for !p.over() {
		batch := p.due(time.Since(began), demoBatch)
		if len(batch) > 0 {
			answer, err := r.push(ctx, batch)
			if err != nil {
				return err
			}
			if err := firstRejection(answer); err != nil {
				return err
			}
		}
		if time.Since(drawn) >= demoDraw {
			drawn = time.Now()
			b.draw(p.now())
		}
		if len(batch) == demoBatch {
			continue // more is due
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// finalBoard shows the scores as they are in the end.
func (s *session) finalBoard(ctx context.Context, r *remote, b *board, at time.Time) error {
	list, err := r.scores.ListScorecards(ctx, &apiv1.ListScorecardsRequest{Month: b.month})
	if err != nil {
		return err
	}
	b.replace(list.Scorecards)
	b.draw(at)
	return nil
}

func firstRejection(answer *apiv1.PushEventsResponse) error {
	for _, v := range answer.Verdicts {
		if v.Status == apiv1.EventStatus_EVENT_STATUS_REJECTED {
			return errors.New(refusal(v))
		}
	}
	return nil
}
