package gateway

import (
	"embed"
	"net/http"
	"path"
	"strconv"
	"strings"

	kaohe "kaohe.dev/proto"
	"kaohe.dev/services/report"
)

//go:embed web
var web embed.FS

// contentPolicy lets a page run nothing and ask nobody but what is from here. A
// report that it opens to print is held to the same, and has a style of its own.
func contentPolicy() string {
	return "default-src 'none'; script-src 'self'; style-src 'self' " + report.StyleSource() +
		"; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
}

// pages are what needs no token: they hold no data.
func (g *Gateway) pages() map[string]http.HandlerFunc {
	pages := map[string]http.HandlerFunc{
		"GET /{$}":          page("web/index.html"),
		"GET /docs":         page("web/docs.html"),
		"GET /openapi.json": static(kaohe.OpenAPI, "application/json"),
		"GET /favicon.ico": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		},
	}
	files, err := web.ReadDir("web")
	if err != nil {
		panic(err) // embedded at build time
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".html") {
			pages["GET /web/"+file.Name()] = page("web/" + file.Name())
		}
	}
	return pages
}

// media is what the files of the page are; a machine's own table of types may
// call a script something that browsers refuse.
var media = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
}

func page(name string) http.HandlerFunc {
	raw, err := web.ReadFile(name)
	if err != nil {
		panic(err) // embedded at build time
	}
	return static(raw, media[path.Ext(name)])
}

func static(raw []byte, media string) http.HandlerFunc {
	policy := contentPolicy()
	return func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Content-Type", media)
		header.Set("Content-Length", strconv.Itoa(len(raw)))
		header.Set("Cache-Control", "no-cache")
		header.Set("Content-Security-Policy", policy)
		header.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(raw) // the caller may be gone
	}
}
