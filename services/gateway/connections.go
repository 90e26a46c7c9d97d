package gateway

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/tap"

	"kaohe.dev/services/gateway/lang"
	"kaohe.dev/services/internal/budget"
)

const (
	// maxCalls is how many calls one gRPC connection may have open; a client waits
	// by itself before it makes more.
	maxCalls = 250
	// maxArriving is how many calls over gRPC may be waited for whose message has
	// not come yet, and maxArrivingOfOne how many of one address: each may hold as
	// much memory as a message may have, and nobody knows yet whose it is.
	maxArriving      = 256
	maxArrivingOfOne = 64
	// pingEvery is how often a quiet gRPC connection is asked whether somebody is
	// there, pingWithin how soon he must answer, and pingAtMost how often a client
	// may ask.
	pingEvery, pingWithin, pingAtMost = time.Minute, 20 * time.Second, 10 * time.Second
	// maxAge is when a gRPC connection is told to make place for another; its
	// calls may end.
	maxAge = 2 * time.Hour
)

// pace is how fast callers must send and read.
func (g *Gateway) pace() budget.Pace {
	return budget.Pace{Whole: g.opts.Limits.BodyWithin, Step: g.opts.Limits.StepWithin}
}

// bounds are what connections and calls over gRPC are held to.
func (g *Gateway) bounds() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxBody), grpc.MaxConcurrentStreams(maxCalls), grpc.MaxHeaderListSize(maxHeader),
		grpc.ConnectionTimeout(g.opts.Limits.HeaderWithin), grpc.InTapHandle(g.arrives),
		grpc.ForceServerCodecV2(newCountedCodec()),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: g.opts.Limits.IdleFor, MaxConnectionAge: maxAge, Time: pingEvery, Timeout: pingWithin}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingAtMost, PermitWithoutStream: true}),
	}
}

// errCrowded refuses what comes over a connection too many.
func errCrowded() *problem {
	p := trouble(codes.ResourceExhausted, "too_many_connections", "连接过多，请关闭不用的连接，稍后重试", "there are too many connections; close those that are not used and try again in a moment")
	p.http, p.retry = http.StatusServiceUnavailable, retryAfter
	return p
}

// crowded answers over a connection too many, and ends it.
func (g *Gateway) crowded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.connections.Crowded(r.RemoteAddr) {
			w.Header().Set("Connection", "close")
			errCrowded().write(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// arrival is a call whose message has not come yet.
type arrival struct{ came func() }

type arrivalKey struct{}

// arrives counts a call over gRPC until its message is there, which must be soon:
// until then nobody has looked who calls.
func (g *Gateway) arrives(ctx context.Context, _ *tap.Info) (context.Context, error) {
	from, remote := "", ""
	if p, known := peer.FromContext(ctx); known && p.Addr != nil {
		remote, from = p.Addr.String(), budget.Host(p.Addr)
	}
	if g.connections.Crowded(remote) {
		return ctx, errCrowded().grpcStatus(lang.En)
	}
	leave, ok := g.arriving.Enter(from)
	if !ok {
		return ctx, errCrowded().grpcStatus(lang.En)
	}
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(g.opts.Limits.BodyWithin, cancel)
	came := func() { late.Stop(); leave() }
	context.AfterFunc(ctx, func() { came(); cancel() })
	return context.WithValue(ctx, arrivalKey{}, arrival{came}), nil
}

// arrived tells that the message of a call is there, or that it is a stream,
// whose caller is known.
func arrived(ctx context.Context) {
	if a, is := ctx.Value(arrivalKey{}).(arrival); is {
		a.came()
	}
}

// streamed counts a stream of a caller.
func (g *Gateway) streamed(ctx context.Context) (leave func(), err error) {
	leave, ok := g.streams.Enter(identityOf(ctx).principal.ID)
	if !ok {
		return nil, errStreams(g.opts.Limits.Streams)
	}
	return leave, nil
}

// streaming serves a stream over HTTP: it is counted as those over gRPC are, and
// ends when the gateway stops.
func (g *Gateway) streaming(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		leave, err := g.streamed(r.Context())
		if err != nil {
			problemOf(err).write(w, r)
			return
		}
		defer leave()
		ctx, release := g.until(r.Context())
		defer release()
		serve(w, r.WithContext(ctx))
	}
}

// streamCalls are the calls of the contract that are streams.
var streamCalls = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, m := range Calls() {
		all[fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())] = m.IsStreamingServer() || m.IsStreamingClient()
	}
	return all
})
