package gateway

import (
	"embed"
	"net/http"
	"strconv"

	kaohe "kaohe.dev/proto"
)

//go:embed web
var web embed.FS

// contentPolicy lets a page run nothing and ask nobody but what is from here.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"

// pages are what needs no token: they hold no data.
func (g *Gateway) pages() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /{$}":          page("web/index.html", "text/html; charset=utf-8"),
		"GET /docs":         page("web/docs.html", "text/html; charset=utf-8"),
		"GET /web/app.js":   page("web/app.js", "text/javascript; charset=utf-8"),
		"GET /web/docs.js":  page("web/docs.js", "text/javascript; charset=utf-8"),
		"GET /web/page.css": page("web/page.css", "text/css; charset=utf-8"),
		"GET /openapi.json": static(kaohe.OpenAPI, "application/json"),
		"GET /favicon.ico": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		},
	}
}

func page(name, media string) http.HandlerFunc {
	raw, err := web.ReadFile(name)
	if err != nil {
		panic(err) // embedded at build time
	}
	return static(raw, media)
}

func static(raw []byte, media string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Content-Type", media)
		header.Set("Content-Length", strconv.Itoa(len(raw)))
		header.Set("Cache-Control", "no-cache")
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(raw) // the caller may be gone
	}
}
