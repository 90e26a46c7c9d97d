package importer

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/cost"
)

// newRow is a row without values: the one before the first.
func newRow(m *Mapping) *row { return &row{mapping: m} }

// holds evaluates a condition; none holds always.
func (g guard) holds(s *scope) (bool, *fault) {
	for _, place := range g.present {
		if s.row.values[place] == "" {
			return false, nil
		}
	}
	if g.program == nil {
		return true, nil
	}
	out, err := g.program.Eval(s.ctx, s)
	if err != nil {
		return false, uncomputed(err, wrong("bad_expression", "表达式无法计算：%v", "an expression cannot be computed: %v", err))
	}
	holds, ok := out.(types.Bool)
	if !ok {
		return false, wrong("bad_expression", "条件的结果不是真或假", "a condition gave neither true nor false")
	}
	return bool(holds), nil
}

// uncomputed tells why an expression gave nothing: what it costs, or else.
func uncomputed(err error, otherwise *fault) *fault {
	if errors.Is(err, cost.ErrDear) {
		return wrong("too_dear", "该行的某个表达式计算量超过 %d，请简化映射", "an expression costs more than %d units for this row; make the mapping simpler", evaluation.Units)
	}
	return otherwise
}

// instant gives when an event happened.
func (r *run) instant(rule *eventRule, s *scope) (time.Time, *fault) {
	a := assignment{field: occurredAt, value: rule.at}
	v, present, bad := r.resolve(&a, s)
	if bad != nil {
		return time.Time{}, bad
	}
	if !present {
		bad := wrong("no_time", "%s 没有发生时间", "%s has no time", rule.name)
		bad.column = strings.Join(rule.at.columns, ",")
		return time.Time{}, bad
	}
	return v.Message().Interface().(*timestamppb.Timestamp).AsTime(), nil
}

var occurredAt = (&feedv1.Event{}).ProtoReflect().Descriptor().Fields().ByName("occurred_at")

// resolve gives the value for a field; absent is false.
func (r *run) resolve(a *assignment, s *scope) (v protoreflect.Value, present bool, bad *fault) {
	from := &a.value
	column, text := "", from.constant
	for i, place := range from.places {
		if text = s.row.values[place]; text != "" {
			column = from.columns[i]
			break
		}
	}
	if from.program != nil {
		out, err := from.program.Eval(s.ctx, s)
		if err == nil {
			v, present, err = r.m.result(a.field, out)
		}
		if err != nil {
			return v, false, uncomputed(err, wrong("bad_expression", "%[1]s 的表达式无法计算：%[2]v",
				"the expression of %[1]s cannot be computed: %[2]v", a.field.Name(), err))
		}
		if present {
			return v, true, nil
		}
	}
	if text == "" {
		text = from.otherwise
	}
	if text == "" {
		return v, false, nil
	}
	v, err := r.m.scalar(a.field, text)
	switch {
	case err == nil:
		return v, true, nil
	case a.field.Kind() == protoreflect.MessageKind:
		return v, false, badTime(column, text)
	default:
		bad = wrong("bad_value", "%[1]s 的值不合适：%[2]v", "the value does not fit %[1]s: %[2]v", a.field.Name(), err)
		bad.column, bad.value = column, text
		return v, false, bad
	}
}

// notInUnitID are the characters that a unit's id may not have.
var notInUnitID = regexp.MustCompile(`[/?#*>\s]+`)

// UnitID makes a unit's id of the name a source uses: "No Q" is "No_Q".
func UnitID(name string) string { return notInUnitID.ReplaceAllString(name, "_") }

// always is when a created unit is registered: its registration holds always,
// and must be the same whichever row names the unit first.
var always = time.Unix(0, 0).UTC()

// unit gives the id of a unit a row names, and its registration when it has to
// be created.
func (r *run) unit(name string) (id string, created *feedv1.Event, bad *fault) {
	id = UnitID(name)
	if _, known := r.units[id]; known {
		return id, nil, nil
	}
	if r.o.Known != nil && r.o.Known(id) {
		r.units[id] = name
		return id, nil, nil
	}
	if !r.o.CreateUnits {
		bad = wrong("unknown_unit", "单位 %s 未登记；可用 --create-units 自动登记",
			"unit %s is not registered; --create-units registers it", id)
		bad.value = name
		return "", nil, bad
	}
	r.units[id] = name
	kind := feedv1.UnitKind_UNIT_KIND_OUTLET
	if r.m.units != nil {
		kind = r.m.units.kind
	}
	return id, &feedv1.Event{
		Id: "unit/" + id, Source: r.m.Source, OccurredAt: timestamppb.New(always), Clock: r.clock,
		Payload: &feedv1.Event_UnitRegistered{UnitRegistered: &feedv1.UnitRegistered{
			Unit: id, NameZh: name, NameEn: name, Kind: kind, Zone: r.m.Zone.String(),
		}},
	}, nil
}
