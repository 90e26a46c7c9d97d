// Package again makes the calls of a client wait out what passes: a gateway that
// refuses for now, restarts, or is cut off for a while.
//
// In flow calls, out flow their answers, later perhaps. Never here: what becomes
// of an answer.
//
//  1. What the gateway refused before doing it, and says when to come again, is
//     always sent again.
//  2. Where nobody knows whether a call was done, only those are made again that
//     may be: what only reads, and what is recognised the second time.
//  3. A gateway that has never answered is reported at once: it does not run, or
//     elsewhere.
package again

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"kaohe.dev/services/internal/pause"
)

// Pauses between two attempts of a call.
const (
	First   = 250 * time.Millisecond
	Longest = 5 * time.Second
)

// Quiet is how long a call waits before anything is said of it: a gateway
// that has much to do makes its callers wait a moment now and then.
const Quiet = 2 * time.Second

// Options say how long to wait, and who is told.
type Options struct {
	// Patience is how long one call is tried.
	Patience time.Duration
	// Told hears why a call waits, and how long; may be nil.
	Told func(why error, wait time.Duration)
}

// Patience is how long a person's command waits for a gateway.
const Patience = 10 * time.Minute

// GaveUpError says that a call was tried for so long, and what came of the last
// attempt.
type GaveUpError struct {
	Waited time.Duration
	Last   error
}

// Error gives the last attempt's.
func (e *GaveUpError) Error() string {
	return fmt.Sprintf("tried for %s: %v", e.Waited.Round(time.Second), e.Last)
}

// Unwrap gives the last attempt's error.
func (e *GaveUpError) Unwrap() error { return e.Last }

// Unary waits and calls again, for every call of a connection.
func Unary(o Options) grpc.UnaryClientInterceptor {
	var answers atomic.Bool // the gateway has answered once
	return func(ctx context.Context, method string, request, reply any, c *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		began, wait := time.Now(), pause.Between(First, Longest)
		for {
			err := invoke(ctx, method, request, reply, c, opts...)
			if Answered(err) {
				answers.Store(true)
			}
			next, outage := Delay(err), false
			if next == 0 && Passing(err) && repeatable(method) && answers.Load() {
				outage = true
			} else if next == 0 {
				return err
			}
			next = max(next, wait.Next())
			waited := time.Since(began)
			if waited+next > o.Patience {
				return &GaveUpError{waited, err}
			}
			if o.Told != nil && (outage || waited+next > Quiet) {
				o.Told(err, next)
			}
			if !pause.Sleep(ctx, next) {
				return ctx.Err()
			}
		}
	}
}

// Delay is when a refusal says to come again; 0: it does not.
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

// Passing reports whether an error may be over soon: nobody there, nobody who
// can, nobody in time.
func Passing(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

// Answered reports whether a gateway said something, if only why it cannot now.
func Answered(err error) bool {
	state, _ := status.FromError(err)
	if state.Code() != codes.Unavailable {
		return true
	}
	for _, detail := range state.Details() {
		if info, told := detail.(*errdetails.ErrorInfo); told && info.Domain == "kaohe" {
			return true
		}
	}
	return false
}
