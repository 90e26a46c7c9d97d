package mongostore

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// The names of descriptor.proto, shortened.
const (
	typeFloat   = descriptorpb.FieldDescriptorProto_TYPE_FLOAT
	typeDouble  = descriptorpb.FieldDescriptorProto_TYPE_DOUBLE
	typeInt64   = descriptorpb.FieldDescriptorProto_TYPE_INT64
	typeInt32   = descriptorpb.FieldDescriptorProto_TYPE_INT32
	typeBool    = descriptorpb.FieldDescriptorProto_TYPE_BOOL
	typeString  = descriptorpb.FieldDescriptorProto_TYPE_STRING
	typeBytes   = descriptorpb.FieldDescriptorProto_TYPE_BYTES
	typeEnum    = descriptorpb.FieldDescriptorProto_TYPE_ENUM
	typeMessage = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	typeGroup   = descriptorpb.FieldDescriptorProto_TYPE_GROUP
)

// builder declares the fields of a message, numbered as they come.
type builder struct {
	*descriptorpb.DescriptorProto
	path string
}

func (b builder) field(name string, typ descriptorpb.FieldDescriptorProto_Type, typeName string) *descriptorpb.FieldDescriptorProto {
	f := &descriptorpb.FieldDescriptorProto{
		Name: &name, Number: proto.Int32(int32(len(b.Field) + 1)), Type: typ.Enum(), //nolint:gosec // a handful
		Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
	}
	if typeName != "" {
		f.TypeName = &typeName
	}
	b.Field = append(b.Field, f)
	return f
}

func (b builder) list(name string, typ descriptorpb.FieldDescriptorProto_Type, typeName string) {
	b.field(name, typ, typeName).Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
}

// table declares a map; its name starts with m.
func (b builder) table(name string, key, value descriptorpb.FieldDescriptorProto_Type, valueName string) {
	n := "M" + name[1:] + "Entry"
	entry := builder{&descriptorpb.DescriptorProto{Name: &n, Options: &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)}}, ""}
	entry.field("key", key, "")
	entry.field("value", value, valueName)
	b.NestedType = append(b.NestedType, entry.DescriptorProto)
	b.list(name, typeMessage, b.path+"."+n)
}

func (b builder) oneof(name string, fields ...*descriptorpb.FieldDescriptorProto) {
	for _, f := range fields {
		f.OneofIndex = proto.Int32(int32(len(b.OneofDecl))) //nolint:gosec // a handful
	}
	b.OneofDecl = append(b.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: &name})
}

// everything declares a message with a field of every kind: single, optional, repeated, map value and map key. The fields
// of kind n are one<n>, many<n>, mval<n> and mkey<n>.
func everything(t testing.TB) protoreflect.MessageDescriptor {
	t.Helper()
	b := builder{&descriptorpb.DescriptorProto{Name: proto.String("Everything")}, ".t.Everything"}
	names := map[descriptorpb.FieldDescriptorProto_Type]string{typeEnum: ".t.Color", typeMessage: ".google.protobuf.Timestamp"}
	for i := range len(descriptorpb.FieldDescriptorProto_Type_name) {
		typ := descriptorpb.FieldDescriptorProto_Type(i + 1) //nolint:gosec // 18 types
		if typ == typeGroup {
			continue
		}
		b.field(fmt.Sprintf("one%d", i), typ, names[typ])
		b.list(fmt.Sprintf("many%d", i), typ, names[typ])
		b.table(fmt.Sprintf("mval%d", i), typeString, typ, names[typ])
		switch typ {
		case typeEnum, typeMessage, typeBytes, typeFloat, typeDouble: // no map keys
		default:
			b.table(fmt.Sprintf("mkey%d", i), typ, typeInt32, "")
		}
	}
	b.field("nested", typeMessage, b.path)
	b.list("nests", typeMessage, b.path)
	b.oneof("choice", b.field("left", typeString, ""), b.field("right", typeBool, ""))
	for _, typ := range []descriptorpb.FieldDescriptorProto_Type{typeInt64, typeString} {
		f := b.field(fmt.Sprintf("opt%d", typ), typ, "")
		f.Proto3Optional = proto.Bool(true)
		b.oneof("_"+f.GetName(), f)
	}
	return compile(t, b.DescriptorProto)
}

func compile(t testing.TB, m *descriptorpb.DescriptorProto) protoreflect.MessageDescriptor {
	t.Helper()
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("t.proto"), Package: proto.String("t"), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/timestamp.proto"}, MessageType: []*descriptorpb.DescriptorProto{m},
		EnumType: []*descriptorpb.EnumDescriptorProto{{Name: proto.String("Color"), Value: []*descriptorpb.EnumValueDescriptorProto{
			{Name: proto.String("COLOR_UNSPECIFIED"), Number: proto.Int32(0)}, {Name: proto.String("COLOR_RED"), Number: proto.Int32(1)},
			{Name: proto.String("COLOR_BELOW"), Number: proto.Int32(-7)},
		}}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().ByName(protoreflect.Name(m.GetName()))
}
