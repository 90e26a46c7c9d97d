package registry

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/gateway/lang"
)

// readCell reads a value of a field, or tells what is wrong with it.
func readCell(m protoreflect.Message, name, cell string, zone Zone) (protoreflect.Value, *factv1.Text) {
	field := m.Descriptor().Fields().ByName(protoreflect.Name(name))
	switch field.Kind() {
	case protoreflect.Int64Kind:
		n, err := strconv.ParseInt(strings.ReplaceAll(cell, ",", ""), 10, 64)
		if err != nil || n < 0 {
			return protoreflect.Value{}, lang.Text("不是非负整数，请填数字，例如 20000", "it is no whole number from 0 on; write digits, for example 20000")
		}
		return protoreflect.ValueOfInt64(n), nil
	case protoreflect.BoolKind:
		return readBool(cell)
	case protoreflect.EnumKind:
		return readKind(cell)
	case protoreflect.MessageKind:
		at, text := Date(cell, inZone(m, zone))
		if text != nil {
			return protoreflect.Value{}, text
		}
		return protoreflect.ValueOfMessage(at.ProtoReflect()), nil
	default:
		return protoreflect.ValueOfString(cell), nil
	}
}

func readBool(cell string) (protoreflect.Value, *factv1.Text) {
	switch strings.ToLower(cell) {
	case "yes", "true", "1", "是":
		return protoreflect.ValueOfBool(true), nil
	case "no", "false", "0", "否":
		return protoreflect.ValueOfBool(false), nil
	}
	return protoreflect.Value{}, lang.Text("请填 是 或 否", "write yes or no")
}

func readKind(cell string) (protoreflect.Value, *factv1.Text) {
	for kind, text := range unitKinds() {
		if cell == text.Zh || strings.EqualFold(cell, text.En) || cell == kind.String() {
			return protoreflect.ValueOfEnum(kind.Number()), nil
		}
	}
	return protoreflect.Value{}, lang.Text("请填 营业部（outlet）或 代维公司（contractor）", "write outlet (营业部) or contractor (代维公司)")
}

func unitKinds() map[feedv1.UnitKind]*factv1.Text {
	return map[feedv1.UnitKind]*factv1.Text{
		feedv1.UnitKind_UNIT_KIND_OUTLET:     lang.Text("营业部", "outlet"),
		feedv1.UnitKind_UNIT_KIND_CONTRACTOR: lang.Text("代维公司", "contractor"),
	}
}

// Days between which a date must lie, as spreadsheets count them: 1990 to 2100.
const (
	firstSerial = 32874
	lastSerial  = 73050
)

// Date reads a day: 2026-03-01, 2026/3/1, 2026年3月1日, or the number by which a
// spreadsheet keeps a date. It is the beginning of that day in a zone.
func Date(cell string, zone *time.Location) (*timestamppb.Timestamp, *factv1.Text) {
	if n, err := strconv.Atoi(cell); err == nil && n >= firstSerial && n < lastSerial {
		// Day 0 of a spreadsheet is the last but one of 1899.
		return timestamppb.New(time.Date(1899, time.December, 30+n, 0, 0, 0, 0, zone)), nil
	}
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日"} {
		at, err := time.ParseInLocation(layout, cell, zone)
		if err == nil && at.Year() >= 1990 && at.Year() < 2100 {
			return timestamppb.New(at), nil
		}
	}
	return nil, lang.Text("不是 1990 至 2099 年间的日期，请写成 2026-03-01", "it is no date from 1990 to 2099; write it as 2026-03-01")
}

// Since sets from when a row holds; empty: always.
func (r Row) Since(day string, zone Zone) *factv1.Text {
	if day == "" {
		return nil
	}
	m := r.Payload.ProtoReflect()
	at, text := Date(day, inZone(m, zone))
	if text == nil {
		m.Set(m.Descriptor().Fields().ByName(effectiveFrom), protoreflect.ValueOfMessage(at.ProtoReflect()))
	}
	return text
}

// Day shows from which date something holds; empty: always.
func Day(at *timestamppb.Timestamp, zone *time.Location) string {
	if at == nil {
		return ""
	}
	return at.AsTime().In(zone).Format(time.DateOnly)
}

// shown is a field's value for people; empty for nothing.
func shown(m protoreflect.Message, f protoreflect.FieldDescriptor) *factv1.Text {
	v := m.Get(f)
	switch f.Kind() {
	case protoreflect.EnumKind:
		if text := unitKinds()[feedv1.UnitKind(v.Enum())]; text != nil {
			return text
		}
		return lang.Text("", "")
	case protoreflect.BoolKind:
		if v.Bool() {
			return lang.Text("是", "yes")
		}
		return lang.Text("否", "no")
	default:
		return lang.Text(v.String(), v.String())
	}
}
