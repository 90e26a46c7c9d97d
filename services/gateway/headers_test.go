package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"kaohe.dev/services/gateway"
)

// Nobody keeps an answer with data, nor guesses what it is, whatever is asked and
// whoever asks.
func TestEveryAnswerIsCareful(t *testing.T) {
	h := build(t).services().open()
	patterns := []string{"GET /healthz", "GET /readyz", "GET /metrics", "GET /nowhere", "GET /v1/nowhere", "PUT /v1/units", "GET /v1/months",
		"GET /v1/months/2026-03/report.csv", "GET /v1/months/2026-03/report.xlsx", "GET /v1/months/2026-03/report.html"}
	for pattern, call := range gateway.Routes() {
		if !strings.HasSuffix(call, "/StreamLedger") { // it does not end; below
			patterns = append(patterns, pattern)
		}
	}
	response, err := http.DefaultClient.Do(h.request("GET", "/v1/stream", ""))
	must(t, err)
	must(t, response.Body.Close())
	if response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the stream: %v", response.Header)
	}
	for _, pattern := range patterns {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{", "", "}", "", "...", "").Replace(path)
		for _, secret := range []string{token, "nobody's"} {
			a := h.call(method, path, "", "Authorization", "Bearer "+secret)
			if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %d with %v", pattern, a.code, a.header)
			}
		}
	}
	for _, page := range []string{"/", "/docs", "/openapi.json"} {
		if a := h.call("GET", page, ""); a.code != http.StatusOK || a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d with %v", page, a.code, a.header)
		}
	}
}
