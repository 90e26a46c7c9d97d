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

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/identity"
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

// authenticate gives who sends a header: with a token of kaohe's, or with one
// that the identity provider has signed.
func (g *Gateway) authenticate(ctx context.Context, header string) (*access.Principal, error) {
	scheme, token, _ := strings.Cut(header, " ")
	if g.identity != nil && identity.Signed(token) && strings.EqualFold(scheme, "bearer") {
		return g.identity.Authenticate(ctx, strings.TrimSpace(token))
	}
	return g.tokens.Authenticate(ctx, header)
}

// caller gives who sends a header, if he may make a call; deny by default.
func (g *Gateway) caller(ctx context.Context, header, call string) (*access.Principal, error) {
	p, err := g.authenticate(ctx, header)
	switch {
	case errors.Is(err, access.ErrUnknown):
		return nil, unauthenticated(header != "")
	case errors.Is(err, identity.ErrNoRole), errors.Is(err, identity.ErrNoUnits):
		g.refusedAttempt(p, call, err.Error())
		return nil, trouble(codes.PermissionDenied, "no_role", "您的账号在 kaohe 没有角色或业务单位，请管理员在身份系统中授予：%v",
			"your account has no role or no units in kaohe; ask an administrator to grant them at the identity provider: %v", err)
	case err != nil:
		return nil, trouble(codes.Unavailable, "unavailable", "暂时无法核对令牌，请重试：%v", "the token cannot be checked now; try again: %v", err)
	}
	if !g.access.May(p.Role, call) {
		g.refusedAttempt(p, call, "the role may not")
		return nil, trouble(codes.PermissionDenied, "permission_denied", "角色 %[1]s 无权调用 %[2]s；如确有需要，请管理员另发令牌",
			"the role %[1]s may not call %[2]s; if it has to, ask an administrator for another token", roleName(p.Role), shortCall(call))
	}
	return p, nil
}

// refusedAttempt logs what somebody who is known was refused: the trail of what
// did not happen. What he sent is not logged.
func (g *Gateway) refusedAttempt(p *access.Principal, call, why string) {
	g.opts.Logger.Warn("a call was refused", "who", p.ID, "name", p.Name, "role", roleName(p.Role), "call", shortCall(call), "reason", why)
}

func roleName(r apiv1.Role) string {
	return strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_"))
}

// shortCall is a call without the package of its service.
func shortCall(call string) string { return call[strings.LastIndex(call, "/")+1:] }

// foreign refuses what concerns a unit that the caller does not see.
func (g *Gateway) foreign(ctx context.Context, unit string) error {
	p := access.Of(ctx)
	if p.Sees(unit) {
		return nil
	}
	g.refusedAttempt(p, "", fmt.Sprintf("the unit %q is not his", door.Shorten(unit)))
	if unit == "" {
		return trouble(codes.PermissionDenied, "permission_denied", "请用 unit 指明业务单位，您的是：%s", "say which unit with unit=; yours: %s",
			strings.Join(p.Units, ", ")).at("unit", "")
	}
	return trouble(codes.PermissionDenied, "permission_denied", "业务单位 %[1]q 不在您的令牌范围内", "the unit %[1]q is not one of your token's", unit).at("unit", unit)
}

// guard lets only callers through who may make a call.
func (g *Gateway) guard(call string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, err := g.credential(r)
		if err != nil {
			problemOf(err).write(w, r)
			return
		}
		p, err := g.caller(r.Context(), header, call)
		if err == nil {
			err = g.rates.take(p.ID)
		}
		if err != nil {
			problemOf(err).write(w, r)
			return
		}
		next.ServeHTTP(w, r.WithContext(withCredential(access.With(r.Context(), p), header)))
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

// maxStreams is how many calls one connection may have open.
const maxStreams = 1000

func (g *Gateway) grpcServer() *grpc.Server {
	secure := insecure.NewCredentials()
	if g.opts.Certificate != nil {
		secure = credentials.NewTLS(g.opts.Certificate.Config("h2"))
	}
	return g.register(grpc.NewServer(
		grpc.Creds(secure), grpc.MaxRecvMsgSize(maxBody), grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeader), grpc.ConnectionTimeout(g.opts.Limits.HeaderWithin),
		grpc.ChainUnaryInterceptor(g.unary),
		grpc.ChainStreamInterceptor(g.stream),
	))
}

func (g *Gateway) admit(ctx context.Context, call string) (context.Context, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	header := ""
	if values := md.Get("authorization"); len(values) == 1 {
		header = values[0]
	}
	p, err := g.caller(ctx, header, call)
	if err != nil {
		return nil, err
	}
	return withCredential(access.With(ctx, p), header), g.rates.take(p.ID)
}

func (g *Gateway) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = g.panicked(info.FullMethod, cause)
		}
		err = toStatus(ctx, err)
	}()
	allowed, err := g.admit(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return handle(allowed, request)
}

func (g *Gateway) stream(server any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	ctx := s.Context()
	defer func() {
		if cause := recover(); cause != nil {
			err = g.panicked(info.FullMethod, cause)
		}
		err = toStatus(ctx, err)
	}()
	allowed, err := g.admit(ctx, info.FullMethod)
	if err != nil {
		return err
	}
	allowed, release := g.until(allowed)
	defer release()
	allowed, forget := g.whileTrusted(allowed)
	defer forget()
	return handle(server, &endingStream{s, allowed})
}

// until gives a context that also ends when the gateway stops.
func (g *Gateway) until(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	release := context.AfterFunc(g.ending, func() { cancel(stopping()) })
	return ctx, func() { release(); cancel(nil) }
}

type credentialKey struct{}

// withCredential keeps what a caller has shown, for calls that last.
func withCredential(ctx context.Context, header string) context.Context {
	return context.WithValue(ctx, credentialKey{}, header)
}

// lookAgain is how often a stream makes sure that its reader may still read.
const lookAgain = time.Second

// whileTrusted gives a context that ends when what its caller has shown is not
// good any more: expired, or revoked.
func (g *Gateway) whileTrusted(ctx context.Context) (context.Context, func()) {
	header, _ := ctx.Value(credentialKey{}).(string)
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

// endingStream is a stream whose context ends when the gateway stops.
type endingStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // a stream's context is asked of the stream
}

// Context gives the context.
func (s *endingStream) Context() context.Context { return s.ctx }
