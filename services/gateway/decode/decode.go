package decode

import (
	"bytes"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/gateway/door"
)

// Body reads the events of an HTTP body, one that Fits. The refusal is about the body as a
// whole; a single event that cannot be read is an item with its own.
func Body(header http.Header, body []byte) ([]door.Item, *door.Refusal) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	if refusal := valid(body); refusal != nil {
		return nil, refusal
	}
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		media = ""
	}
	s := source(body)
	switch {
	case media == "application/cloudevents+json":
		return s.items([]span{{0, len(s)}}, s.structured)
	case media == "application/cloudevents-batch+json":
		if i := s.space(0); i < len(s) && s[i] != '[' {
			return nil, s.broken(i, "CloudEvents 批应为数组", "a batch of CloudEvents must be an array")
		}
		return s.each(s.structured)
	case header.Get("Ce-Specversion") != "" || header.Get("Ce-Type") != "":
		return []door.Item{s.binary(header)}, nil
	case media == "application/x-ndjson" || media == "application/jsonl" || media == "application/ndjson":
		spans := s.lines()
		if len(spans) == 0 {
			return nil, door.Refuse("", "", "empty_body", "请求体是空的，请发送事件", "the body is empty; send events")
		}
		return s.items(spans, s.event)
	case strings.HasPrefix(media, "multipart/"):
		return nil, door.Refuse("", media, "bad_content_type", "请以 application/json 发送",
			"send it as application/json")
	}
	return s.each(s.event)
}

func valid(body []byte) *door.Refusal {
	if utf8.Valid(body) {
		return nil
	}
	offset := 0
	for offset < len(body) {
		r, size := utf8.DecodeRune(body[offset:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		offset += size
	}
	return door.Refuse("", source(body).place(offset), "bad_utf8",
		"第 %s 处（行:列）不是有效的 UTF-8，请用 UTF-8 编码发送（不是 GBK）",
		"not valid UTF-8 at %s (line:column); send UTF-8, not GBK or another encoding", source(body).place(offset))
}

func (s source) each(decode func(span) door.Item) ([]door.Item, *door.Refusal) {
	spans, refusal := s.split()
	if refusal != nil {
		return nil, refusal
	}
	return s.items(spans, decode)
}

func (s source) items(spans []span, decode func(span) door.Item) ([]door.Item, *door.Refusal) {
	if len(spans) > MaxEvents {
		return nil, TooMany(len(spans))
	}
	items := make([]door.Item, len(spans))
	for i, at := range spans {
		items[i] = decode(at)
	}
	return items, nil
}

// event reads one event in the contract's JSON.
func (s source) event(at span) door.Item {
	e := &feedv1.Event{}
	if err := protojson.Unmarshal(s[at.from:at.to], e); err != nil {
		return s.diagnose(at, e.ProtoReflect().Descriptor(), "", err)
	}
	return door.Item{Event: e}
}
