package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/internal/headers"
)

// toJSON is how messages are shown: names in camelCase, empty fields left out.
var toJSON = protojson.MarshalOptions{}

// register registers the servers of the contract, for gRPC and for REST alike.
func (g *Gateway) register(s grpc.ServiceRegistrar) {
	apiv1.RegisterFeedServiceServer(s, &feedServer{g: g})
	apiv1.RegisterScoreServiceServer(s, &scoreServer{g: g})
	apiv1.RegisterLogServiceServer(s, &logServer{g: g})
	apiv1.RegisterTokenServiceServer(s, &tokenServer{g: g})
	apiv1.RegisterMonthServiceServer(s, &monthServer{g: g})
	apiv1.RegisterObjectionServiceServer(s, &objectionServer{g: g})
	apiv1.RegisterWorkServiceServer(s, &workServer{g: g})
	apiv1.RegisterAuditServiceServer(s, &auditServer{g: g})
	apiv1.RegisterRulebookServiceServer(s, &rulebookServer{g: g})
	apiv1.RegisterWhatIfServiceServer(s, &whatIfServer{g: g})
	apiv1.RegisterQuotaServiceServer(s, &quotaServer{g: g})
	apiv1.RegisterWebhookServiceServer(s, &webhookServer{g: g})
	apiv1.RegisterRegistryServiceServer(s, &registryServer{g: g})
	apiv1.RegisterDrawServiceServer(s, &drawServer{g: g})
	apiv1.RegisterReportServiceServer(s, &reportServer{g: g})
}

// handler is everything served over HTTP; metrics only where the public does
// not come.
func (g *Gateway) handler(ctx context.Context, metrics bool) (http.Handler, error) {
	local := newInProcess(g.permitted)
	g.register(local)
	rest, err := rest(ctx, local)
	if err != nil {
		return nil, err
	}
	all := newPaths()
	for pattern, page := range g.pages() {
		all.handle(pattern, page)
	}
	for pattern, handle := range g.signIn() {
		all.handle(pattern, handle)
	}
	all.handle("GET /healthz", http.HandlerFunc(g.healthz))
	all.handle("GET /readyz", http.HandlerFunc(g.readyz))
	all.handle("GET /metrics", g.metrics(metrics))
	all.handle("GET /v1/stream", g.operation(apiv1.ScoreService_StreamLedger_FullMethodName, g.serveEvents))
	all.handle("GET /v1/months", g.operation(access.ListMonths, g.listMonths))
	for pattern, handler := range g.reportPaths() {
		all.handle(pattern, handler)
	}
	own := g.ownHandlers(local)
	for pattern, call := range Routes() {
		handler, there := own[call]
		if !there {
			handler = g.identified(inJSON(rest))
		}
		all.handle(pattern, handler)
	}
	return headers.Careful(g.crowded(g.pace().HTTP(g.recovered(all)))), nil
}

// metrics serves them, or says where they are.
func (g *Gateway) metrics(here bool) http.Handler {
	if here {
		return g.operation(access.Metrics, promhttp.HandlerFor(g.opts.Registry, promhttp.HandlerOpts{}).ServeHTTP)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trouble(codes.NotFound, "not_here", "指标不在公开地址提供：请用 --ops 指定运维地址，在那里读取 /metrics",
			"metrics are not served at a public address: give --ops an address that operations reach, and read /metrics there").write(w, r)
	})
}

// ownHandlers serve what the gateway generated from the contract does not, or
// not as well.
func (g *Gateway) ownHandlers(local *inProcess) map[string]http.Handler {
	scores := apiv1.NewScoreServiceClient(local)
	own := map[string]http.Handler{
		apiv1.ScoreService_GetEntry_FullMethodName: g.byID(func(ctx context.Context, id string) (proto.Message, error) {
			return scores.GetEntry(ctx, &apiv1.GetEntryRequest{Id: id})
		}),
		apiv1.ScoreService_GetTicket_FullMethodName: g.byID(func(ctx context.Context, ticket string) (proto.Message, error) {
			return scores.GetTicket(ctx, &apiv1.GetTicketRequest{Ticket: ticket})
		}),
	}
	for call, serve := range map[string]http.HandlerFunc{
		apiv1.FeedService_PushEvents_FullMethodName:      g.pushEvents,
		apiv1.WhatIfService_WhatIf_FullMethodName:        g.serveWhatIf,
		apiv1.RegistryService_GetTemplate_FullMethodName: g.serveTemplate,
		apiv1.ScoreService_GetScorecard_FullMethodName:   g.scorecard,
	} {
		own[call] = g.operation(call, serve)
	}
	return own
}

// Routes are the REST paths of the contract, as patterns of net/http, and the
// call behind each.
func Routes() map[string]string {
	routes := map[string]string{}
	for _, m := range Calls() {
		rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		call := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
		switch rule.GetPattern().(type) {
		case *annotations.HttpRule_Get:
			routes["GET "+spread(call, rule.GetGet())] = call
		case *annotations.HttpRule_Post:
			routes["POST "+rule.GetPost()] = call
		case *annotations.HttpRule_Delete:
			routes["DELETE "+rule.GetDelete()] = call
		}
	}
	return routes
}

// callAt is Routes, made once.
var callAt = sync.OnceValue(Routes)

// Calls are all calls of the contract, file by file, in its order.
func Calls() (all []protoreflect.MethodDescriptor) {
	var files []protoreflect.FileDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage(apiv1.File_kaohe_api_v1_api_proto.Package(), func(f protoreflect.FileDescriptor) bool {
		files = append(files, f)
		return true
	})
	slices.SortFunc(files, func(a, b protoreflect.FileDescriptor) int { return cmp.Compare(a.Path(), b.Path()) })
	for _, file := range files {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				all = append(all, methods.Get(j))
			}
		}
	}
	return all
}

// spread lets the id of an entry or a ticket have slashes.
func spread(call, path string) string {
	switch call {
	case apiv1.ScoreService_GetEntry_FullMethodName, apiv1.ScoreService_GetTicket_FullMethodName:
		return path[:strings.LastIndex(path, "{")] + "{id...}"
	}
	return path
}

func nowhere(path string) *problem {
	return trouble(codes.NotFound, "no_such_path", "没有 %s 这个地址；接口说明见 /docs", "there is nothing at %s; the API is described at /docs", path)
}

// wrongMethod refuses a method that a path does not take.
func wrongMethod(r *http.Request, takes []string) *problem {
	p := trouble(codes.Unimplemented, "method_not_allowed", "%[1]s 不支持 %[2]s，请用 %[3]s", "%[1]s does not take %[2]s, but %[3]s",
		r.URL.Path, r.Method, strings.Join(takes, ", "))
	p.http = http.StatusMethodNotAllowed
	return p
}

// rest serves the contract's REST paths by the same calls as gRPC. What turns
// one request into another (a method in a header, a form for a query) is off.
func rest(ctx context.Context, local *inProcess) (*runtime.ServeMux, error) {
	mux := runtime.NewServeMux(
		runtime.WithDisablePathLengthFallback(),
		runtime.WithUnescapingMode(runtime.UnescapingModeAllCharacters),
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.JSONPb{
			MarshalOptions: toJSON, UnmarshalOptions: protojson.UnmarshalOptions{RecursionLimit: maxDepth},
		}),
		runtime.WithErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
			problemOf(err).write(w, r)
		}),
		runtime.WithRoutingErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
			p := nowhere(r.URL.Path)
			p.http = code
			p.write(w, r)
		}),
	)
	return mux, errors.Join(
		apiv1.RegisterFeedServiceHandlerClient(ctx, mux, apiv1.NewFeedServiceClient(local)),
		apiv1.RegisterTokenServiceHandlerClient(ctx, mux, apiv1.NewTokenServiceClient(local)),
		apiv1.RegisterQuotaServiceHandlerClient(ctx, mux, apiv1.NewQuotaServiceClient(local)),
		apiv1.RegisterMonthServiceHandlerClient(ctx, mux, apiv1.NewMonthServiceClient(local)),
		apiv1.RegisterWebhookServiceHandlerClient(ctx, mux, apiv1.NewWebhookServiceClient(local)),
		apiv1.RegisterObjectionServiceHandlerClient(ctx, mux, apiv1.NewObjectionServiceClient(local)),
		apiv1.RegisterWorkServiceHandlerClient(ctx, mux, apiv1.NewWorkServiceClient(local)),
		apiv1.RegisterAuditServiceHandlerClient(ctx, mux, apiv1.NewAuditServiceClient(local)),
		apiv1.RegisterRegistryServiceHandlerClient(ctx, mux, apiv1.NewRegistryServiceClient(local)),
		apiv1.RegisterDrawServiceHandlerClient(ctx, mux, apiv1.NewDrawServiceClient(local)),
		apiv1.RegisterReportServiceHandlerClient(ctx, mux, apiv1.NewReportServiceClient(local)),
		apiv1.RegisterRulebookServiceHandlerClient(ctx, mux, apiv1.NewRulebookServiceClient(local)),
		apiv1.RegisterScoreServiceHandlerClient(ctx, mux, apiv1.NewScoreServiceClient(local)),
	)
}

// inJSON has a body read as what it has to be, whatever its sender calls it.
func inJSON(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		next.ServeHTTP(w, r)
	})
}

// byID serves a resource whose id may contain slashes, which the contract's
// paths cannot say.
func (g *Gateway) byID(get func(context.Context, string) (proto.Message, error)) http.Handler {
	return g.identified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, err := get(metadata.AppendToOutgoingContext(r.Context(), "accept-language", r.Header.Get("Accept-Language")), r.PathValue("id"))
		if err != nil {
			problemOf(err).write(w, r)
			return
		}
		writeMessage(w, r, m)
	}))
}
