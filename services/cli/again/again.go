// Package again pushes events to a gateway and comes again when it is told to:
// a gateway that has too much on its way refuses and says when.
//
// In flow events, out flow the gateway's answer. Never here: what becomes of a
// refusal of an event.
package again

import (
	"context"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// Push pushes until the gateway takes the events or refuses them for good.
func Push(ctx context.Context, feed apiv1.FeedServiceClient, r *apiv1.PushEventsRequest) (*apiv1.PushEventsResponse, error) {
	for {
		answer, err := feed.PushEvents(ctx, r)
		wait := Delay(err)
		if wait == 0 {
			return answer, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Delay is when an error says to come again; 0: it does not.
func Delay(err error) time.Duration {
	state, ok := status.FromError(err)
	if !ok || state.Code() != codes.ResourceExhausted {
		return 0
	}
	for _, detail := range state.Details() {
		if info, told := detail.(*errdetails.RetryInfo); told {
			return info.RetryDelay.AsDuration()
		}
	}
	return 0
}
