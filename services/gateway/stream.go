package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/traces"
)

// heartbeat is how often a quiet stream says that it lives, so that proxies
// keep it and a lost reader is noticed.
const heartbeat = 15 * time.Second

// errSlow ends the stream of a reader that does not keep up.
func errSlow() *problem {
	return trouble(codes.Aborted, "too_slow", "读取太慢，已断开；请从最后收到的序号继续",
		"you read too slowly and were cut off; go on behind the last sequence you have")
}

// ledger is one reader's way along the ledger: first the documents behind the
// place it has seen, then what happens.
type ledger struct {
	live  *views.Subscription
	views *views.Views
	watch views.Watch
	at    uint64
	// sent names a span of sending, by tracer.
	sent   string
	tracer *traces.Tracer
}

// watch subscribes for who is sent records in a way that sent names; a nil
// after is from now on.
func (g *Gateway) watch(ctx context.Context, w views.Watch, after *uint64, sent string) (*ledger, error) {
	l := &ledger{live: g.views.Subscribe(w), views: g.views, watch: w, sent: sent, tracer: g.opts.Tracer}
	l.at = l.live.After
	if after == nil {
		return l, nil
	}
	if *after > l.live.After {
		last, err := g.opts.Bus.End(ctx, bus.Ledger)
		if err == nil && *after > last {
			err = trouble(codes.OutOfRange, "no_such_place", "账本只到 %[1]d，没有 %[2]d；账本可能已重建，请重新读取",
				"the ledger ends at %[1]d, there is no %[2]d; it may have been rebuilt: read anew", last, *after)
		}
		if err != nil {
			l.close()
			return nil, err
		}
	}
	l.at = *after
	return l, nil
}

func (l *ledger) close() { l.live.Close() }

// run hands on record after record, each once, until the context ends. Idle is
// called when nothing happened for a heartbeat.
func (l *ledger) run(ctx context.Context, write func(*ledgerv1.Record) error, idle func() error) error {
	defer l.close()
	send := func(r *ledgerv1.Record) error { return write(l.views.NotedIn(r)) }
	for l.at < l.live.After {
		records, reached, err := l.views.Since(ctx, l.watch, l.at, l.live.After)
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := send(r); err != nil {
				return err
			}
		}
		l.at = reached
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case n, open := <-l.live.Records():
			if !open {
				return errSlow()
			}
			if views.SequenceOf(n.Record) <= l.at {
				continue
			}
			span := l.tracer.Follow(n.Trace, l.sent, time.Time{})
			err := send(n.Record)
			span.End(err)
			if err != nil {
				return err
			}
		case <-beat.C:
			if err := idle(); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// StreamLedger gives entries and score changes as they happen.
func (s *scoreServer) StreamLedger(r *apiv1.StreamLedgerRequest, stream grpc.ServerStreamingServer[ledgerv1.Record]) error {
	l, err := s.g.watch(stream.Context(), views.Watch{Month: r.Month, Unit: r.Unit}, r.AfterSequence, "gRPC sent")
	if err != nil {
		return err
	}
	// The header tells the caller that he is subscribed.
	if err := stream.SendHeader(nil); err != nil {
		l.close()
		return err
	}
	return l.run(stream.Context(), stream.Send, func() error { return nil })
}

// serveEvents is GET /v1/stream: the same as server-sent events.
func (g *Gateway) serveEvents(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	after, p := resumeAt(r)
	if p != nil {
		p.write(w, r)
		return
	}
	ctx, forget := g.whileTrusted(r.Context())
	defer forget()
	l, err := g.watch(ctx, views.Watch{Month: query.Get("month"), Unit: unitAsked(r)}, after, "SSE sent")
	if err != nil {
		problemOf(err).write(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("X-Accel-Buffering", "no")
	out := &eventWriter{w: w, control: http.NewResponseController(w)}
	if err := out.write("retry: 1000\n: connected at %d\n\n", l.at); err != nil {
		l.close()
		return
	}
	// The stream ends when the reader is gone, too slow, or kaohe stops; the
	// reader comes back with the last id.
	_ = l.run(ctx, out.record, func() error { return out.write(": alive\n\n") })
}

func resumeAt(r *http.Request) (*uint64, *problem) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("last_event_id")
	}
	if text == "" {
		return nil, nil
	}
	after, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil, trouble(codes.InvalidArgument, "bad_event_id", "Last-Event-ID 应为账本序号（整数）",
			"Last-Event-ID must be a sequence of the ledger, a whole number").at("last_event_id", text)
	}
	return &after, nil
}

// eventWriter writes server-sent events and flushes each.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (e *eventWriter) record(r *ledgerv1.Record) error {
	name, raw, err := "entry", []byte(nil), error(nil)
	if entry := r.GetEntry(); entry != nil {
		raw, err = toJSON.Marshal(entry)
	} else {
		name = "score"
		raw, err = toJSON.Marshal(r.GetScorecard())
	}
	if err != nil {
		return err
	}
	return e.write("event: %s\nid: %d\ndata: %s\n\n", name, views.SequenceOf(r), raw)
}

func (e *eventWriter) write(format string, args ...any) error {
	if _, err := fmt.Fprintf(e.w, format, args...); err != nil {
		return err
	}
	return e.control.Flush()
}
