package access_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/gateway/access"
)

// TestEveryCallDeclaresWhoMay: a call without roles could be made by nobody, and
// one that unit managers may make has to say how they are held to their units.
func TestEveryCallDeclaresWhoMay(t *testing.T) {
	protoregistry.GlobalFiles.RangeFilesByPackage(apiv1.File_kaohe_api_v1_api_proto.Package(), func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				declared(t, methods.Get(j))
			}
		}
		return true
	})
}

func declared(t *testing.T, call protoreflect.MethodDescriptor) {
	t.Helper()
	said, _ := proto.GetExtension(call.Options(), contractv1.E_Access).(*contractv1.Access)
	manages := false
	for _, role := range said.GetRoles() {
		manages = manages || role == contractv1.Role_ROLE_UNIT_MANAGER
	}
	unit := call.Input().Fields().ByName("unit")
	switch {
	case len(said.GetRoles()) == 0:
		t.Errorf("%s declares no roles: nobody may call it", call.FullName())
	case manages && said.Scope == contractv1.Scope_SCOPE_UNSPECIFIED:
		t.Errorf("%s is for unit managers and does not say how they are held to their units", call.FullName())
	case said.Scope == contractv1.Scope_SCOPE_UNIT && (unit == nil || unit.Kind() != protoreflect.StringKind || unit.IsList()):
		t.Errorf("%s is held to the unit of its request, which names none", call.FullName())
	}
}

// TestWhatNobodyDeclaredNobodyMaySend: not even an administrator, and of an event
// that says nothing neither.
func TestWhatNobodyDeclaredNobodyMaySend(t *testing.T) {
	table := access.NewTable()
	for role := range contractv1.Role_name {
		for what, event := range map[string]*feedv1.Event{
			"an event that says nothing": {},
			"what kaohe alone says":      {Payload: &feedv1.Event_CallMade{CallMade: &feedv1.CallMade{}}},
		} {
			if table.MaySend(contractv1.Role(role), event) {
				t.Errorf("%s may send %s", contractv1.Role(role), what)
			}
		}
		if table.May(contractv1.Role(role), "/kaohe.api.v1.FeedService/NoSuchCall") {
			t.Errorf("%s may make a call that there is not", contractv1.Role(role))
		}
	}
}
