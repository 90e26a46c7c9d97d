package gateway_test

import (
	"strings"
	"testing"
)

func TestAWebhooksSecretIsShownOnceAndItsFiltersAreChecked(t *testing.T) {
	h := build(t).services().open()
	h.verdicts(unit)
	h.call("POST", "/v1/barriers", "{}")
	for body, says := range map[string]string{
		`{"name":"x","url":"ftp://a/b"}`:                                      "scheme",
		`{"name":"x","url":"http://169.254.169.254/latest"}`:                  "metadata",
		`{"name":"x","url":"http://a/","units":["chenqu"]}`:                   "chengqu",
		`{"url":"http://a/"}`:                                                 "name",
		`{"name":"x","url":"http://a/","levels":["ALERT_LEVEL_UNSPECIFIED"]}`: "levels",
	} {
		if a := h.call("POST", "/v1/webhooks", body); a.code < 400 || a.code >= 500 || !strings.Contains(a.body, says) {
			t.Errorf("%s: %d %s, want %q", body, a.code, a.body, says)
		}
	}
	var made struct {
		Webhook struct{ ID string }
		Secret  string
	}
	h.call("POST", "/v1/webhooks", `{"name":"SMS","url":"https://hooks.example.org/","units":["chengqu"],"levels":["ALERT_LEVEL_BREACH"]}`).into(t, &made)
	if !strings.HasPrefix(made.Secret, "whsec_") {
		t.Fatalf("made %+v", made)
	}
	for _, path := range []string{"/v1/webhooks", "/v1/webhooks/" + made.Webhook.ID + "/deliveries?state=DELIVERY_STATE_PENDING"} {
		if a := h.call("GET", path, ""); a.code != 200 || strings.Contains(a.body, made.Secret[len("whsec_"):]) {
			t.Errorf("%s: %d %s", path, a.code, a.body)
		}
	}
	for _, call := range [][2]string{{"DELETE", ""}, {"POST", "/test"}, {"POST", "/replay"}, {"GET", "/deliveries"}} {
		if a := h.call(call[0], "/v1/webhooks/none"+call[1], "{}"); a.code != 404 {
			t.Errorf("%v of no webhook: %d %s", call, a.code, a.body)
		}
	}
	if a := h.call("DELETE", "/v1/webhooks/"+made.Webhook.ID, ""); a.code != 200 {
		t.Errorf("remove: %d %s", a.code, a.body)
	}
	if a := h.call("GET", "/v1/webhooks", ""); strings.Contains(a.body, made.Webhook.ID) {
		t.Errorf("removed, and still there: %s", a.body)
	}
}
