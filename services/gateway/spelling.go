package gateway

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// paths serves patterns of net/http in one spelling each: what a router would
// clean, redirect or decode into another path is nowhere.
type paths struct{ mux *http.ServeMux }

func newPaths() *paths {
	p := &paths{http.NewServeMux()}
	p.mux.HandleFunc("/", p.missing)
	return p
}

// handle serves a pattern.
func (p *paths) handle(pattern string, h http.Handler) {
	_, written, _ := strings.Cut(pattern, " ")
	p.mux.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !spelled(written, r.URL.EscapedPath()) {
			nowhere(r.URL.Path).write(w, r)
			return
		}
		h.ServeHTTP(w, r)
	}))
}

// ServeHTTP serves a request.
func (p *paths) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if raw := r.URL.EscapedPath(); raw != path.Clean(raw) {
		nowhere(r.URL.Path).write(w, r)
		return
	}
	p.mux.ServeHTTP(w, r)
}

// missing answers where there is nothing, or not for this method.
func (p *paths) missing(w http.ResponseWriter, r *http.Request) {
	var takes []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := &http.Request{Method: method, URL: &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath}, Host: r.Host}
		if _, pattern := p.mux.Handler(other); pattern != "/" && pattern != "" {
			takes = append(takes, method)
		}
	}
	if len(takes) == 0 {
		nowhere(r.URL.Path).write(w, r)
		return
	}
	w.Header().Set("Allow", strings.Join(takes, ", "))
	wrongMethod(r, takes).write(w, r)
}

// spelled reports whether a path is written as its pattern is: only what stands
// for a value may be encoded.
func spelled(pattern, raw string) bool {
	pattern = strings.TrimSuffix(pattern, "{$}")
	for pattern != "" {
		want, pattern2, _ := strings.Cut(pattern, "/")
		got, raw2, _ := strings.Cut(raw, "/")
		switch {
		case strings.HasSuffix(want, "...}"):
			return true
		case !strings.HasPrefix(want, "{") && want != got:
			return false
		}
		pattern, raw = pattern2, raw2
	}
	return true
}
