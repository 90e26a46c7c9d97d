package gateway_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const (
	unit   = `{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"chengqu","nameZh":"城区","kind":"UNIT_KIND_OUTLET","customers":"20000"}}`
	ticket = `{"id":"%s","source":"96766","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"T1","kind":"TICKET_KIND_FAULT","unit":"chengqu","dueAt":"2026-03-03T09:00:00+08:00"}}`
)

func opened(id string) string { return fmt.Sprintf(ticket, id) }

func TestEventsInEveryForm(t *testing.T) {
	h := build(t).open()
	for _, c := range []struct {
		name, body, want string
		headers          []string
	}{
		{"one event", unit, "A", nil},
		{"again", unit, "D", nil},
		{"an array", "[" + opened("1") + ", " + opened("1") + "]", "A D", nil},
		{"an object of events", `{"events":[` + opened("2") + `]}`, "A", nil},
		{"an empty array", "[]", "", nil},
		{"lines", opened("3") + "\n\n" + opened("4") + "\r\n", "A A", []string{"Content-Type", "application/x-ndjson"}},
		{"a byte order mark", "\uFEFF" + opened("5"), "A", nil},
		{"names of the contract", `{"id":"6","source":"s","occurred_at":"2026-03-02T09:00:00Z","ticket_closed":{"ticket":"T1"}}`, "A", nil},
		{
			"CloudEvent, structured",
			`{"specversion":"1.0","id":"c1","source":"96766","type":"kaohe.feed.v1.ticket_closed","time":"2026-03-02T10:00:00Z","data":{"ticket":"T1"}}`,
			"A", []string{"Content-Type", "application/cloudevents+json; charset=utf-8"},
		},
		{
			"CloudEvents, batch",
			`[{"specversion":"1.0","id":"c2","source":"96766","type":"kaohe.feed.v1.ticketClosed","time":"2026-03-02T10:00:00Z","data":{"ticket":"T1"}},
			 {"specversion":"1.0","id":"c1","source":"96766","type":"kaohe.feed.v1.ticketClosed","time":"2026-03-02T10:00:00Z","data":{"ticket":"T1"}}]`,
			"A D", []string{"Content-Type", "application/cloudevents-batch+json"},
		},
		{
			"CloudEvent, binary", `{"ticket":"T1"}`, "A",
			[]string{"Ce-Specversion", "1.0", "Ce-Id", "c%33", "Ce-Source", "96766", "Ce-Type", "kaohe.feed.v1.ticket_closed", "Ce-Time", "2026-03-02T10:00:00Z"},
		},
	} {
		if got := h.verdicts(c.body, c.headers...); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestBrokenInputSaysWhatIsWrong(t *testing.T) {
	h := build(t).open()
	h.verdicts(unit)
	event := func(rest string) string {
		return `{"id":"x","source":"96766","occurredAt":"2026-03-02T09:00:00Z",` + rest + `}`
	}
	cloud := []string{"Content-Type", "application/cloudevents+json"}
	for _, c := range []struct {
		name, body, want string
		headers          []string
	}{
		{"nothing", "", "400 empty_body", nil},
		{"no JSON", "hello", "400 bad_json", nil},
		{"cut short", opened("1")[:40], "400 bad_json", nil},
		{"two bodies", opened("1") + opened("2"), "400 bad_json", nil},
		{"GBK", "{\"id\":\"\xb3\xc7\xc7\xf8\"}", "400 bad_utf8", nil},
		{"bracket mismatch", "[{]}", "400 bad_json", nil},
		{"missing element", "[" + opened("1") + ",]", "400 bad_json", nil},
		{"a form", "x", "400 bad_content_type", []string{"Content-Type", "multipart/form-data; boundary=x"}},
		{"unknown compression", "x", "415 bad_encoding", []string{"Content-Encoding", "br"}},
		{"no gzip", "x", "400 bad_gzip", []string{"Content-Encoding", "gzip"}},
		{"unknown event", event(`"ticketOpend":{}`), "R(unknown_field ticketOpend)", nil},
		{"unknown field", event(`"ticketOpened":{"tickt":"1"}`), "R(unknown_field ticket_opened.tickt)", nil},
		{"number for text", event(`"ticketOpened":{"ticket":1}`), "R(bad_type ticket_opened.ticket)", nil},
		{"unknown choice", event(`"ticketOpened":{"ticket":"1","kind":"FAULT"}`), "R(bad_choice ticket_opened.kind)", nil},
		{"no offset", `{"id":"x","source":"s","occurredAt":"2026-03-02 09:00","ticketClosed":{"ticket":"1"}}`, "R(bad_instant occurred_at)", nil},
		{"two things", event(`"ticketClosed":{"ticket":"1"},"ticketResumed":{"ticket":"1"}`), "R(two_choices ticket_resumed)", nil},
		{"not an event", "[1]", "R(bad_type )", nil},
		{"broken inside", `[{"id":"x" "source":1}]`, "R(bad_json )", nil},
		{"one of three", "[" + opened("1") + `,{"id":"x","nope":1},` + opened("2") + "]", "A R(unknown_field nope) A", nil},
		{"half a line", opened("3") + "\n{\"id\":\n", "A R(bad_json )", []string{"Content-Type", "application/x-ndjson"}},
		{"unit list", event(`"massFaultDeclared":{"outage":"o","units":"chengqu"}`), "R(bad_type mass_fault_declared.units)", nil},
		{"CloudEvent of another version", `{"specversion":"0.3"}`, "R(bad_specversion specversion)", cloud},
		{"CloudEvent of another type", `{"specversion":"1.0","type":"kaohe.feed.v1.ticket_close"}`, "R(unknown_type type)", cloud},
		{"CloudEvent without time", `{"specversion":"1.0","type":"kaohe.feed.v1.ticket_closed"}`, "R(required time)", cloud},
		{
			"CloudEvent with broken data",
			`{"specversion":"1.0","id":"1","source":"s","type":"kaohe.feed.v1.ticket_closed","time":"2026-03-02T10:00:00Z","data":{"tickets":"1"}}`,
			"R(unknown_field ticket_closed.tickets)", cloud,
		},
		{"CloudEvent batch that is none", `{}`, "400 bad_json", []string{"Content-Type", "application/cloudevents-batch+json"}},
	} {
		if got := h.verdicts(c.body, c.headers...); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	h := build(t).open()
	if got := h.verdicts("[" + strings.Repeat("1,", 10_000) + "1]"); got != "400 too_many_events" {
		t.Errorf("10,001 events: %s", got)
	}
	if got := h.verdicts(strings.Repeat(" ", 8<<20) + "[]"); got != "413 too_large" {
		t.Errorf("8 MiB and more: %s", got)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for range 1000 {
		if _, err := z.Write(bytes.Repeat([]byte(" "), 64<<10)); err != nil {
			t.Fatal(err)
		}
	}
	must(t, z.Close())
	if got := h.verdicts(packed.String(), "Content-Encoding", "gzip"); got != "413 too_large" {
		t.Errorf("64 MiB in %d bytes: %s", packed.Len(), got)
	}
	packed.Reset()
	z.Reset(&packed)
	_, err := z.Write([]byte(unit))
	must(t, err)
	must(t, z.Close())
	if got := h.verdicts(packed.String(), "Content-Encoding", "gzip"); got != "A" {
		t.Errorf("a packed event: %s", got)
	}
}

func TestReasonsAreInTheCallersLanguage(t *testing.T) {
	h := build(t).open()
	for language, want := range map[string]string{"en-GB,en;q=0.9": "no business unit", "": "没有登记", "fr": "没有登记", "zh-CN": "没有登记"} {
		if a := h.call("POST", "/v1/events", opened("1"), "Accept-Language", language); !strings.Contains(a.body, want) {
			t.Errorf("%q: %s", language, a.body)
		}
		if a := h.call("GET", "/v1/months/2026-13/entries", "", "Accept-Language", language); a.code != 400 ||
			strings.Contains(a.body, "应为月份") != (want == "没有登记") {
			t.Errorf("%q: %d %s", language, a.code, a.body)
		}
	}
}

func TestAuthorization(t *testing.T) {
	h := build(t).open()
	for path, want := range map[string]int{
		"/v1/units": 401, "/v1/events": 401, "/v1/stream": 401, "/v1/months": 401, "/v1/months/2026-03/scorecards/x": 401,
		"/metrics": 401,
		"/":        200, "/docs": 200, "/openapi.json": 200, "/healthz": 200, "/readyz": 200, "/auth": 200, "/auth/login": 404, "/auth/callback": 404, "/web/app.js": 200, "/nowhere": 404, "/v1/nowhere": 404,
	} {
		for _, header := range []string{"", "Bearer wrong", "Basic " + token, token, "Bearer"} {
			method := "GET"
			if path == "/v1/events" {
				method = "POST"
			}
			a := h.call(method, path, "", "Authorization", header)
			if a.code != want {
				t.Errorf("%s with %q: %d %s", path, header, a.code, a.body)
			}
			if a.code == 401 && (!strings.Contains(a.body, "admin.token") || a.header.Get("WWW-Authenticate") == "") {
				t.Errorf("%s with %q does not say how: %s", path, header, a.body)
			}
		}
	}
	if a := h.call(http.MethodGet, "/v1/units", ""); a.code != 200 {
		t.Errorf("with the token: %d %s", a.code, a.body)
	}
	if a := h.call(http.MethodGet, "/metrics", ""); a.code != 200 || !strings.Contains(a.body, "kaohe_door_events_total") {
		t.Errorf("metrics: %d", a.code)
	}
}
