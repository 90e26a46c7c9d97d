package rulebook

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
)

// factKinds are the kinds of facts: the bodies a fact can have, by name.
func factKinds() protoreflect.FieldDescriptors {
	return (&factv1.Fact{}).ProtoReflect().Descriptor().Fields()
}

func factBody() protoreflect.OneofDescriptor {
	return (&factv1.Fact{}).ProtoReflect().Descriptor().Oneofs().ByName("body")
}

// scored reports whether scoring reads a kind: verdicts, which the contract
// numbers from 40 to 79, decisions of assessors and faults for the quota.
func scored(kind protoreflect.FieldDescriptor) bool {
	return kind.Number() >= 40 && kind.Number() < 80 || kind.Name() == "points_given" || kind.Name() == "fault_reported"
}

// scoredKinds lists the kinds that scoring reads, in the contract's order.
func scoredKinds() []string {
	var names []string
	fields := factBody().Fields()
	for i := range fields.Len() {
		if scored(fields.Get(i)) {
			names = append(names, string(fields.Get(i).Name()))
		}
	}
	return names
}

// bodyOf gives what a fact says; nil when it says nothing.
func bodyOf(f *factv1.Fact, body protoreflect.OneofDescriptor) protoreflect.Message {
	m := f.ProtoReflect()
	field := m.WhichOneof(body)
	if field == nil {
		return nil
	}
	return m.Get(field).Message()
}

// itemOf gives the item a fact's body names.
type itemOf func(protoreflect.Message) string

// itemNamer finds the field "item" of a kind, in the body or in a message in
// it; nil if there is none.
func itemNamer(kind protoreflect.FieldDescriptor) itemOf {
	if kind == nil {
		return nil
	}
	fields := kind.Message().Fields()
	if item := itemField(kind.Message()); item != nil {
		return func(m protoreflect.Message) string { return m.Get(item).String() }
	}
	for i := range fields.Len() {
		outer := fields.Get(i)
		if outer.Message() == nil || outer.IsList() || outer.IsMap() {
			continue
		}
		if item := itemField(outer.Message()); item != nil {
			return func(m protoreflect.Message) string { return m.Get(outer).Message().Get(item).String() }
		}
	}
	return nil
}

func itemField(m protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	item := m.Fields().ByName("item")
	if item == nil || item.Kind() != protoreflect.StringKind || item.IsList() {
		return nil
	}
	return item
}

// fieldOf finds the field that an expression such as "fact.level" plainly
// names; nil if it is anything else.
func fieldOf(expr string, kind protoreflect.FieldDescriptor) protoreflect.FieldDescriptor {
	names := strings.Split(strings.TrimSpace(expr), ".")
	if kind == nil || len(names) < 2 || names[0] != "fact" {
		return nil
	}
	var found protoreflect.FieldDescriptor
	message := kind.Message()
	for _, name := range names[1:] {
		if message == nil {
			return nil
		}
		if found = message.Fields().ByName(protoreflect.Name(name)); found == nil {
			return nil
		}
		message = found.Message()
	}
	return found
}

// valuesOf lists what an expression can yield, if it plainly names a field
// with few values; else nil.
func valuesOf(expr string, kind protoreflect.FieldDescriptor) []string {
	field := fieldOf(expr, kind)
	switch {
	case field == nil:
		return nil
	case field.Kind() == protoreflect.BoolKind:
		return []string{"true", "false"}
	case field.Enum() == nil:
		return nil
	}
	values := field.Enum().Values()
	names := make([]string, values.Len())
	for i := range values.Len() {
		names[i] = strings.ToLower(shortName(values.Get(i)))
	}
	return names
}

// shortName is an enum value's name without the enum's: BRANCH instead of
// COMPLAINT_LEVEL_BRANCH.
func shortName(value protoreflect.EnumValueDescriptor) string {
	prefix := &strings.Builder{}
	for i, c := range string(value.Parent().Name()) {
		if i > 0 && c >= 'A' && c <= 'Z' {
			prefix.WriteByte('_')
		}
		prefix.WriteRune(c)
	}
	return strings.TrimPrefix(string(value.Name()), strings.ToUpper(prefix.String())+"_")
}
