package gateway

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// toJSON is how messages are shown: names in camelCase, empty fields left out.
var toJSON = protojson.MarshalOptions{}

func (g *Gateway) register(s *grpc.Server) *grpc.Server {
	apiv1.RegisterFeedServiceServer(s, &feedServer{g: g})
	apiv1.RegisterScoreServiceServer(s, &scoreServer{g: g})
	return s
}

// handler is everything served over HTTP.
func (g *Gateway) handler(ctx context.Context) (http.Handler, error) {
	rest, err := g.rest(ctx)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for pattern, page := range g.pages() {
		mux.HandleFunc(pattern, page)
	}
	mux.HandleFunc("GET /healthz", g.healthz)
	mux.HandleFunc("GET /readyz", g.readyz)
	mux.Handle("GET /metrics", g.guard(promhttp.HandlerFor(g.opts.Registry, promhttp.HandlerOpts{})))
	mux.Handle("POST /v1/events", g.guard(http.HandlerFunc(g.pushEvents)))
	mux.Handle("GET /v1/stream", g.guard(http.HandlerFunc(g.serveEvents)))
	mux.Handle("GET /v1/months", g.guard(http.HandlerFunc(g.listMonths)))
	mux.Handle("GET /v1/months/{month}/scorecards/{unit}", g.guard(http.HandlerFunc(g.scorecard)))
	mux.Handle("/v1/", g.guard(wholeTail(rest)))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		nowhere(r.URL.Path).write(w, r)
	})
	return g.recovered(mux), nil
}

func nowhere(path string) *problem {
	return trouble(codes.NotFound, "no_such_path", "没有 %s 这个地址；接口说明见 /docs", "there is nothing at %s; the API is described at /docs", path)
}

// rest serves the contract's REST paths from the same servers as gRPC.
func (g *Gateway) rest(ctx context.Context) (*runtime.ServeMux, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.JSONPb{
			MarshalOptions: toJSON, UnmarshalOptions: protojson.UnmarshalOptions{},
		}),
		runtime.WithUnescapingMode(runtime.UnescapingModeAllCharacters),
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
	return mux, apiv1.RegisterScoreServiceHandlerServer(ctx, mux, &scoreServer{g: g})
}

// wholeTail makes one segment of what follows an entry's or ticket's path: ids
// may contain slashes.
func wholeTail(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, prefix := range []string{"/v1/entries/", "/v1/tickets/"} {
			tail, found := strings.CutPrefix(r.URL.EscapedPath(), prefix)
			if !found || !strings.Contains(tail, "/") {
				continue
			}
			r = r.Clone(r.Context())
			r.URL.RawPath = prefix + strings.ReplaceAll(tail, "/", url.PathEscape("/"))
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}
