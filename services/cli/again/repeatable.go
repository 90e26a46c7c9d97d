package again

import (
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// recognised are the calls that change something and may still be made twice: an
// event that is in is a duplicate, and a barrier only waits.
var recognised = map[string]bool{
	apiv1.FeedService_PushEvents_FullMethodName:   true,
	apiv1.FeedService_AwaitBarrier_FullMethodName: true,
}

// repeatable reports whether a call may be made twice when nobody knows whether
// it was done: what only reads may, by the contract.
func repeatable(method string) bool {
	if recognised[method] {
		return true
	}
	name := strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", ".")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return false
	}
	rule, _ := proto.GetExtension(found.Options(), annotations.E_Http).(*annotations.HttpRule)
	return rule.GetGet() != ""
}
