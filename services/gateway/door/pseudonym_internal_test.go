package door

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protoreflect"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// TestNoKindOfEventKeepsACustomer plants a number wherever the contract has a
// customer, at whatever depth: a kind added later cannot be forgotten.
func TestNoKindOfEventKeepsACustomer(t *testing.T) {
	const number = "13800138000"
	d := &Door{customerKey: []byte("key")}
	kinds, planted := payloadOneof.Fields(), 0
	for i := range kinds.Len() {
		e := &feedv1.Event{}
		n := plant(e.ProtoReflect().Mutable(kinds.Get(i)).Message(), number, 3)
		d.pseudonymise(e)
		if text := prototext.Format(e); strings.Contains(text, number) || strings.Count(text, d.pseudonym(number)) != n {
			t.Errorf("%s keeps the customer: %s", kinds.Get(i).Name(), text)
		}
		planted += n
	}
	if planted < 4 {
		t.Errorf("planted %d numbers, and there are tickets, complaints, praise and halls' surveys", planted)
	}
}

// plant sets what is called customer to a number, down to a depth, and counts.
func plant(m protoreflect.Message, number string, depth int) (planted int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		switch field := fields.Get(i); {
		case field.Name() == "customer" && field.Kind() == protoreflect.StringKind:
			m.Set(field, protoreflect.ValueOfString(number))
			planted++
		case field.Message() == nil || field.IsMap() || depth == 0:
		case field.IsList():
			planted += plant(m.Mutable(field).List().AppendMutable().Message(), number, depth-1)
		case field.ContainingOneof() == nil:
			planted += plant(m.Mutable(field).Message(), number, depth-1)
		}
	}
	return planted
}
