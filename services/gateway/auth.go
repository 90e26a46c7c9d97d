package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	"kaohe.dev/services/gateway/access"
)

func unauthenticated(sent bool) *problem {
	if sent {
		return trouble(codes.Unauthenticated, "unauthenticated",
			"令牌不正确：请用数据目录中 admin.token 文件的内容，作为请求头 Authorization: Bearer <令牌>",
			"the token is not right: use the content of the file admin.token in the data directory, as the header Authorization: Bearer TOKEN")
	}
	return trouble(codes.Unauthenticated, "unauthenticated",
		"缺少令牌：请在请求头中加 Authorization: Bearer <令牌>；令牌在数据目录的 admin.token 文件中",
		"no token was sent: add the header Authorization: Bearer TOKEN; the token is in the file admin.token of the data directory")
}

// refusedAttempt logs what somebody who is known was refused: the trail of what
// did not happen. What he sent is not logged, and what he repeats is counted:
// nobody fills a disk by being refused.
func (g *Gateway) refusedAttempt(p *access.Principal, call, why string) {
	if left, told := g.refusals.take(p.ID); told {
		g.opts.Logger.Warn("a call was refused", "who", p.ID, "name", p.Name, "role", roleName(p.Role), "call", shortCall(call), "reason", why, "not_logged_before", left)
	}
}

func roleName(r contractv1.Role) string {
	return strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_"))
}

// shortCall is a call without the package of its service.
func shortCall(call string) string { return call[strings.LastIndex(call, "/")+1:] }

// recovered answers 500 where a handler panics; the process goes on.
func (g *Gateway) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if cause := recover(); cause != nil && cause != http.ErrAbortHandler {
				g.panicked(r.URL.Path, cause).write(w, r)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func (g *Gateway) panicked(where string, cause any) *problem {
	g.opts.Logger.Error("a call panicked", "call", where, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	return trouble(codes.Internal, "internal", "内部错误，已记入日志", "internal error, it is in the log")
}

func (g *Gateway) grpcServer() *grpc.Server {
	secure := insecure.NewCredentials()
	if g.opts.Certificate != nil {
		secure = credentials.NewTLS(g.opts.Certificate.Config("h2"))
	}
	server := grpc.NewServer(append(g.bounds(),
		grpc.Creds(secure),
		grpc.ChainUnaryInterceptor(g.unary),
		grpc.ChainStreamInterceptor(g.stream),
	)...)
	g.register(server)
	return server
}

// unary is around every call over gRPC.
func (g *Gateway) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = g.panicked(info.FullMethod, cause)
		}
		err = toStatus(ctx, err)
	}()
	arrived(ctx)
	known, err := g.identify(ctx, sentHeader(ctx), info.FullMethod)
	if err != nil {
		return nil, err
	}
	return g.permitted(known, request, info, handle)
}

func (g *Gateway) stream(server any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	ctx := s.Context()
	defer func() {
		if cause := recover(); cause != nil {
			err = g.panicked(info.FullMethod, cause)
		}
		err = toStatus(ctx, err)
	}()
	arrived(ctx)
	known, err := g.identify(ctx, sentHeader(ctx), info.FullMethod)
	if err != nil {
		return err
	}
	leave, err := g.streamed(known)
	if err != nil {
		return err
	}
	defer leave()
	known, release := g.until(known)
	defer release()
	known, forget := g.whileTrusted(known)
	defer forget()
	return g.permittedStream(server, &heldStream{ServerStream: s, ctx: known, step: g.opts.Limits.StepWithin}, info, handle)
}

// sentHeader is what a gRPC caller shows; of several, none.
func sentHeader(ctx context.Context) string {
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) == 1 {
		return values[0]
	}
	return ""
}

// until gives a context that also ends when the gateway stops.
func (g *Gateway) until(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	release := context.AfterFunc(g.ending, func() { cancel(stopping()) })
	return ctx, func() { release(); cancel(nil) }
}

// lookAgain is how often a stream makes sure that its reader may still read.
const lookAgain = time.Second

// whileTrusted gives a context that ends when what its caller has shown is not
// good any more: expired, or revoked.
func (g *Gateway) whileTrusted(ctx context.Context) (context.Context, func()) {
	header := identityOf(ctx).header
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		look := time.NewTicker(lookAgain)
		defer look.Stop()
		for {
			select {
			case <-look.C:
				if _, err := g.authenticate(ctx, header); errors.Is(err, access.ErrUnknown) {
					cancel(unauthenticated(true))
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

func stopping() *problem {
	return trouble(codes.Unavailable, "stopping", "服务正在停止，请稍后重连", "kaohe is stopping; connect again in a moment")
}

func toStatus(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return problemOf(err).grpcStatus(langOf(ctx))
}
