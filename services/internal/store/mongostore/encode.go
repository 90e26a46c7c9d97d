package mongostore

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Bodies are stored so that a person with a MongoDB shell can read and query them, and come back exactly:
//
//	message            document, field names as in the .proto file, in field order; unset fields are left out
//	map                document, keys sorted; an array of {k, v} when a key is no good field name
//	repeated           array
//	Timestamp          date; what is below a millisecond goes beside it as <field>~ns, or {t, n} inside arrays and maps
//	enum               name; number when it has no name
//	int32, sint32 …    int32; uint32, int64 … int64; uint64 int64, decimal128 when it overflows
//	float, double      double
//	bytes              binary
//	unknown fields,
//	extensions         binary ~wire, in wire format
//
// A tilde cannot occur in a proto field name, so these names never collide.
const (
	wireName  = "~wire"
	nanosTail = "~ns"
)

const (
	timestampName protoreflect.FullName = "google.protobuf.Timestamp"

	minSeconds    = -62135596800 // 0001-01-01, the range of a valid Timestamp
	maxSeconds    = 253402300799 // 9999-12-31
	nanosPerMilli = 1_000_000
)

// encodeMessage converts a message to readable BSON.
func encodeMessage(m protoreflect.Message) (bson.D, error) {
	doc := bson.D{}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if !m.Has(fd) {
			continue
		}
		name, v := string(fd.Name()), m.Get(fd)
		if isTimestamp(fd) {
			if date, nanos, ok := splitTimestamp(v.Message()); ok {
				doc = append(doc, bson.E{Key: name, Value: date})
				if nanos != 0 {
					doc = append(doc, bson.E{Key: name + nanosTail, Value: nanos})
				}
				continue
			}
		}
		value, err := encodeField(fd, v)
		if err != nil {
			return nil, err
		}
		doc = append(doc, bson.E{Key: name, Value: value})
	}
	wire, err := encodeRest(m)
	if err != nil {
		return nil, err
	}
	if len(wire) > 0 {
		doc = append(doc, bson.E{Key: wireName, Value: bson.Binary{Data: wire}})
	}
	return doc, nil
}

// encodeRest returns what has no field name of its own in the wire format: extensions and unknown fields.
func encodeRest(m protoreflect.Message) ([]byte, error) {
	rest := m.New()
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if fd.IsExtension() {
			rest.Set(fd, v)
		}
		return true
	})
	rest.SetUnknown(m.GetUnknown())
	return proto.MarshalOptions{Deterministic: true, AllowPartial: true}.Marshal(rest.Interface())
}

func encodeField(fd protoreflect.FieldDescriptor, v protoreflect.Value) (any, error) {
	switch {
	case fd.IsMap():
		return encodeMap(fd.MapValue(), v.Map())
	case fd.IsList():
		list := v.List()
		out := make(bson.A, list.Len())
		for i := range out {
			var err error
			if out[i], err = encodeElement(fd, list.Get(i)); err != nil {
				return nil, err
			}
		}
		return out, nil
	case fd.Message() != nil:
		return encodeMessage(v.Message())
	}
	return encodeScalar(fd, v)
}

// encodeElement converts a value inside an array or map, where a timestamp has no neighbour for its nanoseconds.
func encodeElement(fd protoreflect.FieldDescriptor, v protoreflect.Value) (any, error) {
	if fd.Message() == nil {
		return encodeScalar(fd, v)
	}
	if fd.Message().FullName() == timestampName {
		switch date, nanos, ok := splitTimestamp(v.Message()); {
		case ok && nanos == 0:
			return date, nil
		case ok:
			return bson.D{{Key: "t", Value: date}, {Key: "n", Value: nanos}}, nil
		}
	}
	return encodeMessage(v.Message())
}

func encodeMap(value protoreflect.FieldDescriptor, m protoreflect.Map) (any, error) {
	keys := make([]protoreflect.MapKey, 0, m.Len())
	plain := true
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k)
		plain = plain && isFieldName(k.String())
		return true
	})
	slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return strings.Compare(a.String(), b.String()) })
	doc, pairs := make(bson.D, 0, len(keys)), make(bson.A, 0, len(keys))
	for _, k := range keys {
		v, err := encodeElement(value, m.Get(k))
		if err != nil {
			return nil, err
		}
		if plain {
			doc = append(doc, bson.E{Key: k.String(), Value: v})
		} else {
			pairs = append(pairs, bson.D{{Key: "k", Value: k.String()}, {Key: "v", Value: v}})
		}
	}
	if plain {
		return doc, nil
	}
	return pairs, nil
}

// isFieldName reports whether MongoDB keeps and finds a field of this name.
func isFieldName(s string) bool {
	return s != "" && s[0] != '$' && !strings.ContainsAny(s, ".\x00")
}

func encodeScalar(fd protoreflect.FieldDescriptor, v protoreflect.Value) (any, error) {
	switch fd.Kind() {
	case protoreflect.StringKind:
		if !utf8.ValidString(v.String()) {
			return nil, fmt.Errorf("field %s is not valid UTF-8", fd.Name())
		}
	case protoreflect.EnumKind:
		if ev := fd.Enum().Values().ByNumber(v.Enum()); ev != nil {
			return string(ev.Name()), nil
		}
		return int32(v.Enum()), nil
	case protoreflect.BytesKind:
		return bson.Binary{Data: v.Bytes()}, nil
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return int32(v.Int()), nil //nolint:gosec // the kind says it fits
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return int64(v.Uint()), nil //nolint:gosec // the kind says it fits
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		if u := v.Uint(); int64(u) < 0 { //nolint:gosec // the sign bit is the question
			d, _ := bson.ParseDecimal128FromBigInt(new(big.Int).SetUint64(u), 0) // 20 digits always fit in 34
			return d, nil
		}
		return int64(v.Uint()), nil //nolint:gosec // checked above
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return v.Float(), nil
	}
	return v.Interface(), nil // bool, string, int64
}

func isTimestamp(fd protoreflect.FieldDescriptor) bool {
	return fd.Cardinality() != protoreflect.Repeated && fd.Message() != nil && fd.Message().FullName() == timestampName
}

// splitTimestamp returns the date and the nanoseconds below its millisecond; not ok for what is no valid Timestamp.
func splitTimestamp(m protoreflect.Message) (date bson.DateTime, nanos int32, ok bool) {
	fields := m.Descriptor().Fields()
	s, n := m.Get(fields.ByNumber(1)).Int(), m.Get(fields.ByNumber(2)).Int()
	if s < minSeconds || s > maxSeconds || n < 0 || n >= 1000*nanosPerMilli || len(m.GetUnknown()) > 0 {
		return 0, 0, false
	}
	return bson.DateTime(s*1000 + n/nanosPerMilli), int32(n % nanosPerMilli), true
}

// joinTimestamp is the inverse of splitTimestamp.
func joinTimestamp(m protoreflect.Message, date int64, nanos int32) {
	s, ms := date/1000, date%1000
	if ms < 0 {
		s, ms = s-1, ms+1000
	}
	fields := m.Descriptor().Fields()
	if s != 0 {
		m.Set(fields.ByNumber(1), protoreflect.ValueOfInt64(s))
	}
	if n := int32(ms*nanosPerMilli) + nanos; n != 0 {
		m.Set(fields.ByNumber(2), protoreflect.ValueOfInt32(n))
	}
}
