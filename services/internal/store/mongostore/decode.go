package mongostore

import (
	"fmt"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// decodeMessage is the inverse of encodeMessage; m must be empty.
func decodeMessage(m protoreflect.Message, raw bson.Raw) error {
	elements, err := raw.Elements()
	if err != nil {
		return err
	}
	fields := m.Descriptor().Fields()
	for _, e := range elements {
		name, v := e.Key(), e.Value()
		if name == wireName {
			_, wire, ok := v.BinaryOK()
			if !ok {
				return mismatch(name, v)
			}
			if err := (proto.UnmarshalOptions{Merge: true, AllowPartial: true}).Unmarshal(wire, m.Interface()); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		base, isNanos := strings.CutSuffix(name, nanosTail)
		fd := fields.ByName(protoreflect.Name(base))
		switch {
		case fd == nil && m.Descriptor().ReservedNames().Has(protoreflect.Name(base)):
			continue // the field was removed from the contract
		case fd == nil:
			return fmt.Errorf("field %q is not in %s: written by a newer program", name, m.Descriptor().FullName())
		case isNanos:
			err = addNanos(m, fd, v)
		default:
			err = decodeField(m, fd, v)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// addNanos completes the timestamp decoded just before.
func addNanos(m protoreflect.Message, fd protoreflect.FieldDescriptor, v bson.RawValue) error {
	nanos, ok := v.Int32OK()
	if !ok || !isTimestamp(fd) {
		return mismatch("nanoseconds", v)
	}
	ts := m.Mutable(fd).Message()
	field := ts.Descriptor().Fields().ByNumber(2)
	ts.Set(field, protoreflect.ValueOfInt32(int32(ts.Get(field).Int())+nanos)) //nolint:gosec // an int32 field
	return nil
}

func decodeField(m protoreflect.Message, fd protoreflect.FieldDescriptor, v bson.RawValue) error {
	switch {
	case fd.IsMap():
		return decodeMap(m.Mutable(fd).Map(), fd, v)
	case fd.IsList():
		array, ok := v.ArrayOK()
		if !ok {
			return mismatch("list", v)
		}
		values, err := array.Values()
		if err != nil {
			return err
		}
		list := m.Mutable(fd).List()
		for _, item := range values {
			pv, err := decodeElement(fd, item, list.NewElement)
			if err != nil {
				return err
			}
			list.Append(pv)
		}
		return nil
	}
	pv, err := decodeElement(fd, v, func() protoreflect.Value { return m.NewField(fd) })
	if err != nil {
		return err
	}
	m.Set(fd, pv)
	return nil
}

func decodeMap(into protoreflect.Map, fd protoreflect.FieldDescriptor, v bson.RawValue) error {
	put := func(key string, v bson.RawValue) error {
		k, err := decodeMapKey(fd.MapKey().Kind(), key)
		if err != nil {
			return err
		}
		pv, err := decodeElement(fd.MapValue(), v, into.NewValue)
		if err != nil {
			return err
		}
		into.Set(k, pv)
		return nil
	}
	if doc, ok := v.DocumentOK(); ok {
		elements, err := doc.Elements()
		if err != nil {
			return err
		}
		for _, e := range elements {
			if err := put(e.Key(), e.Value()); err != nil {
				return err
			}
		}
		return nil
	}
	array, ok := v.ArrayOK()
	if !ok {
		return mismatch("map", v)
	}
	pairs, err := array.Values()
	if err != nil {
		return err
	}
	for _, p := range pairs {
		doc, _ := p.DocumentOK()
		key, ok := doc.Lookup("k").StringValueOK()
		if !ok {
			return mismatch("map entry", p)
		}
		if err := put(key, doc.Lookup("v")); err != nil {
			return err
		}
	}
	return nil
}

func decodeMapKey(kind protoreflect.Kind, s string) (protoreflect.MapKey, error) {
	var v protoreflect.Value
	var err error
	switch kind {
	case protoreflect.StringKind:
		v = protoreflect.ValueOfString(s)
	case protoreflect.BoolKind:
		v = protoreflect.ValueOfBool(s == "true")
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		var n int64
		n, err = strconv.ParseInt(s, 10, 32)
		v = protoreflect.ValueOfInt32(int32(n)) //nolint:gosec // parsed as 32 bits
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		var n uint64
		n, err = strconv.ParseUint(s, 10, 32)
		v = protoreflect.ValueOfUint32(uint32(n)) //nolint:gosec // parsed as 32 bits
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		var n uint64
		n, err = strconv.ParseUint(s, 10, 64)
		v = protoreflect.ValueOfUint64(n)
	default:
		var n int64
		n, err = strconv.ParseInt(s, 10, 64)
		v = protoreflect.ValueOfInt64(n)
	}
	return v.MapKey(), err
}

// decodeElement decodes a single value; make gives an empty one for messages.
func decodeElement(fd protoreflect.FieldDescriptor, v bson.RawValue, empty func() protoreflect.Value) (protoreflect.Value, error) {
	if fd.Message() == nil {
		return decodeScalar(fd, v)
	}
	pv := empty()
	if date, ok := v.DateTimeOK(); ok && fd.Message().FullName() == timestampName {
		joinTimestamp(pv.Message(), date, 0)
		return pv, nil
	}
	doc, ok := v.DocumentOK()
	if !ok {
		return pv, mismatch(string(fd.Message().FullName()), v)
	}
	if fd.Message().FullName() == timestampName {
		if date, ok := doc.Lookup("t").DateTimeOK(); ok {
			nanos, _ := doc.Lookup("n").Int32OK()
			joinTimestamp(pv.Message(), date, nanos)
			return pv, nil
		}
	}
	return pv, decodeMessage(pv.Message(), doc)
}

func mismatch(want string, v bson.RawValue) error {
	return fmt.Errorf("a BSON %s cannot be read as %s", v.Type, want)
}
