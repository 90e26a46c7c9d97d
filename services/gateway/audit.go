package gateway

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nuid"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/identity"
	"kaohe.dev/services/internal/bus"
)

// The trail is the log: what changes a score is an event with its sender
// anyway, and other calls that write are noted beside them. So the trail is as
// durable as the log, is backed up and restored with it, survives a rebuild,
// and costs nothing where events come in.

// record notes in the log what who is in the context is about to do.
func (g *Gateway) record(ctx context.Context, call, about, detail string) error {
	who := access.Of(ctx)
	now := flow.At(g.opts.Now())
	data, err := proto.Marshal(&feedv1.Event{
		Id: "call-" + nuid.Next(), Source: ownSource, OccurredAt: now, ReceivedAt: now, Sender: who.ID,
		Payload: &feedv1.Event_CallMade{CallMade: &feedv1.CallMade{
			Call: call, About: about, Detail: detail, Name: who.Name, Role: roleName(who.Role),
		}},
	})
	if err != nil {
		return fmt.Errorf("encode a call for the trail: %w", err)
	}
	if _, err := g.opts.Bus.Append(ctx, []bus.Message{{Subject: bus.FeedBatches, Data: data}}); err != nil {
		return later("调用暂时无法记入审计，未执行，请重试：%v",
			"the call could not be noted in the audit trail and was not done; try again: %v", err)
	}
	return nil
}

// ownSource is the source of what comes into the log by other calls than a
// push, and the name of the program itself in the trail.
const ownSource = "kaohe"

// reserved reports whether a source is kaohe's own, however it is written: what
// kaohe says itself nobody else can say before it, or instead of it.
func reserved(source string) bool {
	folded := cases.Fold().String(norm.NFKC.String(strings.TrimSpace(source)))
	if folded == ownSource {
		return true
	}
	for _, prefix := range []string{ownSource + ":", "import:", "local:", identity.Prefix} {
		if strings.HasPrefix(folded, prefix) {
			return true
		}
	}
	return false
}

// auditServer is the AuditService.
type auditServer struct {
	apiv1.UnimplementedAuditServiceServer
	g *Gateway
}

// maxScan is how many events one call looks at: who writes seldom is found page
// by page.
const maxScan = 50_000

// ListAudit reads the log from a place on.
func (s *auditServer) ListAudit(ctx context.Context, r *apiv1.ListAuditRequest) (*apiv1.ListAuditResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if r.Since != nil && r.Since.CheckValid() != nil {
		return nil, trouble(codes.InvalidArgument, "bad_instant", "since 不是有效时间", "since is not a valid instant").at("since", r.Since.String())
	}
	from, err := s.from(ctx, r)
	if err != nil || from == 0 {
		return &apiv1.ListAuditResponse{}, err
	}
	last, err := s.g.opts.Bus.Last(ctx, bus.Feed)
	if err != nil {
		return nil, err
	}
	reader, err := s.g.opts.Bus.Read(ctx, bus.Feed, []string{"feed.>"}, from-1)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	page := &trail{request: r, size: int(r.PageSize), answer: &apiv1.ListAuditResponse{}, name: func(id string) string { return s.g.tokens.Name(ctx, id) }}
	if page.size == 0 {
		page.size = defaultPage
	}
	for at := uint64(0); at < last; {
		select {
		case batch, open := <-reader.Deliveries():
			if !open {
				return nil, reader.Err()
			}
			if page.take(batch) {
				return page.answer, nil
			}
			at = batch[len(batch)-1].Sequence
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return page.answer, nil
}

// from gives the first place to look at; 0: there is none.
func (s *auditServer) from(ctx context.Context, r *apiv1.ListAuditRequest) (uint64, error) {
	if r.PageToken == "" {
		return s.g.opts.Bus.Since(ctx, bus.Feed, r.Since.AsTime())
	}
	from, err := strconv.ParseUint(r.PageToken, 10, 64)
	if end, endErr := s.g.opts.Bus.End(ctx, bus.Feed); endErr != nil {
		return 0, endErr
	} else if err != nil || from == 0 || from > end {
		return 0, trouble(codes.InvalidArgument, "bad_page_token", "分页标记无效，请从第一页重新读取",
			"the page token is not valid; start again without one").at("page_token", r.PageToken)
	}
	return from, nil
}

// trail is a page being filled.
type trail struct {
	request *apiv1.ListAuditRequest
	size    int
	scanned int
	name    func(id string) string
	answer  *apiv1.ListAuditResponse
}

// take takes what was written together and reports whether the page is full.
func (t *trail) take(batch []bus.Delivery) bool {
	for _, d := range batch {
		if len(t.answer.Records) == t.size || t.scanned == maxScan {
			// Where it is read on is there, so that reading on ends.
			t.answer.NextPageToken = strconv.FormatUint(d.Sequence, 10)
			return true
		}
		t.scanned++
		e := &feedv1.Event{}
		if d.Empty || proto.Unmarshal(d.Data, e) != nil {
			continue // ticket-ingest sets it aside
		}
		if r := t.recorded(d, e); t.wanted(r) {
			t.answer.Records = append(t.answer.Records, r)
		}
	}
	return false
}

func (t *trail) recorded(d bus.Delivery, e *feedv1.Event) *apiv1.AuditRecord {
	r := &apiv1.AuditRecord{Sequence: d.Sequence, At: e.ReceivedAt, Who: e.Sender, What: flow.EventType(e), Event: e}
	if r.At == nil { // written past the door
		r.At = flow.At(d.Stored)
	}
	if r.Who == "" && e.Source == ownSource {
		r.Who = ownSource
	}
	if book := e.GetRulebookPublished(); book != nil {
		book.Yaml = ""
	}
	return r
}

func (t *trail) wanted(r *apiv1.AuditRecord) bool {
	q := t.request
	if q.Who != "" && q.Who != r.Who || q.What != "" && q.What != r.What || q.Since != nil && r.At.AsTime().Before(q.Since.AsTime()) {
		return false
	}
	if r.Name = r.Event.GetCallMade().GetName(); r.Name == "" {
		r.Name = t.name(r.Who)
	}
	return true
}
