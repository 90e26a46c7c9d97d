package gateway

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

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
)

// toJSON is how messages are shown: names in camelCase, empty fields left out.
var toJSON = protojson.MarshalOptions{}

func (g *Gateway) register(s *grpc.Server) *grpc.Server {
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
	return s
}

// handler is everything served over HTTP; metrics only where the public does
// not come.
func (g *Gateway) handler(ctx context.Context, metrics bool) (http.Handler, error) {
	rest, err := g.rest(ctx)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for pattern, page := range g.pages() {
		mux.HandleFunc(pattern, page)
	}
	for pattern, handle := range g.signIn() {
		mux.HandleFunc(pattern, handle)
	}
	mux.HandleFunc("GET /healthz", g.healthz)
	mux.HandleFunc("GET /readyz", g.readyz)
	mux.Handle("GET /metrics", g.metrics(metrics))
	mux.Handle("GET /v1/stream", g.guard(apiv1.ScoreService_StreamLedger_FullMethodName, http.HandlerFunc(g.serveEvents)))
	mux.Handle("GET /v1/months", g.guard(access.ListMonths, http.HandlerFunc(g.listMonths)))
	for pattern, handler := range g.reportPaths() {
		mux.Handle(pattern, handler)
	}
	own := g.ownHandlers()
	for pattern, call := range Routes() {
		handler, there := own[call]
		if !there {
			handler = bounded(rest)
		}
		mux.Handle(pattern, g.guard(call, handler))
	}
	// What is at no path is told to callers only.
	mux.Handle("/v1/", g.guard(apiv1.TokenService_WhoAmI_FullMethodName, bounded(rest)))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		nowhere(r.URL.Path).write(w, r)
	})
	return g.timely(g.recovered(mux)), nil
}

// metrics serves them, or says where they are.
func (g *Gateway) metrics(here bool) http.Handler {
	if here {
		return g.guard(access.Metrics, promhttp.HandlerFor(g.opts.Registry, promhttp.HandlerOpts{}))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trouble(codes.NotFound, "not_here", "指标不在公开地址提供：请用 --ops 指定运维地址，在那里读取 /metrics",
			"metrics are not served at a public address: give --ops an address that operations reach, and read /metrics there").write(w, r)
	})
}

// ownHandlers serve what the gateway generated from the contract does not, or
// not as well.
func (g *Gateway) ownHandlers() map[string]http.Handler {
	scores := &scoreServer{g: g}
	return map[string]http.Handler{
		apiv1.FeedService_PushEvents_FullMethodName:      http.HandlerFunc(g.pushEvents),
		apiv1.WhatIfService_WhatIf_FullMethodName:        http.HandlerFunc(g.serveWhatIf),
		apiv1.RegistryService_GetTemplate_FullMethodName: http.HandlerFunc(g.serveTemplate),
		apiv1.ScoreService_GetScorecard_FullMethodName:   http.HandlerFunc(g.scorecard),
		apiv1.ScoreService_GetEntry_FullMethodName: byID(func(ctx context.Context, id string) (*apiv1.EntryExplanation, error) {
			return scores.GetEntry(ctx, &apiv1.GetEntryRequest{Id: id})
		}),
		apiv1.ScoreService_GetTicket_FullMethodName: byID(func(ctx context.Context, ticket string) (*apiv1.TicketView, error) {
			return scores.GetTicket(ctx, &apiv1.GetTicketRequest{Ticket: ticket})
		}),
	}
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

// rest serves the contract's REST paths from the same servers as gRPC.
func (g *Gateway) rest(ctx context.Context) (*runtime.ServeMux, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.JSONPb{
			MarshalOptions: toJSON, UnmarshalOptions: protojson.UnmarshalOptions{RecursionLimit: maxDepth},
		}),
		runtime.WithErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
			problemOf(err).write(w, r)
		}),
		runtime.WithRoutingErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
			p := nowhere(r.URL.Path)
			if code == http.StatusMethodNotAllowed {
				p = trouble(codes.Unimplemented, "method_not_allowed", "%s 不支持 %s", "%s does not take %s", r.URL.Path, r.Method)
			}
			p.http = code
			p.write(w, r)
		}),
	)
	if err := apiv1.RegisterFeedServiceHandlerServer(ctx, mux, &feedServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterTokenServiceHandlerServer(ctx, mux, &tokenServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterQuotaServiceHandlerServer(ctx, mux, &quotaServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterMonthServiceHandlerServer(ctx, mux, &monthServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterWebhookServiceHandlerServer(ctx, mux, &webhookServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterObjectionServiceHandlerServer(ctx, mux, &objectionServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterWorkServiceHandlerServer(ctx, mux, &workServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterAuditServiceHandlerServer(ctx, mux, &auditServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterRegistryServiceHandlerServer(ctx, mux, &registryServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterDrawServiceHandlerServer(ctx, mux, &drawServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterReportServiceHandlerServer(ctx, mux, &reportServer{g: g}); err != nil {
		return nil, err
	}
	if err := apiv1.RegisterRulebookServiceHandlerServer(ctx, mux, &rulebookServer{g: g}); err != nil {
		return nil, err
	}
	return mux, apiv1.RegisterScoreServiceHandlerServer(ctx, mux, &scoreServer{g: g})
}

// byID serves a resource whose id may contain slashes, which the contract's
// paths cannot say.
func byID[M proto.Message](get func(context.Context, string) (M, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := metadata.NewIncomingContext(r.Context(), metadata.Pairs("accept-language", r.Header.Get("Accept-Language")))
		m, err := get(ctx, r.PathValue("id"))
		if err != nil {
			problemOf(err).write(w, r)
			return
		}
		writeMessage(w, r, m)
	})
}

// bounded limits what a body may take.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}
