package gateway

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/chain"
	"kaohe.dev/services/scoring"
)

// logServer is the LogService.
type logServer struct {
	apiv1.UnimplementedLogServiceServer
	g *Gateway
}

// readFeed gives the events of the feed up to a place, those of a message
// together, with the place of the last, and tells whether the feed is as it was
// written. What cannot be read is left out: ticket-ingest quarantines it.
func (g *Gateway) readFeed(ctx context.Context, upTo uint64, take func(events []*feedv1.Event, at uint64) error) (*apiv1.LogState, error) {
	reader, err := g.opts.Bus.ReadChecked(ctx, 0)
	if errors.Is(err, bus.ErrArchived) {
		return nil, trouble(codes.FailedPrecondition, "archived", "日志较早的部分已归档：%v；请用 kaohe up --archive 归档目录 启动后重试",
			"the oldest part of the log was archived: %v; start kaohe with --archive and the directory, and try again", err)
	}
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	checker := chain.NewChecker(g.opts.KnownSigner)
	// Messages are decoded on all processors and given in their order.
	var decoding []<-chan stretch
	for read := uint64(0); read < upTo || len(decoding) > 0; {
		if read >= upTo || len(decoding) == 2*runtime.GOMAXPROCS(0) {
			next := <-decoding[0]
			decoding = decoding[1:]
			if err := take(next.events, next.at); err != nil {
				return nil, err
			}
			continue
		}
		select {
		case batch, open := <-reader.Deliveries():
			if !open {
				return nil, reader.Err()
			}
			bus.Check(checker, batch)
			read = batch[len(batch)-1].Sequence
			decoded := make(chan stretch, 1)
			go func() { decoded <- decodeFeed(batch, upTo) }()
			decoding = append(decoding, decoded)
		case <-ctx.Done():
			return nil, fmt.Errorf("read the feed: %w", context.Cause(ctx))
		}
	}
	return logStateOf(checker.Report()), nil
}

// stretch is what a message of the feed holds, and the place of its end.
type stretch struct {
	events []*feedv1.Event
	at     uint64
}

// decodeFeed decodes a message, without what is in it behind a place.
func decodeFeed(batch []bus.Delivery, upTo uint64) stretch {
	s := stretch{events: make([]*feedv1.Event, 0, len(batch))}
	for _, d := range batch {
		if d.Sequence > upTo {
			break
		}
		s.at = d.Sequence
		if d.Empty {
			continue
		}
		if event := new(feedv1.Event); proto.Unmarshal(d.Data, event) == nil {
			s.events = append(s.events, event)
		}
	}
	return s
}

// ExportEvents gives the log up to a barrier, and the seal.
func (s *logServer) ExportEvents(r *apiv1.ExportEventsRequest, stream grpc.ServerStreamingServer[apiv1.ExportEventsResponse]) error {
	ctx := stream.Context()
	what := "events"
	if r.SealOnly {
		what = "seal only"
	}
	if err := s.g.record(ctx, "ExportEvents", "", what); err != nil {
		return err
	}
	passed, err := s.g.awaitNow(ctx)
	if err != nil {
		return err
	}
	seal := &apiv1.Seal{AsOf: passed.To}
	seal.Log, err = s.g.readFeed(ctx, passed.FeedSequence, func(events []*feedv1.Event, at uint64) error {
		seal.Events += int64(len(events))
		if r.SealOnly {
			return nil
		}
		return stream.Send(&apiv1.ExportEventsResponse{Events: events, EventsTotal: estimate(seal.Events, at, passed.FeedSequence)})
	})
	if err != nil {
		return err
	}
	months, err := s.g.views.Months(ctx)
	if err != nil {
		return err
	}
	slices.Sort(months)
	for _, month := range months {
		v := verification{g: s.g, month: month, passed: passed}
		live, err := v.live(ctx)
		if err != nil {
			return err
		}
		seal.Months = append(seal.Months, &apiv1.MonthSeal{Month: month, Entries: int64(len(live)), Hash: scoring.Hash(live), FormerHash: scoring.FormerHash(live)})
	}
	return stream.Send(&apiv1.ExportEventsResponse{EventsTotal: seal.Events, Seal: seal})
}

// estimate tells how many events there will be when some were read up to a
// place: places have gaps.
func estimate(read int64, at, upTo uint64) int64 {
	return int64(float64(read) * float64(upTo) / float64(max(at, 1)))
}
