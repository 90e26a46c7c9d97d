package gateway

import (
	"context"

	"github.com/nats-io/nuid"
	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/lang"
)

// person is how the caller is called in what he decides.
func person(ctx context.Context) string { return access.Of(ctx).Person() }

// event completes an event that a call makes.
func (g *Gateway) event(ctx context.Context, e *feedv1.Event) *feedv1.Event {
	e.Id, e.Source, e.OccurredAt = flow.EventType(e)+"-"+nuid.Next(), ownSource, flow.At(g.opts.Now())
	g.access.Sign(access.Of(ctx), e) // the call has named its caller
	return e
}

// tell sends an event that a call makes, after it was checked, and waits until
// the views show what it did.
func (g *Gateway) tell(ctx context.Context, e *feedv1.Event) error {
	e = g.event(ctx, e)
	ctx, release := g.until(ctx)
	defer release()
	passed, forget := g.views.Expect(flow.EventRef(e))
	defer forget()
	verdicts, err := g.door.Push(ctx, langOf(ctx), []door.Item{{Event: e}})
	if err != nil {
		return err
	}
	if v := verdicts[0]; v.Status == apiv1.EventStatus_EVENT_STATUS_REJECTED {
		refused := v.Error
		return &problem{
			status: codes.InvalidArgument, name: refused.GetCode(), field: refused.GetField(), value: refused.GetValue(),
			text: lang.Text(refused.GetReason(), refused.GetReason()), // it is in the caller's language
		}
	}
	if !flow.TakesEffectInPlace(e) {
		_, err := g.awaitNow(ctx)
		return err
	}
	select {
	case <-passed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
