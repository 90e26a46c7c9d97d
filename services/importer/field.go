package importer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// timestamps are the results an expression for an instant may have; text is
// read by the mapping's layouts.
var timestamps = []*cel.Type{cel.TimestampType, cel.StringType, cel.OptionalType(cel.StringType), cel.OptionalType(cel.TimestampType)}

const timestampMessage = "google.protobuf.Timestamp"

// assignments reads which fields of a payload get which values.
func (l *loader) assignments(n node, message protoreflect.MessageDescriptor) []assignment {
	var out []assignment
	names := make([]string, message.Fields().Len())
	for i := range names {
		names[i] = string(message.Fields().Get(i).Name())
	}
	for _, e := range n.entries(names...) {
		field := message.Fields().ByName(protoreflect.Name(e.key))
		wanted, ok := results(field)
		if !ok {
			e.value.problem("映射不支持此字段", "a mapping cannot fill this field")
			continue
		}
		v := l.value(e.value, wanted)
		if v.program == nil && len(v.columns) == 0 {
			if _, err := l.m.scalar(field, v.constant); err != nil {
				e.value.problem("值不合适："+err.Error(), "the value does not fit: "+err.Error())
			}
		}
		out = append(out, assignment{field, v})
	}
	return out
}

// results gives the types an expression for a field may have.
func results(field protoreflect.FieldDescriptor) ([]*cel.Type, bool) {
	with := func(t *cel.Type) ([]*cel.Type, bool) {
		return []*cel.Type{t, cel.StringType, cel.OptionalType(cel.StringType), cel.OptionalType(t)}, true
	}
	switch {
	case field.IsList():
		return nil, false
	case field.Kind() == protoreflect.MessageKind:
		return timestamps, field.Message().FullName() == timestampMessage
	case field.Kind() == protoreflect.BoolKind:
		return with(cel.BoolType)
	case field.Kind() == protoreflect.Int32Kind, field.Kind() == protoreflect.Int64Kind:
		return with(cel.IntType)
	default:
		return with(cel.StringType)
	}
}

// value reads where a value comes from: {value: text}, {column: NAME},
// {columns: [NAME, NAME]} (the first present) or {cel: expression}, and
// optionally {else: text} for when it is absent.
func (l *loader) value(n node, wanted []*cel.Type) value {
	v := value{line: n.line()}
	column := func(n node) {
		if name := n.text(); name != "" {
			v.columns, v.places = append(v.columns, name), append(v.places, l.uses(name, n.line()))
		}
	}
	origins := 0
	for _, e := range n.entries("value", "column", "columns", "cel", "else") {
		origins++
		switch e.key {
		case "value":
			v.constant = e.value.text()
		case "column":
			column(e.value)
		case "columns":
			for _, element := range e.value.list() {
				column(element)
			}
		case "cel":
			v.program = l.compile(e.value, wanted...)
		case "else":
			v.otherwise = e.value.text()
			origins--
		}
	}
	if origins != 1 {
		n.problem("应恰好有 value、column、columns、cel 之一", "exactly one of value, column, columns and cel is expected")
	}
	return v
}

// scalar reads a text as a field's value.
func (m *Mapping) scalar(field protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text), nil
	case protoreflect.BoolKind:
		b, err := boolean(text)
		return protoreflect.ValueOfBool(b), err
	case protoreflect.Int32Kind:
		i, err := strconv.ParseInt(text, 10, 32)
		return protoreflect.ValueOfInt32(int32(i)), err
	case protoreflect.Int64Kind:
		i, err := strconv.ParseInt(text, 10, 64)
		return protoreflect.ValueOfInt64(i), err
	case protoreflect.EnumKind:
		return enumeration(field.Enum(), text)
	case protoreflect.MessageKind:
		t, err := m.parseTime(text)
		return instant(t), err
	default:
		return protoreflect.Value{}, fmt.Errorf("no text fits a %s", field.Kind())
	}
}

func instant(t time.Time) protoreflect.Value {
	return protoreflect.ValueOfMessage(timestamppb.New(t).ProtoReflect())
}

func boolean(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "y", "1", "是":
		return true, nil
	case "false", "no", "n", "0", "否":
		return false, nil
	default:
		return false, fmt.Errorf("%q is neither true nor false", text)
	}
}

// enumeration finds a value of an enum by its name or by the name's end, in
// any case: "fault" is TICKET_KIND_FAULT.
func enumeration(enum protoreflect.EnumDescriptor, text string) (protoreflect.Value, error) {
	upper := strings.ToUpper(text)
	zero := string(enum.Values().ByNumber(0).Name())
	prefix := strings.TrimSuffix(zero, "UNSPECIFIED")
	v := enum.Values().ByName(protoreflect.Name(upper))
	if v == nil {
		v = enum.Values().ByName(protoreflect.Name(prefix + upper))
	}
	if v == nil || v.Number() == 0 {
		return protoreflect.Value{}, fmt.Errorf("%q is no %s", text, enum.Name())
	}
	return protoreflect.ValueOfEnum(v.Number()), nil
}

// result reads what an expression gave as a field's value; absent is false.
func (m *Mapping) result(field protoreflect.FieldDescriptor, out ref.Val) (v protoreflect.Value, present bool, err error) {
	if optional, ok := out.(*types.Optional); ok {
		if !optional.HasValue() {
			return v, false, nil
		}
		out = optional.GetValue()
	}
	switch out := out.(type) {
	case types.String:
		if out == "" {
			return v, false, nil
		}
		v, err = m.scalar(field, string(out))
	case types.Bool:
		v = protoreflect.ValueOfBool(bool(out))
	case types.Int:
		v, err = m.scalar(field, strconv.FormatInt(int64(out), 10))
	case types.Timestamp:
		v = instant(out.Time)
	default:
		err = fmt.Errorf("the expression gave a %s", out.Type().TypeName())
	}
	return v, err == nil, err
}
