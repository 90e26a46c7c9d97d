// Package headers gives every answer over HTTP what keeps browsers and caches
// careful, unless the answer says otherwise itself.
//
// In flow requests; out flow answers with headers. Never here: what is in them.
package headers

import "net/http"

// Careful lets nobody keep an answer, nor guess what it is. What is served to be
// kept says so itself.
func Careful(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
