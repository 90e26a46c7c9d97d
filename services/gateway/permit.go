package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/identity"
)

// Whoever calls passes two steps. identify finds out who he is; permit decides
// whether he may make the call, by the call itself and not by the path or
// protocol it came by. No implementation of a call is reached without permit:
// gRPC and REST come by the same interceptor, what is served over HTTP alone by
// operation.

type identityKey struct{}

// identified is who calls, and what he has shown, for calls that last.
type identified struct {
	principal *access.Principal
	header    string
}

// identityOf gives who calls; nobody when a context has none.
func identityOf(ctx context.Context) identified {
	known, _ := ctx.Value(identityKey{}).(identified)
	return known
}

// identify finds out who sends a header, and counts his call.
func (g *Gateway) identify(ctx context.Context, header, call string) (context.Context, error) {
	p, err := g.authenticate(ctx, header)
	switch {
	case errors.Is(err, access.ErrUnknown):
		return nil, unauthenticated(header != "")
	case errors.Is(err, identity.ErrNoRole), errors.Is(err, identity.ErrNoUnits):
		g.refusedAttempt(p, call, err.Error())
		return nil, trouble(codes.PermissionDenied, "no_role", "您的账号在 kaohe 没有角色或业务单位，请管理员在身份系统中授予：%v",
			"your account has no role or no units in kaohe; ask an administrator to grant them at the identity provider: %v", err)
	case err != nil:
		return nil, later("暂时无法核对令牌，请重试：%v", "the token cannot be checked now; try again: %v", err)
	}
	if err := g.rates.take(p.ID); err != nil {
		return nil, err
	}
	return context.WithValue(ctx, identityKey{}, identified{p, header}), nil
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

// permit decides whether who calls may make a call about a unit, if it is about
// one. What it gives carries who calls; without it he is nobody.
func (g *Gateway) permit(ctx context.Context, call, unit string) (context.Context, error) {
	p := identityOf(ctx).principal
	if p == nil {
		return nil, unauthenticated(false)
	}
	if !g.access.May(p.Role, call) {
		g.refusedAttempt(p, call, "the role may not")
		return nil, trouble(codes.PermissionDenied, "permission_denied", "角色 %[1]s 无权调用 %[2]s；如确有需要，请管理员另发令牌",
			"the role %[1]s may not call %[2]s; if it has to, ask an administrator for another token", roleName(p.Role), shortCall(call))
	}
	allowed := access.With(ctx, p)
	switch scope := g.access.Scope(call); {
	case p.Role != contractv1.Role_ROLE_UNIT_MANAGER, scope == contractv1.Scope_SCOPE_ANSWER, scope == contractv1.Scope_SCOPE_NONE:
		return allowed, nil
	case scope == contractv1.Scope_SCOPE_UNIT:
		return allowed, g.foreign(allowed, unit)
	}
	return nil, trouble(codes.PermissionDenied, "permission_denied", "%s 没有声明业务单位范围，不能由业务单位负责人调用",
		"%s does not declare how it is held to units, and unit managers may not call it", shortCall(call))
}

// foreign refuses what concerns a unit that the caller does not see.
func (g *Gateway) foreign(ctx context.Context, unit string) error {
	if access.Sees(ctx, unit) {
		return nil
	}
	p := access.Of(ctx)
	g.refusedAttempt(p, "", fmt.Sprintf("the unit %q is not his", door.Shorten(unit)))
	if unit == "" {
		return trouble(codes.PermissionDenied, "permission_denied", "请用 unit 指明业务单位，您的是：%s", "say which unit with unit=; yours: %s",
			strings.Join(p.Units, ", ")).at("unit", "")
	}
	return trouble(codes.PermissionDenied, "permission_denied", "业务单位 %[1]q 不在您的令牌范围内", "the unit %[1]q is not one of your token's", unit).at("unit", unit)
}

// permitted is between every caller and the implementation of a call.
func (g *Gateway) permitted(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	allowed, err := g.permit(ctx, info.FullMethod, unitIn(request))
	if err != nil {
		return nil, err
	}
	answer, err := handle(allowed, request)
	if err != nil {
		return nil, err
	}
	return answer, g.withheld(allowed, info.FullMethod)
}

// withheld keeps back an answer to a unit manager for which nobody looked
// whether it is about his units: a mistake of ours, and never his gain.
func (g *Gateway) withheld(ctx context.Context, call string) error {
	held := g.access.Scope(call) == contractv1.Scope_SCOPE_ANSWER && access.Of(ctx).Role == contractv1.Role_ROLE_UNIT_MANAGER
	if !held || access.Looked(ctx) {
		return nil
	}
	g.opts.Logger.Error("an answer was withheld: the call did not look whose unit it is about", "call", shortCall(call))
	return trouble(codes.Internal, "internal", "内部错误，已记入日志", "internal error, it is in the log")
}

// permittedStream is permitted for streams: their requests come one by one.
func (g *Gateway) permittedStream(server any, s *heldStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	known := s.ctx
	s.held = func(request any) error {
		_, err := g.permit(known, info.FullMethod, unitIn(request))
		return err
	}
	p := identityOf(known).principal
	if p == nil || !g.access.May(p.Role, info.FullMethod) {
		return s.held(nil) // refuses before anything is read
	}
	s.ctx = access.With(known, p)
	return handle(server, s)
}

// heldStream is a stream whose context ends when the gateway stops, whose
// requests are each permitted before they are handed on, and whose reader must
// read.
type heldStream struct {
	grpc.ServerStream
	ctx  context.Context //nolint:containedctx // a stream's context is asked of the stream
	held func(request any) error
	step time.Duration // how long a message may take to be read
}

// Context gives the context.
func (s *heldStream) Context() context.Context { return s.ctx }

// RecvMsg receives a request that is permitted.
func (s *heldStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return s.held(m)
}

// SendMsg sends a message, unless its reader stands still. Then the call has to
// end, which ends the sending.
func (s *heldStream) SendMsg(m any) error {
	sent := make(chan error, 1)
	go func() { sent <- s.ServerStream.SendMsg(m) }()
	late := time.NewTimer(s.step)
	defer late.Stop()
	select {
	case err := <-sent:
		return err
	case <-late.C:
		return errSlow()
	}
}

// unitIn is the unit that a request names; empty when it names none.
func unitIn(request any) string {
	m, ok := request.(proto.Message)
	if !ok {
		return ""
	}
	field := m.ProtoReflect().Descriptor().Fields().ByName("unit")
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
		return ""
	}
	return m.ProtoReflect().Get(field).String()
}

// identified lets through who is known, when the body he sends is there: what is
// behind it is permitted by the interceptor.
func (g *Gateway) identified(next http.Handler) http.Handler {
	next = g.taken(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, err := g.credential(r)
		if err != nil {
			problemOf(err).write(w, r)
			return
		}
		known, err := g.identify(r.Context(), header, r.URL.Path)
		if err != nil {
			problemOf(err).write(w, r)
			return
		}
		next.ServeHTTP(w, r.WithContext(known))
	})
}

// operation serves a call over HTTP that is not made through the contract's
// servers, to those who may make it.
func (g *Gateway) operation(call string, serve http.HandlerFunc) http.Handler {
	if streamCalls()[call] {
		serve = g.streaming(serve)
	}
	return g.identified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowed, err := g.permit(r.Context(), call, unitAsked(r))
		if err != nil {
			problemOf(err).write(w, r)
			return
		}
		serve(w, r.WithContext(allowed))
	}))
}

// unitAsked is the unit that a request over HTTP is about: that of its path, or
// of its query.
func unitAsked(r *http.Request) string {
	if unit := r.PathValue("unit"); unit != "" {
		return unit
	}
	return r.URL.Query().Get("unit")
}
