package decode

import (
	"net/http"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

var forms = []http.Header{
	{},
	{"Content-Type": {"application/x-ndjson"}},
	{"Content-Type": {"application/cloudevents+json"}},
	{"Content-Type": {"application/cloudevents-batch+json"}},
	{
		"Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Source": {"s"}, "Ce-Time": {"2026-03-02T10:00:00Z"},
		"Ce-Type": {TypePrefix + "ticket_opened"},
	},
}

// FuzzBody: whatever comes, each item is an event or a refusal that says
// something, and an event that was read is one that can be written.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		"", "[", "[]", "[{}]", `{"events":[]}`, `{"events":[{}],"x":1}`, "[1,\"a\",null]", "{\"id\":\"\\\"]\"}", "\uFEFF{}", "\xff", "[[[[", "}",
		`{"id":"1","source":"s","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"T","kind":1,"unit":"u","dueAt":"2026-03-02T09:00:00Z"}}`,
		`[{"specversion":"1.0","id":"1","source":"s","type":"kaohe.feed.v1.ticket_closed","time":"2026-03-02T10:00:00Z","data":{"ticket":"T"}}]`,
		`{"specversion":1,"data_base64":"","type":"kaohe.feed.v1."}`, `{"ticket":"T","kind":"FAULT","due_at":{"seconds":1}}`,
	} {
		for form := range forms {
			f.Add(form, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, form int, body []byte) {
		header := forms[((form%len(forms))+len(forms))%len(forms)]
		items, refusal := Body(header, body)
		if refusal != nil {
			if refusal.Code == "" || refusal.Text.GetZh() == "" || refusal.Text.GetEn() == "" {
				t.Fatalf("a refusal says nothing: %v", refusal)
			}
			return
		}
		if !utf8.Valid(body) {
			t.Fatal("read what is no UTF-8")
		}
		for _, item := range items {
			if (item.Event == nil) == (item.Refusal == nil) {
				t.Fatalf("neither event nor refusal, or both: %v", item)
			}
			if item.Event != nil {
				if _, err := proto.Marshal(item.Event); err != nil {
					t.Fatalf("an event that cannot be written: %v", err)
				}
			} else if item.Refusal.Text.GetZh() == "" || item.Refusal.Text.GetEn() == "" || item.Refusal.Code == "" {
				t.Fatalf("a refusal says nothing: %v", item.Refusal)
			}
		}
	})
}

// FuzzEvent: what the plain decoder takes, the body's takes alike.
func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"id":"1","ticketClosed":{"ticket":"T"}}`))
	f.Add([]byte(` {"id" : "1" } `))
	f.Fuzz(func(t *testing.T, raw []byte) {
		plain := &feedv1.Event{}
		if protojson.Unmarshal(raw, plain) != nil || !utf8.Valid(raw) {
			return
		}
		items, refusal := Body(http.Header{}, raw)
		if refusal != nil && refusal.Code == "bad_json" && items == nil {
			// {"events": …} is taken for a batch, and no event has that field
			t.Fatalf("refused: %v", refusal.Text)
		}
		if refusal == nil && (len(items) != 1 || !proto.Equal(items[0].Event, plain)) {
			t.Fatalf("read %v, want %v", items, plain)
		}
	})
}
