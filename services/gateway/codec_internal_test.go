package gateway

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// Two bytes make an event of two hundred: a message is counted before it is
// built. What is no more than may come is read, to the last field.
func TestAMessageIsCountedBeforeItIsBuilt(t *testing.T) {
	units := bytes.Repeat([]byte{0x12, 0}, 4_000_000)
	inEvent := func(payload []byte) []byte {
		event := protowire.AppendBytes(protowire.AppendTag(nil, fieldOf("mass_fault_declared"), protowire.BytesType), payload)
		return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), event)
	}
	whole, err := proto.Marshal(&apiv1.PushEventsRequest{Events: []*feedv1.Event{{Id: "1", Payload: &feedv1.Event_MassFaultDeclared{
		MassFaultDeclared: &feedv1.MassFaultDeclared{Units: strings.Split(strings.Repeat("u,", 200), ",")},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		raw []byte
		ok  bool
	}{
		"four million events":              {bytes.Repeat([]byte{0x0a, 0}, 4_000_000), false},
		"four million units in an event":   {inEvent(units), false},
		"four million fields of no number": {bytes.Repeat([]byte{0xf8, 0x07, 0}, 2_600_000), false},
		"an event":                         {whole, true},
		"nothing":                          {nil, true},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := &apiv1.PushEventsRequest{}
		err := newCountedCodec().Unmarshal(mem.BufferSlice{mem.SliceBuffer(c.raw)}, got)
		runtime.ReadMemStats(&after)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 40<<20 {
			t.Errorf("%s took %d MiB", name, took>>20)
		}
		if again, _ := proto.Marshal(got); c.ok && len(again) != len(c.raw) {
			t.Errorf("%s: %d bytes of %d were read", name, len(again), len(c.raw))
		}
	}
}

func fieldOf(name string) protowire.Number {
	return (&feedv1.Event{}).ProtoReflect().Descriptor().Fields().ByTextName(name).Number()
}
