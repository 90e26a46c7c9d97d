package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"kaohe.dev/services/gateway/door"
)

// diagnose finds out which field of a message cannot be read. It is only asked
// when decoding failed, so it may take its time.
func (s source) diagnose(at span, message protoreflect.MessageDescriptor, prefix string, cause error) door.Item {
	raw := s[at.from:at.to]
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return door.Item{Refusal: s.syntax(at, decoder, err)}
	}
	item := door.Item{Refusal: look(message, value, prefix)}
	if object, ok := value.(map[string]any); ok && prefix == "" {
		item.ID, _ = object["id"].(string)
	}
	if item.Refusal == nil {
		offset := int(decoder.InputOffset())
		if end := source(raw).space(offset); end != len(raw) {
			item.Refusal = s.broken(at.from+end, "事件之后有多余内容", "there is more behind the event")
			return item
		}
		item.Refusal = door.Refuse(prefix, "", "bad_json", "无法读取：%v", "it cannot be read: %v", cause)
	}
	return item
}

func (s source) syntax(at span, decoder *json.Decoder, err error) *door.Refusal {
	offset := int(decoder.InputOffset())
	var broken *json.SyntaxError
	if errors.As(err, &broken) {
		offset = max(int(broken.Offset)-1, 0)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return s.broken(at.to, "内容不完整", "it ends too early")
	}
	return s.broken(at.from+offset, "语法错误（"+err.Error()+"）", err.Error())
}

// look walks a value along the contract and gives the first thing wrong.
func look(message protoreflect.MessageDescriptor, value any, path string) *door.Refusal {
	if message.FullName() == "google.protobuf.Timestamp" {
		return instant(value, path)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return mistyped(path, value, "对象 {…}", "an object {…}")
	}
	chosen := map[protoreflect.FullName]string{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		field := message.Fields().ByJSONName(key)
		if field == nil {
			field = message.Fields().ByTextName(key)
		}
		if field == nil {
			return unknown(message, key, path)
		}
		if object[key] == nil {
			continue
		}
		if oneof := field.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() {
			if other := chosen[oneof.FullName()]; other != "" {
				return door.Refuse(join(path, string(field.Name())), "", "two_choices", "与 %q 只能填一个；一个事件只说一件事",
					"only one of it and %q can be set; an event says one thing", other)
			}
			chosen[oneof.FullName()] = string(field.Name())
		}
		if refusal := lookField(field, object[key], join(path, string(field.Name()))); refusal != nil {
			return refusal
		}
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func unknown(message protoreflect.MessageDescriptor, key, path string) *door.Refusal {
	var names []string
	for i := range message.Fields().Len() {
		names = append(names, string(message.Fields().Get(i).Name()))
	}
	near := door.Nearest(key, names)
	if near == "" {
		return door.Refuse(join(path, key), "", "unknown_field", "没有这个字段；可用的有：%s", "there is no such field; known are: %s",
			strings.Join(names, ", "))
	}
	return door.Refuse(join(path, key), "", "unknown_field", "没有这个字段，是不是 %q？", "there is no such field; did you mean %q?", near)
}

func lookField(field protoreflect.FieldDescriptor, value any, path string) *door.Refusal {
	if !field.IsList() {
		return lookValue(field, value, path)
	}
	list, ok := value.([]any)
	if !ok {
		return mistyped(path, value, "数组 […]", "an array […]")
	}
	for i, element := range list {
		if refusal := lookValue(field, element, fmt.Sprintf("%s[%d]", path, i)); refusal != nil {
			return refusal
		}
	}
	return nil
}

func lookValue(field protoreflect.FieldDescriptor, value any, path string) *door.Refusal {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return look(field.Message(), value, path)
	case protoreflect.StringKind:
		if _, ok := value.(string); !ok {
			return mistyped(path, value, "字符串，用双引号括起", "a string in quotes")
		}
	case protoreflect.BoolKind:
		if _, ok := value.(bool); !ok {
			return mistyped(path, value, "true 或 false，不加引号", "true or false, without quotes")
		}
	case protoreflect.EnumKind:
		return choice(field.Enum(), value, path)
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		bits := 64
		if field.Kind() == protoreflect.Int32Kind {
			bits = 32
		}
		return whole(value, bits, path)
	}
	return nil
}

func mistyped(path string, value any, zh, en string) *door.Refusal {
	return door.Refuse(path, show(value), "bad_type", "应为%[1]s", "it must be %[2]s", zh, en)
}

func show(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(raw)
}

func instant(value any, path string) *door.Refusal {
	text, ok := value.(string)
	if ok {
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil && at.Year() >= 1 && at.Year() <= 9999 {
			return nil
		}
	}
	shown := text
	if !ok {
		shown = show(value)
	}
	return door.Refuse(path, shown, "bad_instant", "不是带时区的时间，请用 RFC 3339，例如 2026-03-01T09:30:00+08:00",
		"not an instant with an offset; use RFC 3339, for example 2026-03-01T09:30:00+08:00")
}

func choice(enum protoreflect.EnumDescriptor, value any, path string) *door.Refusal {
	var names []string
	for i := range enum.Values().Len() {
		names = append(names, string(enum.Values().Get(i).Name()))
	}
	switch v := value.(type) {
	case string:
		if slices.Contains(names, v) {
			return nil
		}
		if near := nearChoice(v, names); near != "" {
			return door.Refuse(path, v, "bad_choice", "没有这个取值，是不是 %q？", "there is no such value; did you mean %q?", near)
		}
		return door.Refuse(path, v, "bad_choice", "请填写以下之一：%s", "use one of: %s", strings.Join(names[1:], ", "))
	case json.Number:
		return whole(value, 32, path)
	}
	return mistyped(path, value, "枚举名称字符串", "the name of a value, a string")
}

// nearChoice also knows "FAULT" for "TICKET_KIND_FAULT".
func nearChoice(name string, names []string) string {
	for _, known := range names {
		if strings.HasSuffix(known, "_"+strings.ToUpper(name)) {
			return known
		}
	}
	return door.Nearest(name, names)
}

func whole(value any, bits int, path string) *door.Refusal {
	text := ""
	switch v := value.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	default:
		return mistyped(path, value, "整数", "a whole number")
	}
	if _, err := strconv.ParseInt(text, 10, bits); err == nil {
		return nil
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < math.Pow(2, float64(bits-1)) {
		return nil // 1e3 is a whole number
	}
	return door.Refuse(path, text, "bad_type", "应为 %d 位整数", "it must be a whole number of %d bits", bits)
}
