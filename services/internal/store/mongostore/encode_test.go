package mongostore

import (
	"fmt"
	"math"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/apipb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"pgregory.net/rapid"
)

// roundTrip goes the way of a document: to BSON bytes and back, twice encoded to the same bytes.
func roundTrip(m proto.Message) (proto.Message, error) {
	doc, err := encodeMessage(m.ProtoReflect())
	if err != nil {
		return nil, err
	}
	raw, err := bson.Marshal(doc)
	if err != nil {
		return nil, err
	}
	back := m.ProtoReflect().New()
	if err := decodeMessage(back, raw); err != nil {
		return nil, fmt.Errorf("%v: %w", bson.Raw(raw), err)
	}
	return back.Interface(), nil
}

func TestBodyRoundTrip(t *testing.T) {
	kinds := map[string]protoreflect.MessageType{
		"every kind": dynamicpb.NewMessageType(everything(t)),
		"proto2":     (&descriptorpb.FileDescriptorProto{}).ProtoReflect().Type(),
		"struct":     (&structpb.Struct{}).ProtoReflect().Type(),
		"timestamp":  (&timestamppb.Timestamp{}).ProtoReflect().Type(),
		"api":        (&apipb.Api{}).ProtoReflect().Type(),
		"wrapper":    (&wrapperspb.UInt64Value{}).ProtoReflect().Type(),
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := kind.New().Interface()
				drawMessage(t, want.ProtoReflect(), 3)
				got, err := roundTrip(want)
				if err != nil {
					t.Fatalf("%v: %v", want, err)
				}
				if !proto.Equal(got, want) {
					t.Fatalf("got %v\nwant %v", got, want)
				}
			})
		})
	}
}

func TestBodyIsReadable(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 30, 0, 123456789, time.UTC)
	kind := dynamicpb.NewMessageType(everything(t))
	m := kind.New()
	field := func(name protoreflect.Name) protoreflect.FieldDescriptor { return m.Descriptor().Fields().ByName(name) }
	m.Set(field("one10"), protoreflect.ValueOfMessage(timestampOf(m, field("one10"), at)))
	m.Mutable(field("many10")).List().Append(protoreflect.ValueOfMessage(timestampOf(m, field("one10"), at)))
	m.Mutable(field("many10")).List().Append(protoreflect.ValueOfMessage(timestampOf(m, field("one10"), at.Truncate(time.Second))))
	m.Set(field("one13"), protoreflect.ValueOfEnum(1))
	m.Mutable(field("many13")).List().Append(protoreflect.ValueOfEnum(99))
	m.Set(field("one3"), protoreflect.ValueOfUint64(math.MaxUint64))
	m.Mutable(field("mval8")).Map().Set(protoreflect.ValueOfString("k").MapKey(), protoreflect.ValueOfString("v"))
	m.Mutable(field("mkey8")).Map().Set(protoreflect.ValueOfString("a.b").MapKey(), protoreflect.ValueOfInt32(1))
	doc, err := encodeMessage(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := bson.MarshalExtJSON(doc, false, false)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"one3":{"$numberDecimal":"18446744073709551615"},"mval8":{"k":"v"},"mkey8":[{"k":"a.b","v":1}],` +
		`"one10":{"$date":"2026-03-01T09:30:00.123Z"},"one10~ns":456789,` +
		`"many10":[{"t":{"$date":"2026-03-01T09:30:00.123Z"},"n":456789},{"$date":"2026-03-01T09:30:00Z"}],` +
		`"one13":"COLOR_RED","many13":[99]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func timestampOf(m protoreflect.Message, fd protoreflect.FieldDescriptor, at time.Time) protoreflect.Message {
	ts := m.NewField(fd).Message()
	joinTimestamp(ts, at.UnixMilli(), int32(at.Nanosecond()%nanosPerMilli)) //nolint:gosec // below a million
	return ts
}

// TestBodyRefusals: what this program does not understand is an error, never a silent loss.
func TestBodyRefusals(t *testing.T) {
	for name, doc := range map[string]bson.D{
		"unknown field": {{Key: "vlue", Value: int64(1)}},
		"wrong type":    {{Key: "value", Value: "x"}},
		"negative":      {{Key: "value", Value: int64(-1)}},
		"wire":          {{Key: wireName, Value: "x"}},
		"nanoseconds":   {{Key: "value" + nanosTail, Value: int32(1)}},
	} {
		raw, err := bson.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if err := decodeMessage((&wrapperspb.UInt64Value{}).ProtoReflect(), raw); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
