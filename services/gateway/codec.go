package gateway

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	// It registers the codec that is counted here.
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"kaohe.dev/services/gateway/decode"
)

// countedCodec reads messages over gRPC after it has counted their fields: two
// bytes make an event of some hundred in memory, and nobody knows yet who sends
// them.
type countedCodec struct{ encoding.CodecV2 }

func newCountedCodec() countedCodec { return countedCodec{encoding.GetCodecV2(protocodec.Name)} }

// Unmarshal reads a message.
func (c countedCodec) Unmarshal(data mem.BufferSlice, into any) error {
	if m, is := into.(proto.Message); is {
		raw := data.MaterializeToBuffer(mem.DefaultBufferPool())
		defer raw.Free()
		if countFields(raw.ReadOnlyData(), m.ProtoReflect().Descriptor(), decode.MaxValues, maxDepth) < 0 {
			return fmt.Errorf("the message has more than %d fields, or is nested more than %d deep; split it into several", decode.MaxValues, maxDepth)
		}
	}
	return c.CodecV2.Unmarshal(data, into)
}

// countFields gives how many fields there may still be behind those of a message
// and all in it; negative: there are too many. Where it is no message it stops:
// whoever reads it says what is wrong.
func countFields(raw []byte, of protoreflect.MessageDescriptor, left, deep int) int {
	if deep == 0 {
		return -1
	}
	for len(raw) > 0 && left >= 0 {
		number, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return left
		}
		raw = raw[n:]
		if n = protowire.ConsumeFieldValue(number, kind, raw); n < 0 {
			return left
		}
		left--
		if field := of.Fields().ByNumber(number); kind == protowire.BytesType && field != nil && field.Message() != nil {
			inner, _ := protowire.ConsumeBytes(raw)
			left = countFields(inner, field.Message(), left, deep-1)
		}
		raw = raw[n:]
	}
	return left
}
