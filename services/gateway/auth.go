package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

// authorized compares hashes, in constant time: neither content nor length of
// the token can be guessed from how long it takes.
func (g *Gateway) authorized(header string) bool {
	scheme, token, _ := strings.Cut(header, " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return strings.EqualFold(scheme, "bearer") && subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}

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

// guard lets only callers with the token through.
func (g *Gateway) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		if !g.authorized(header) {
			unauthenticated(header != "").write(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

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
	return g.register(grpc.NewServer(
		grpc.MaxRecvMsgSize(maxBody),
		grpc.ChainUnaryInterceptor(g.unary),
		grpc.ChainStreamInterceptor(g.stream),
	))
}

func (g *Gateway) admit(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	values := md.Get("authorization")
	if len(values) == 1 && g.authorized(values[0]) {
		return nil
	}
	return unauthenticated(len(values) > 0)
}

func (g *Gateway) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = g.panicked(info.FullMethod, cause)
		}
		err = toStatus(ctx, err)
	}()
	if err := g.admit(ctx); err != nil {
		return nil, err
	}
	return handle(ctx, request)
}

func (g *Gateway) stream(server any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	ctx := s.Context()
	defer func() {
		if cause := recover(); cause != nil {
			err = g.panicked(info.FullMethod, cause)
		}
		err = toStatus(ctx, err)
	}()
	if err := g.admit(ctx); err != nil {
		return err
	}
	ctx, release := g.until(ctx)
	defer release()
	return handle(server, &endingStream{s, ctx})
}

// until gives a context that also ends when the gateway stops.
func (g *Gateway) until(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	release := context.AfterFunc(g.ending, func() { cancel(stopping()) })
	return ctx, func() { release(); cancel(nil) }
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

// endingStream is a stream whose context ends when the gateway stops.
type endingStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // a stream's context is asked of the stream
}

// Context gives the context.
func (s *endingStream) Context() context.Context { return s.ctx }
