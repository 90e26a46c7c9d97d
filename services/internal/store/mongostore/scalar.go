package mongostore

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// decodeScalar is the inverse of encodeScalar.
func decodeScalar(fd protoreflect.FieldDescriptor, v bson.RawValue) (pv protoreflect.Value, err error) {
	ok := false
	switch kind := fd.Kind(); kind {
	case protoreflect.BoolKind:
		var b bool
		b, ok = v.BooleanOK()
		pv = protoreflect.ValueOfBool(b)
	case protoreflect.StringKind:
		var s string
		s, ok = v.StringValueOK()
		pv = protoreflect.ValueOfString(s)
	case protoreflect.BytesKind:
		var b []byte
		_, b, ok = v.BinaryOK()
		pv = protoreflect.ValueOfBytes(slices.Clone(b))
	case protoreflect.EnumKind:
		pv, ok = decodeEnum(fd.Enum(), v)
	case protoreflect.FloatKind:
		var f float64
		f, ok = v.DoubleOK()
		pv = protoreflect.ValueOfFloat32(float32(f))
	case protoreflect.DoubleKind:
		var f float64
		f, ok = v.DoubleOK()
		pv = protoreflect.ValueOfFloat64(f)
	default:
		pv, ok = decodeInt(kind, v)
	}
	if !ok {
		return pv, mismatch(fd.Kind().String(), v)
	}
	return pv, nil
}

func decodeEnum(enum protoreflect.EnumDescriptor, v bson.RawValue) (protoreflect.Value, bool) {
	if n, ok := v.Int32OK(); ok {
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), true
	}
	name, _ := v.StringValueOK()
	ev := enum.Values().ByName(protoreflect.Name(name))
	if ev == nil {
		return protoreflect.Value{}, false
	}
	return protoreflect.ValueOfEnum(ev.Number()), true
}

func decodeInt(kind protoreflect.Kind, v bson.RawValue) (protoreflect.Value, bool) {
	if d, ok := v.Decimal128OK(); ok {
		n, exp, err := d.BigInt()
		ok = err == nil && exp == 0 && n.IsUint64() && (kind == protoreflect.Uint64Kind || kind == protoreflect.Fixed64Kind)
		if !ok {
			return protoreflect.Value{}, false
		}
		return protoreflect.ValueOfUint64(n.Uint64()), true
	}
	n, ok := v.Int64OK()
	if small, is32 := v.Int32OK(); is32 {
		n, ok = int64(small), true
	}
	switch kind {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(n)), ok && int64(int32(n)) == n //nolint:gosec // checked beside it
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(n)), ok && int64(uint32(n)) == n //nolint:gosec // checked beside it
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(n)), ok && n >= 0 //nolint:gosec // checked beside it
	}
	return protoreflect.ValueOfInt64(n), ok
}
