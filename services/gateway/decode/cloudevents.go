package decode

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/door"
)

// TypePrefix begins the type of every CloudEvent of the feed; the payload's
// name in the contract follows, for example "kaohe.feed.v1.ticket_opened".
const TypePrefix = "kaohe.feed.v1."

// attributes are the context attributes of a CloudEvent that are read. Clock is
// an extension: the named clock. Others are ignored.
type attributes struct {
	specversion, id, source, kind, time, clock string
}

// structured reads a CloudEvent in its JSON form.
func (s source) structured(at span) door.Item {
	var members map[string]json.RawMessage
	raw := s[at.from:at.to]
	if err := json.Unmarshal(raw, &members); err != nil {
		item := s.diagnose(at, (&feedv1.Event{}).ProtoReflect().Descriptor(), "", err)
		if item.Refusal.Code != "bad_json" {
			item.Refusal = s.broken(at.from, "应为 CloudEvent 对象", "expected a CloudEvent object")
		}
		return item
	}
	var a attributes
	for name, into := range map[string]*string{
		"specversion": &a.specversion, "id": &a.id, "source": &a.source, "type": &a.kind, "time": &a.time, "clock": &a.clock,
	} {
		if value := members[name]; value != nil && json.Unmarshal(value, into) != nil {
			return door.Item{Refusal: door.Refuse(name, string(value), "bad_type", "应为字符串", "it must be a string")}
		}
	}
	if members["data_base64"] != nil {
		return door.Item{ID: a.id, Refusal: door.Refuse("data_base64", "", "bad_data", "不支持二进制数据，请用 data 发送 JSON 对象",
			"binary data is not taken; send a JSON object as data")}
	}
	return a.event(source(members["data"]))
}

// binary reads a CloudEvent whose attributes are headers.
func (s source) binary(header http.Header) door.Item {
	get := func(name string) string {
		value := header.Get("Ce-" + name)
		if plain, err := url.PathUnescape(value); err == nil {
			return plain
		}
		return value
	}
	a := attributes{get("Specversion"), get("Id"), get("Source"), get("Type"), get("Time"), get("Clock")}
	return a.event(s)
}

// event makes an event of a CloudEvent's attributes and data.
func (a attributes) event(data source) door.Item {
	refuse := func(field, value, code, zh, en string, args ...any) door.Item {
		return door.Item{ID: a.id, Refusal: door.Refuse(field, value, code, zh, en, args...)}
	}
	if a.specversion != "1.0" {
		return refuse("specversion", a.specversion, "bad_specversion", "应为 \"1.0\"", "it must be \"1.0\"")
	}
	field, refusal := payloadField(a.kind)
	if refusal != nil {
		return door.Item{ID: a.id, Refusal: refusal}
	}
	if a.time == "" {
		return refuse("time", "", "required", "必填：事件发生的时间", "it is required: when it happened")
	}
	at, err := time.Parse(time.RFC3339Nano, a.time)
	if err != nil {
		return door.Item{ID: a.id, Refusal: instant(a.time, "time")}
	}
	if data.space(0) == len(data) {
		return refuse("data", "", "required", "必填：%s 的内容", "it is required: the %s", string(field.Name()))
	}
	e := &feedv1.Event{Id: a.id, Source: a.source, OccurredAt: timestamppb.New(at), Clock: a.clock}
	payload := e.ProtoReflect().NewField(field)
	if err := protojson.Unmarshal(data, payload.Message().Interface()); err != nil {
		item := data.diagnose(span{0, len(data)}, field.Message(), string(field.Name()), err)
		item.ID = a.id
		return item
	}
	e.ProtoReflect().Set(field, payload)
	return door.Item{Event: e}
}

// payloadField gives the payload a type names, in snake_case or camelCase.
func payloadField(kind string) (protoreflect.FieldDescriptor, *door.Refusal) {
	types := flow.EventTypes()
	name, ours := strings.CutPrefix(kind, TypePrefix)
	if ours {
		if field := types[name]; field != nil {
			return field, nil
		}
		for _, field := range types {
			if field.JSONName() == name {
				return field, nil
			}
		}
	}
	known := slices.Sorted(maps.Keys(types))
	if near := door.Nearest(name, known); near != "" {
		return nil, door.Refuse("type", kind, "unknown_type", "没有这种事件，是不是 %q？", "there is no such type; did you mean %q?", TypePrefix+near)
	}
	return nil, door.Refuse("type", kind, "unknown_type", "没有这种事件；应为 %[1]s 加以下之一：%[2]s",
		"there is no such type; it is %[1]s followed by one of: %[2]s", TypePrefix, strings.Join(known, ", "))
}
