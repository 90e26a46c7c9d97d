package rulebook

import (
	"os"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
)

// rateBook is the fixture that differs from the default in every way to score.
func rateBook(t testing.TB) string {
	t.Helper()
	document, err := os.ReadFile("testdata/rate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// saying makes a fact that says a body.
func saying(body protoreflect.ProtoMessage) *factv1.Fact {
	f := &factv1.Fact{Id: "f"}
	fields := factBody().Fields()
	for i := range fields.Len() {
		if fields.Get(i).Message() == body.ProtoReflect().Descriptor() {
			f.Kind = string(fields.Get(i).Name())
			f.ProtoReflect().Set(fields.Get(i), protoreflect.ValueOfMessage(body.ProtoReflect()))
		}
	}
	return f
}
