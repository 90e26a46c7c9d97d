package access

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// Calls that are not in the contract, but over HTTP alone.
const (
	ListMonths = "ListMonths"
	Metrics    = "Metrics"
)

const administrator = contractv1.Role_ROLE_ADMINISTRATOR

// Table says who may make which call and send which kind of event. What it does
// not have nobody may.
type Table struct {
	calls  map[string]*contractv1.Access
	kinds  map[protoreflect.FieldNumber]*contractv1.Kind
	actors map[protoreflect.FieldNumber]protoreflect.FieldDescriptor
}

// NewTable reads it from the contract.
func NewTable() Table {
	t := Table{calls: map[string]*contractv1.Access{}, kinds: map[protoreflect.FieldNumber]*contractv1.Kind{},
		actors: map[protoreflect.FieldNumber]protoreflect.FieldDescriptor{}}
	for _, call := range contract() {
		if declared, ok := proto.GetExtension(call.Options(), contractv1.E_Access).(*contractv1.Access); ok && declared != nil {
			t.calls[fmt.Sprintf("/%s/%s", call.Parent().FullName(), call.Name())] = declared
		}
	}
	t.calls[ListMonths] = &contractv1.Access{Scope: contractv1.Scope_SCOPE_NONE, Roles: []contractv1.Role{
		contractv1.Role_ROLE_UNIT_MANAGER, contractv1.Role_ROLE_ASSESSOR, contractv1.Role_ROLE_COMMITTEE, contractv1.Role_ROLE_OPERATIONS,
	}}
	t.calls[Metrics] = &contractv1.Access{Roles: []contractv1.Role{contractv1.Role_ROLE_OPERATIONS}}
	for i := range payloads().Len() {
		kind := payloads().Get(i)
		if declared, ok := proto.GetExtension(kind.Options(), contractv1.E_Kind).(*contractv1.Kind); ok && declared != nil {
			t.kinds[kind.Number()] = declared
		}
		for j := range kind.Message().Fields().Len() {
			if field := kind.Message().Fields().Get(j); proto.GetExtension(field.Options(), contractv1.E_Actor).(bool) {
				t.actors[kind.Number()] = field
			}
		}
	}
	return t
}

func payloads() protoreflect.FieldDescriptors { return payload().Fields() }

func payload() protoreflect.OneofDescriptor {
	return (&feedv1.Event{}).ProtoReflect().Descriptor().Oneofs().ByName("payload")
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

// May reports whether a role may make a call.
func (t Table) May(role contractv1.Role, call string) bool {
	return among(t.calls[call].GetRoles(), role)
}

// among reports whether a role is one of those declared. An administrator is
// wherever somebody is.
func among(declared []contractv1.Role, role contractv1.Role) bool {
	return slices.Contains(declared, role) || role == administrator && len(declared) > 0
}

// Scope tells how a call is held to the units of a unit manager.
func (t Table) Scope(call string) contractv1.Scope { return t.calls[call].GetScope() }

// Calls gives the calls of the contract that a role may make, by their short
// names, sorted: what a page may offer.
func (t Table) Calls(role contractv1.Role) []string {
	var may []string
	for _, call := range contract() {
		if t.May(role, "/"+string(call.Parent().FullName())+"/"+string(call.Name())) {
			may = append(may, string(call.Name()))
		}
	}
	slices.Sort(may)
	return may
}

// MaySend reports whether a role may send an event: who reports what happened
// sets no points, and who sets points reports nothing. The clocks of imports are
// for those who look after the system.
func (t Table) MaySend(role contractv1.Role, e *feedv1.Event) bool {
	kind := e.ProtoReflect().WhichOneof(payload())
	if kind == nil || e.Clock != "" && role != contractv1.Role_ROLE_OPERATIONS && role != administrator {
		return false
	}
	return t.maySend(role, kind)
}

func (t Table) maySend(role contractv1.Role, kind protoreflect.FieldDescriptor) bool {
	return among(t.kinds[kind.Number()].GetRoles(), role)
}

// Sends gives the kinds of events that a role may send, as an event's JSON names
// them, sorted.
func (t Table) Sends(role contractv1.Role) []string {
	var may []string
	for i := range payloads().Len() {
		if kind := payloads().Get(i); t.maySend(role, kind) {
			may = append(may, kind.JSONName())
		}
	}
	slices.Sort(may)
	return may
}

// Sign notes who stands for an event and reports whether he may: a person stands
// for himself, and only who speaks for persons may name another. Person is the
// name that is not his.
func (t Table) Sign(p *Principal, e *feedv1.Event) (field, person string, ok bool) {
	e.Sender, e.Actor = p.ID, ""
	m := e.ProtoReflect()
	kind := m.WhichOneof(payload())
	if kind == nil || t.actors[kind.Number()] == nil {
		return "", "", true
	}
	said, actor := m.Get(kind).Message(), t.actors[kind.Number()]
	person = said.Get(actor).String()
	switch {
	case person == "":
		said = m.Mutable(kind).Message()
		said.Set(actor, protoreflect.ValueOfString(p.Person()))
		e.Actor = p.ID
	case person == p.Person():
		e.Actor = p.ID
	case p.SpeaksForPersons:
		e.Actor = SpokenFor + person
	default:
		return string(kind.Name()) + "." + string(actor.Name()), person, false
	}
	return "", "", true
}

// Entered reports whether who calls stands for an event: as the door noted it, or
// by the name that the event gives.
func (t Table) Entered(p *Principal, e *feedv1.Event) bool {
	kind := e.ProtoReflect().WhichOneof(payload())
	if kind == nil || t.actors[kind.Number()] == nil {
		return false
	}
	return e.Actor == p.ID || e.ProtoReflect().Get(kind).Message().Get(t.actors[kind.Number()]).String() == p.Person()
}

// SpokenFor begins the actor of an event that a service account sent for a
// person, whose name follows.
const SpokenFor = "for:"
