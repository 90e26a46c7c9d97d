package gateway

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/decode"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/lang"
)

// traceparent is the header, or metadata, by which a caller has his events
// followed: a W3C trace context.
const traceparent = "traceparent"

// pushEvents is POST /v1/events: each event has its own verdict, whatever the
// others are; 400 only when the body as a whole cannot be read.
func (g *Gateway) pushEvents(w http.ResponseWriter, r *http.Request) {
	body := received(r)
	done, err := g.admission.queue(access.Of(r.Context()).ID, len(body))
	if err != nil {
		problemOf(err).write(w, r)
		return
	}
	defer done()
	items, refusal := decode.Body(r.Header, body)
	if refusal != nil {
		refused(refusal).write(w, r)
		return
	}
	ctx := g.opts.Tracer.Incoming(r.Context(), r.Header.Get(traceparent))
	answer, err := g.push(ctx, langOfRequest(r), items)
	if err != nil {
		problemOf(err).write(w, r)
		return
	}
	writeMessage(w, r, answer)
}

// refused makes a problem of a body that was refused as a whole.
func refused(r *door.Refusal) *problem {
	p := &problem{status: codes.InvalidArgument, name: r.Code, text: r.Text}
	return p.at(r.Field, r.Value)
}

func (g *Gateway) push(ctx context.Context, l lang.Lang, items []door.Item) (*apiv1.PushEventsResponse, error) {
	who, refused := access.Of(ctx), 0
	for i := range items {
		if e := items[i].Event; e != nil {
			if refusal := g.maySend(who, e); refusal != nil {
				refused++
				items[i] = door.Item{ID: e.Id, Refusal: refusal}
			}
		}
	}
	if refused > 0 {
		g.refusedAttempt(who, apiv1.FeedService_PushEvents_FullMethodName, fmt.Sprintf("%d events the role may not send", refused))
	}
	verdicts, err := g.door.Push(ctx, l, items)
	if err != nil {
		return nil, err
	}
	answer := &apiv1.PushEventsResponse{Verdicts: verdicts}
	for _, v := range verdicts {
		switch v.Status {
		case apiv1.EventStatus_EVENT_STATUS_ACCEPTED:
			answer.Accepted++
		case apiv1.EventStatus_EVENT_STATUS_DUPLICATE:
			answer.Duplicates++
		default:
			answer.Rejected++
		}
	}
	return answer, nil
}

// maySend refuses an event that is not the caller's to send, or in which he
// names another as the one who stands for it; it notes who does.
func (g *Gateway) maySend(who *access.Principal, e *feedv1.Event) *door.Refusal {
	if !g.access.MaySend(who.Role, e) {
		return door.Refuse(cmp.Or(flow.EventType(e), "payload"), "", "permission_denied",
			"角色 %[1]s 无权发送这类事件", "the role %[1]s may not send events like this", roleName(who.Role))
	}
	if reserved(e.Source) {
		return door.Refuse("source", e.Source, "reserved_source", "来源 %[1]s 由 kaohe 自己使用，请用来源系统的名称", "the source %[1]s is kaohe's own; use the name of your system", e.Source)
	}
	if field, person, ok := g.access.Sign(who, e); !ok {
		return door.Refuse(field, person, "not_the_caller", "只能以本人 %[1]q 的名义；代人员办理需要有 speaks-for-persons 权限的令牌",
			"it stands in your own name, %[1]q; naming others needs a token with the right speaks-for-persons", who.Person())
	}
	return nil
}
