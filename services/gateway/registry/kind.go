// Package registry reads tables of units, agents and hall managers and tells
// what they would change.
//
// In flow the cells of a table and what is registered; out flow registrations,
// what each changes, and all that is wrong with it. Never here: a file, the log,
// or the present time.
//
//  1. Everything holds from a date on. Of two registrations of one date the one
//     made later holds; none is overwritten.
//  2. A table is applied as a whole or not at all: one problem stops it.
//  3. What would change a closed month is a problem.
package registry

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// What an import may have.
const (
	// MaxChanges is how many rows may change something: they become one
	// message of the log, so that either all of them are in it or none.
	MaxChanges = 2000
	// MaxBytes is what they may take there.
	MaxBytes = 400 << 10
	// eventOverhead is what an event takes beside what it registers: its ids
	// and times.
	eventOverhead = 120
)

// Payload is what is registered: UnitRegistered, AgentRegistered or
// HallManagerRegistered.
type Payload interface {
	proto.Message
	GetEffectiveFrom() *timestamppb.Timestamp
}

// Column is a column of a table; its name is the field's of the contract. A
// table that lacks one says nothing about it: of what is registered it stays as
// it is.
type Column struct {
	Name, Zh string
	Required bool     // every table has it
	Filled   bool     // no cell of it is empty
	also     []string // other names that people give it
}

const effectiveFrom = "effective_from"

// Columns gives the columns of a kind of table.
func Columns(kind apiv1.ImportKind) []Column {
	from := Column{Name: effectiveFrom, Zh: "生效日期", also: []string{"生效时间", "from"}}
	unit := Column{Name: "unit", Zh: "单位编号", also: []string{"单位", "业务单位"}}
	key := unit
	key.Required, key.Filled = true, true
	switch kind {
	case apiv1.ImportKind_IMPORT_KIND_UNITS:
		return []Column{
			key, {Name: "name_zh", Zh: "单位名称", Filled: true, also: []string{"名称", "name"}}, {Name: "name_en", Zh: "英文名称"},
			{Name: "kind", Zh: "单位类型", Filled: true, also: []string{"类型"}},
			{Name: "customers", Zh: "维护客户总数量", also: []string{"客户数", "维护客户数"}},
			{Name: "hall", Zh: "营业厅", also: []string{"营业厅名称"}}, {Name: "hall_address", Zh: "营业厅地址", also: []string{"地址", "address"}},
			{Name: "zone", Zh: "时区"}, from,
		}
	case apiv1.ImportKind_IMPORT_KIND_AGENTS:
		return []Column{
			{Name: "agent", Zh: "工号", Required: true, Filled: true, also: []string{"客服工号"}}, {Name: "name", Zh: "姓名"}, unit,
			{Name: "team", Zh: "班组"}, {Name: "left", Zh: "离职", also: []string{"是否离职"}}, from,
		}
	case apiv1.ImportKind_IMPORT_KIND_MANAGERS:
		return []Column{key, {Name: "person", Zh: "营业厅主任", Required: true, also: []string{"营业厅经理", "主任", "经理", "负责人", "manager", "hall_manager"}}, from}
	}
	return nil
}

// keyColumn is the column that says what a row is about.
func keyColumn(kind apiv1.ImportKind) string { return Columns(kind)[0].Name }

// New makes an empty payload of a kind of table.
func New(kind apiv1.ImportKind) Payload {
	switch kind {
	case apiv1.ImportKind_IMPORT_KIND_AGENTS:
		return &feedv1.AgentRegistered{}
	case apiv1.ImportKind_IMPORT_KIND_MANAGERS:
		return &feedv1.HallManagerRegistered{}
	default:
		return &feedv1.UnitRegistered{}
	}
}

// Key is what a payload is about: the agent, or the unit.
func Key(p Payload) string {
	switch m := p.(type) {
	case *feedv1.UnitRegistered:
		return m.Unit
	case *feedv1.AgentRegistered:
		return m.Agent
	case *feedv1.HallManagerRegistered:
		return m.Unit
	}
	return ""
}

// Unit is the unit a payload names; empty: none.
func Unit(p Payload) string {
	if m, is := p.(interface{ GetUnit() string }); is {
		return m.GetUnit()
	}
	return ""
}

// Of gives what an event registers; nil: nothing.
func Of(e *feedv1.Event) Payload {
	switch p := e.GetPayload().(type) {
	case *feedv1.Event_UnitRegistered:
		return p.UnitRegistered
	case *feedv1.Event_AgentRegistered:
		return p.AgentRegistered
	case *feedv1.Event_HallManagerRegistered:
		return p.HallManagerRegistered
	}
	return nil
}

// Event gives the event that registers a payload, without its id and times.
func Event(p Payload) *feedv1.Event {
	switch m := p.(type) {
	case *feedv1.UnitRegistered:
		return &feedv1.Event{Payload: &feedv1.Event_UnitRegistered{UnitRegistered: m}}
	case *feedv1.AgentRegistered:
		return &feedv1.Event{Payload: &feedv1.Event_AgentRegistered{AgentRegistered: m}}
	case *feedv1.HallManagerRegistered:
		return &feedv1.Event{Payload: &feedv1.Event_HallManagerRegistered{HallManagerRegistered: m}}
	}
	return nil
}
