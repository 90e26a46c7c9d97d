package door

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
)

// Broken turns what the validator says of a message into a refusal; nil where
// it says nothing.
func Broken(err error) *Refusal {
	if err == nil {
		return nil
	}
	var invalid *protovalidate.ValidationError
	if !errors.As(err, &invalid) || len(invalid.Violations) == 0 {
		return Refuse("", "", "invalid", "无法校验：%v", "it cannot be checked: %v", err)
	}
	return explain(invalid.Violations[0])
}

// explain turns a broken field rule into a refusal in both languages.
func explain(v *protovalidate.Violation) *Refusal {
	field := protovalidate.FieldPathString(v.Proto.GetField())
	rule, limit, value := v.Proto.GetRuleId(), v.RuleValue, shown(v)
	refuse := func(code, zh, en string, args ...any) *Refusal {
		return Refuse(field, value, code, zh, en, args...)
	}
	switch rule {
	case "required", "string.min_len", "repeated.min_items":
		if field == "payload" {
			return refuse("no_payload", "没有说明发生了什么：请填写一种事件内容，例如 %s",
				"it does not say what happened: fill in one kind of event, for example %s", "ticket_opened")
		}
		return refuse("required", "必填，请填写后重发", "it is required; fill it in and send again")
	case "string.max_len":
		return refuse("too_long", "最多 %s 个字符，现有 %d 个，请缩短",
			"at most %s characters, it has %d; shorten it", limit.String(), utf8.RuneCountInString(v.FieldValue.String()))
	case "repeated.max_items":
		return refuse("too_many", "最多 %s 项，请减少", "at most %s items; send fewer", limit.String())
	case "repeated.unique":
		return refuse("not_unique", "有重复项，请去掉", "an item occurs twice; remove it")
	case "string.pattern":
		if field == "source" {
			return refuse("bad_format", "来源名称格式不符（%s），例如 96766", "a source's name must match %s, for example 96766", limit.String())
		}
		if form, known := forms()[limit.String()]; known {
			return refuse("bad_format", "%[1]s", "%[2]s", form.zh, form.en)
		}
		return refuse("bad_format", "格式不符（%s），请改正", "it does not match %s; correct it", limit.String())
	case "enum.defined_only", "enum.not_in":
		names := enumNames(v.FieldDescriptor)
		return refuse("bad_choice", "请填写以下之一：%s", "use one of: %s", names)
	}
	if strings.HasPrefix(rule, "int32.") || strings.HasPrefix(rule, "int64.") {
		return refuse("out_of_range", "超出允许范围（%s）", "out of range: %s", v.Proto.GetMessage())
	}
	return refuse("invalid", "不符合规则 %[1]s：%[2]s", "it breaks the rule %[1]s: %[2]s", rule, v.Proto.GetMessage())
}

// forms tells in words what patterns of the contract ask for.
func forms() map[string]struct{ zh, en string } {
	type form = struct{ zh, en string }
	points := form{"应为不带正号、至多两位小数的分值，例如 1.5", "points are a number without a plus sign and with at most two decimals, for example 1.5"}
	return map[string]form{
		`^[0-9]{4}-(0[1-9]|1[0-2])$`:       {"应为月份 yyyy-mm，例如 2026-03", "a month is written yyyy-mm, for example 2026-03"},
		`^[0-9]{1,4}(\.[0-9]{1,2})?$`:      points,
		`^([0-9]{1,4}(\.[0-9]{1,2})?)?$`:   points,
		`^(-?[0-9]{1,4}(\.[0-9]{1,2})?)?$`: points,
	}
}

func shown(v *protovalidate.Violation) string {
	if !v.FieldValue.IsValid() || v.FieldDescriptor == nil || v.FieldDescriptor.IsList() {
		return ""
	}
	if v.FieldDescriptor.Kind() == protoreflect.EnumKind {
		number := v.FieldValue.Enum()
		if named := v.FieldDescriptor.Enum().Values().ByNumber(number); named != nil {
			return string(named.Name())
		}
		return fmt.Sprint(number)
	}
	if v.FieldDescriptor.Kind() == protoreflect.MessageKind {
		return ""
	}
	return v.FieldValue.String()
}

func enumNames(field protoreflect.FieldDescriptor) string {
	if field == nil || field.Enum() == nil {
		return ""
	}
	values := field.Enum().Values()
	names := make([]string, 0, values.Len())
	for i := range values.Len() {
		if values.Get(i).Number() != 0 {
			names = append(names, string(values.Get(i).Name()))
		}
	}
	return strings.Join(names, ", ")
}

// Nearest gives the candidate most like a name, empty when none is alike: at
// most a third of its letters differ, case and separators aside.
func Nearest(name string, candidates []string) string {
	best, least := "", len([]rune(name))/3+1
	plain := plainer(name)
	for _, candidate := range candidates {
		if d := distance(plain, plainer(candidate)); d < least || d == least && best == "" && d <= 1 {
			best, least = candidate, d
		}
	}
	return best
}

func plainer(s string) []rune {
	return []rune(strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s)))
}

// distance is the number of letters to change, insert or delete.
func distance(a, b []rune) int {
	if len(a) > 100 || len(b) > 100 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diagonal
			if x != y {
				cost = min(diagonal, row[j], row[j+1]) + 1
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// unknownUnit refuses a unit nobody registered.
func unknownUnit(field, unit string, known []string) *Refusal {
	if near := Nearest(unit, known); near != "" {
		return Refuse(field, unit, "unknown_unit", "没有登记这个业务单位，是不是 %q？请改正，或先发送 unit_registered",
			"no business unit of that id is registered; did you mean %q? Correct it, or send unit_registered first", near)
	}
	return Refuse(field, unit, "unknown_unit", "没有登记这个业务单位，请先发送 unit_registered 事件",
		"no business unit of that id is registered; send a unit_registered event first")
}

// conflict refuses an event whose id came before with other content.
func conflict(ref string) *Refusal {
	return Refuse("id", ref, codeConflict, "同一来源的同一编号曾带有不同内容；已隔离，请核对来源系统，如属更正请用新编号",
		"the same id of the same source came before with other content; it is quarantined: check the source system, and send a correction under a new id")
}

const codeConflict = "conflict"

func conflictReason() *factv1.Reason {
	return flow.Because(codeConflict)
}
