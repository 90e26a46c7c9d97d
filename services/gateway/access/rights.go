package access

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// Calls gives the calls of the contract that a role may make, by their short
// names, sorted: what a page may offer.
func (t Table) Calls(role apiv1.Role) []string {
	var may []string
	for _, call := range contract() {
		if t.May(role, "/"+string(call.Parent().FullName())+"/"+string(call.Name())) {
			may = append(may, string(call.Name()))
		}
	}
	slices.Sort(may)
	return may
}

// contract gives every call of every contract file.
func contract() (calls []protoreflect.MethodDescriptor) {
	protoregistry.GlobalFiles.RangeFilesByPackage(apiv1.File_kaohe_api_v1_api_proto.Package(), func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				calls = append(calls, methods.Get(j))
			}
		}
		return true
	})
	return calls
}

// Sends gives the kinds of events that somebody may send, as an event's JSON
// names them, sorted.
func (p *Principal) Sends() []string {
	var may []string
	kinds := (&feedv1.Event{}).ProtoReflect().Descriptor().Oneofs().ByName("payload").Fields()
	for i := range kinds.Len() {
		event := &feedv1.Event{}
		event.ProtoReflect().Mutable(kinds.Get(i))
		if p.MaySend(event) {
			may = append(may, kinds.Get(i).JSONName())
		}
	}
	slices.Sort(may)
	return may
}
