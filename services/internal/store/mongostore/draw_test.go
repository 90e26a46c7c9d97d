package mongostore

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"
)

// drawMessage fills a message with anything its type allows, to a depth.
func drawMessage(t *rapid.T, m protoreflect.Message, depth int) {
	if m.Descriptor().FullName() == timestampName && rapid.IntRange(0, 3).Draw(t, "valid") > 0 {
		joinTimestamp(m, rapid.Int64Range(minSeconds*1000, maxSeconds*1000+999).Draw(t, "ms"), rapid.Int32Range(0, nanosPerMilli-1).Draw(t, "ns"))
		return
	}
	fields := m.Descriptor().Fields()
	if fields.Len() > 0 {
		for range rapid.IntRange(0, 4).Draw(t, "fields") {
			drawField(t, m, fields.Get(rapid.IntRange(0, fields.Len()-1).Draw(t, "field")), depth)
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "unknown") == 0 {
		b := protowire.AppendTag(nil, 536_870_000, protowire.VarintType)
		m.SetUnknown(protowire.AppendVarint(b, rapid.Uint64().Draw(t, "unknown value")))
	}
}

func drawField(t *rapid.T, m protoreflect.Message, fd protoreflect.FieldDescriptor, depth int) {
	n := rapid.IntRange(0, 3).Draw(t, "length")
	switch {
	case depth == 0 && fd.Message() != nil && !fd.IsMap():
	case fd.IsMap():
		into := m.Mutable(fd).Map()
		for range n {
			key := drawScalar(t, fd.MapKey()).MapKey()
			into.Set(key, drawValue(t, fd.MapValue(), depth, into.NewValue))
		}
	case fd.IsList():
		list := m.Mutable(fd).List()
		for range n {
			list.Append(drawValue(t, fd, depth, list.NewElement))
		}
	default:
		m.Set(fd, drawValue(t, fd, depth, func() protoreflect.Value { return m.NewField(fd) }))
	}
}

func drawValue(t *rapid.T, fd protoreflect.FieldDescriptor, depth int, empty func() protoreflect.Value) protoreflect.Value {
	if fd.Message() == nil {
		return drawScalar(t, fd)
	}
	v := empty()
	if depth > 0 {
		drawMessage(t, v.Message(), depth-1)
	}
	return v
}

func drawScalar(t *rapid.T, fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.EnumKind:
		if values := fd.Enum().Values(); rapid.Bool().Draw(t, "named") || fd.Enum().IsClosed() {
			return protoreflect.ValueOfEnum(values.Get(rapid.IntRange(0, values.Len()-1).Draw(t, "enum")).Number())
		}
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32().Draw(t, "enum number")))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "int32"))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, "uint32"))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, "int64"))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(rapid.Uint64().Draw(t, "uint64"))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(rapid.OneOf(rapid.Float32(), rapid.SampledFrom([]float32{float32(math.Inf(1)), float32(math.NaN())})).Draw(t, "float"))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.Inf(-1), math.NaN()})).Draw(t, "double"))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	}
	return protoreflect.ValueOfString(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a.b", "$x", "\x00", "t", "n", "k", wireName, "x" + nanosTail})).Draw(t, "string"))
}
