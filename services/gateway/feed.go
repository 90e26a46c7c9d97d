package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/nats-io/nuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/decode"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/lang"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/internal/bus"
)

// feedServer is the FeedService.
type feedServer struct {
	apiv1.UnimplementedFeedServiceServer
	g *Gateway
}

// maxRejections is how many refusals a stream's sum tells one by one.
const maxRejections = 100

func itemsOf(events []*feedv1.Event) ([]door.Item, error) {
	if len(events) > decode.MaxEvents {
		return nil, refused(decode.TooMany(len(events)))
	}
	items := make([]door.Item, len(events))
	for i, e := range events {
		if e == nil {
			e = &feedv1.Event{}
		}
		items[i].Event = e
	}
	return items, nil
}

// PushEvents gives each event its verdict.
func (s *feedServer) PushEvents(ctx context.Context, r *apiv1.PushEventsRequest) (*apiv1.PushEventsResponse, error) {
	items, err := itemsOf(r.Events)
	if err != nil {
		return nil, err
	}
	return s.pushAdmitted(ctx, langOf(ctx), r, items)
}

// pushAdmitted pushes what a message holds, if there is room for it.
func (s *feedServer) pushAdmitted(ctx context.Context, l lang.Lang, m proto.Message, items []door.Item) (*apiv1.PushEventsResponse, error) {
	who, size := access.Of(ctx).ID, proto.Size(m)
	share := s.g.admission.pushes.Open(who)
	defer share.Close()
	if !share.Take(int64(size)) {
		return nil, s.g.admission.tooMuch("room")
	}
	done, err := s.g.admission.queue(who, size)
	if err != nil {
		return nil, err
	}
	defer done()
	if sent := metadata.ValueFromIncomingContext(ctx, traceparent); len(sent) == 1 {
		ctx = s.g.opts.Tracer.Incoming(ctx, sent[0])
	}
	return s.g.push(ctx, l, items)
}

// StreamEvents takes events message by message and answers with the sum.
func (s *feedServer) StreamEvents(stream grpc.ClientStreamingServer[apiv1.StreamEventsRequest, apiv1.StreamEventsResponse]) error {
	sum := &apiv1.StreamEventsResponse{}
	l := langOf(stream.Context())
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(sum)
		}
		if err != nil {
			return err
		}
		items, err := itemsOf(r.Events)
		if err != nil {
			return err
		}
		answer, err := s.pushAdmitted(stream.Context(), l, r, items)
		if err != nil {
			return err
		}
		sum.Accepted += answer.Accepted
		sum.Duplicates += answer.Duplicates
		sum.Rejected += answer.Rejected
		for _, v := range answer.Verdicts {
			if v.Status == apiv1.EventStatus_EVENT_STATUS_REJECTED && len(sum.Rejections) < maxRejections {
				sum.Rejections = append(sum.Rejections, v)
			}
		}
	}
}

// AwaitBarrier appends a marker and waits until all services have passed it.
func (s *feedServer) AwaitBarrier(ctx context.Context, r *apiv1.AwaitBarrierRequest) (*apiv1.AwaitBarrierResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	to := timestamppb.New(s.g.opts.Now())
	if r.Clock != "" {
		if to = r.To; to == nil {
			return nil, trouble(codes.InvalidArgument, "required", "命名时钟需要 to：推进到哪个时间",
				"a named clock needs to: the instant it moves to").at("to", "")
		}
	}
	if err := to.CheckValid(); err != nil {
		return nil, trouble(codes.InvalidArgument, "bad_instant", "不是有效时间：%v", "not a valid instant: %v", err).at("to", to.String())
	}
	barrier, err := s.g.await(ctx, r.Clock, to)
	if err != nil {
		return nil, err
	}
	return &apiv1.AwaitBarrierResponse{Barrier: barrier.Barrier}, nil
}

// awaitNow waits until all that came before now is decided.
func (g *Gateway) awaitNow(ctx context.Context) (views.Passed, error) {
	return g.await(ctx, "", timestamppb.New(g.opts.Now()))
}

// Settle waits until all of the log as it is now is decided and can be seen. It
// ends when the gateway stops.
func (g *Gateway) Settle(ctx context.Context) error { return g.settled(ctx) }

// settled waits until ticket-ingest has committed all that came before now. A
// marker leaves it before its documents are committed, but a second marker finds
// those of the first committed: a batch is not begun before the last one is.
func (g *Gateway) settled(ctx context.Context) error {
	if _, err := g.awaitNow(ctx); err != nil {
		return err
	}
	_, err := g.awaitNow(ctx)
	return err
}

// await moves a clock and waits until the views hold all that came before.
func (g *Gateway) await(ctx context.Context, clock string, to *timestamppb.Timestamp) (views.Passed, error) {
	ctx, release := g.until(ctx)
	defer release()
	name := "gateway-" + nuid.Next()
	passed, forget := g.views.Expect(name)
	defer forget()
	now := flow.At(g.opts.Now())
	data, err := proto.Marshal(&feedv1.Event{
		Id: name, Source: ownSource, OccurredAt: now, ReceivedAt: now, Clock: clock, Sender: access.Of(ctx).ID,
		Payload: &feedv1.Event_ClockAdvanced{ClockAdvanced: &feedv1.ClockAdvanced{Clock: clock, To: to, Barrier: name}},
	})
	if err != nil {
		return views.Passed{}, fmt.Errorf("encode a marker: %w", err)
	}
	_, err = g.opts.Bus.Append(ctx, []bus.Message{{Subject: bus.FeedEvents, Data: data}})
	if errors.Is(err, bus.ErrFull) {
		return views.Passed{}, err
	}
	if err != nil {
		return views.Passed{}, later("标记暂时无法落盘，请重试：%v", "the marker could not be stored now; try again: %v", err)
	}
	select {
	case barrier := <-passed:
		return barrier, g.views.AwaitPolicy(ctx)
	case <-ctx.Done():
		return views.Passed{}, context.Cause(ctx)
	}
}
