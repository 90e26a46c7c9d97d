package cli

import (
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/phrase"
)

// eventNames are the operator's words for the events of the feed; English ones
// are the names of the contract.
func eventNames() map[string]string {
	return map[string]string{
		"ticket_opened": "开单", "ticket_dispatched": "派单", "ticket_transferred": "转派", "ticket_suspended": "挂起",
		"ticket_resumed": "恢复", "ticket_rescheduled": "改约", "ticket_replied": "回单", "ticket_closed": "关闭",
		"ticket_reopened": "返工", "ticket_cancelled": "撤销", "ticket_merged": "合并", "ticket_unmerged": "取消合并",
		"source_verdict_reported": "来源判定", "complaint_filed": "投诉", "complaint_forwarded": "转办",
		"complaint_answered": "答复", "complaint_verified": "核实", "complaint_resolved": "解决",
		"complaint_fed_back": "反馈", "callback_done": "回访", "praise_given": "表扬",
		"mass_fault_declared": "大面积故障", "mass_fault_told": "故障告知", "mass_fault_restored": "故障恢复",
		"interruption_planned": "计划停网", "points_decided": "评分", "thanks_decided": "感谢核定",
		"unit_registered": "单位登记", "rulebook_published": "规则发布", "clock_advanced": "时钟推进",
		"hall_assessed": "营业厅检查", "hall_surveyed": "营业厅满意度调查", "conduct_recorded": "加扣分事项",
		"sanction_imposed": "弄虚作假处罚", "item_waived": "当月免评", "halls_drawn": "抽取营业厅",
		"points_proposed": "加减分建议", "objection_raised": "异议", "objection_decided": "异议裁定",
		"month_closing_started": "开始关账", "month_closed": "关账", "month_published": "公布", "restatement_decided": "更正裁定",
		"call_made": "调用",
	}
}

func (s *session) eventName(e *feedv1.Event) string {
	name := flow.EventType(e)
	return s.say(firstOf(eventNames()[name], name), strings.ReplaceAll(name, "_", " "))
}

func (s *session) eventGrid(events []*feedv1.Event, zone *time.Location) grid {
	g := grid{columns: []column{
		{name: s.say("时间", "at")}, {name: s.say("事件", "event")},
		{name: s.say("内容", "what it says"), wraps: true}, {name: s.say("来源/编号", "source/id")},
	}}
	for _, e := range events {
		g.add(phrase.Instant(e.OccurredAt.AsTime(), zone), s.eventName(e), details(e, zone), printable(flow.EventRef(e)))
	}
	return g
}

// details lists what an event says, in the words of the contract.
func details(e *feedv1.Event, zone *time.Location) string {
	field := flow.EventTypes()[flow.EventType(e)]
	if field == nil {
		return ""
	}
	payload := e.ProtoReflect().Get(field).Message()
	var parts []string
	fields := payload.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !payload.Has(f) || f.Name() == "yaml" {
			continue
		}
		parts = append(parts, string(f.Name())+"="+fieldText(f, payload.Get(f), zone))
	}
	return strings.Join(parts, " ")
}

func fieldText(f protoreflect.FieldDescriptor, v protoreflect.Value, zone *time.Location) string {
	switch {
	case f.IsList():
		var all []string
		for i := range v.List().Len() {
			all = append(all, v.List().Get(i).String())
		}
		return printable(strings.Join(all, ","))
	case f.Enum() != nil:
		return enumText(f.Enum(), v.Enum())
	case f.Message() != nil:
		if t, ok := v.Message().Interface().(*timestamppb.Timestamp); ok {
			return phrase.Instant(t.AsTime(), zone)
		}
	}
	return printable(v.String())
}

// enumText is a value's name without the name of its enum.
func enumText(enum protoreflect.EnumDescriptor, number protoreflect.EnumNumber) string {
	value := enum.Values().ByNumber(number)
	if value == nil {
		return "?"
	}
	zero := string(enum.Values().Get(0).Name())
	prefix := strings.TrimSuffix(zero, "UNSPECIFIED")
	return strings.ToLower(strings.TrimPrefix(string(value.Name()), prefix))
}

// printableLines is printable with its lines kept.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}
