package rulebook

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// spot is a place in a document: the names that lead to it, and what people
// call the thing it belongs to.
type spot struct {
	names  []string
	thing  Text // "rule ticket_overdue (overdue ticket)"; empty at the top
	fields int  // how many of the names lead on from the thing
}

func (s spot) path() string { return strings.Join(s.names, "/") }

// field is the place of a field in the thing at s.
func (s spot) field(name string) spot {
	s.names = append(slices.Clone(s.names), name)
	s.fields++
	return s
}

// element is the place of a thing in the list at s.
func (s spot) element(e element) spot {
	kind := Text{"", ""}
	if len(s.names) > 0 {
		kind = noun(s.names[len(s.names)-1])
	}
	label := Text{}
	if fields, isMap := e.value.(yaml.MapSlice); isMap {
		label = textOf(get(fields, "label"))
	}
	s.names = append(slices.Clone(s.names), e.name)
	s.thing, s.fields = named(kind, e.name, label), 0
	return s
}

// named names a thing: its kind, its name, and in brackets its label, unless
// that is its name.
func named(kind Text, name string, label Text) Text {
	zh, en := strings.TrimSpace(kind.Zh+" "+name), strings.TrimSpace(kind.En+" "+name)
	if label.En == name {
		return Text{Zh: strings.TrimSpace(kind.Zh + "“" + label.Zh + "”"), En: strings.TrimSpace(kind.En+" ") + " “" + name + "”"}
	}
	if label.Zh != "" {
		zh += "（" + label.Zh + "）"
	}
	if label.En != "" {
		en += " (" + label.En + ")"
	}
	return Text{Zh: zh, En: en}
}

// described gives a setting the name that its note says.
func (s spot) described(before, after yaml.MapSlice) spot {
	if s.thing != (Text{}) && s.fields == 0 || len(s.names) == 0 {
		return s
	}
	note := textOf(get(after, "note"))
	if note == (Text{}) {
		note = textOf(get(before, "note"))
	}
	if note == (Text{}) {
		return s
	}
	last := s.names[len(s.names)-1]
	owner := s.thing
	s.thing = named(noun(last), "", note)
	s.thing.Zh, s.thing.En = strings.ReplaceAll(s.thing.Zh, " （", "（"), strings.ReplaceAll(s.thing.En, "  (", " (")
	if owner != (Text{}) {
		s.thing = Text{Zh: owner.Zh + "的" + s.thing.Zh, En: owner.En + ", " + s.thing.En}
	}
	s.fields = 0
	return s
}

// scores reports whether a place can change a score.
func (s spot) scores() bool {
	for _, name := range s.names {
		switch name {
		case "label", "title", "clause", "basis", "note", "version":
			return false
		}
	}
	return true
}

// sentence says what changes at a place.
func (s spot) sentence(kind string, a, b any) Text {
	about := s.about()
	switch kind {
	case Added:
		return Text{Zh: "新增" + about.Zh + "：" + summary(b, zh), En: "new: " + about.En + ": " + summary(b, en)}
	case Removed:
		return Text{Zh: "删去" + about.Zh + "（原为 " + summary(a, zh) + "）", En: "gone: " + about.En + " (it was " + summary(a, en) + ")"}
	}
	if gone, come, lists := members(a, b); lists {
		return Text{Zh: about.Zh + "：" + moves(gone, come, "去掉 ", "加上 "), En: about.En + ": " + moves(gone, come, "without ", "with ")}
	}
	return Text{Zh: about.Zh + "：" + turn(a, b, zh), En: about.En + ": " + turn(a, b, en)}
}

// turn says from what to what; both languages of a text where one is not enough.
func turn(a, b any, of func(Text) string) string {
	before, after := summary(a, of), summary(b, of)
	if before == after {
		before, after = written(a), written(b)
	}
	return before + " → " + after
}

// about names a place: the thing, and which of its fields.
func (s spot) about() Text {
	if s.fields == 0 && s.thing != (Text{}) {
		return s.thing
	}
	var zh, en []string
	for _, name := range s.names[len(s.names)-s.fields:] {
		if name == "value" || name == "values" {
			continue // of a setting that has a name
		}
		word := noun(name)
		zh, en = append(zh, word.Zh), append(en, word.En)
	}
	field := Text{Zh: strings.Join(zh, "的"), En: strings.Join(en, ", ")}
	switch {
	case s.thing == (Text{}):
		return field
	case len(zh) == 0:
		return s.thing
	}
	return Text{Zh: s.thing.Zh + "的" + field.Zh, En: s.thing.En + ", " + field.En}
}

// members tells which values two plain lists do not share.
func members(a, b any) (gone, come []string, lists bool) {
	before, isList := a.([]any)
	after, alsoList := b.([]any)
	if !isList || !alsoList {
		return nil, nil, false
	}
	return lacking(before, after), lacking(after, before), true
}

// lacking gives the values of one list that another has not.
func lacking(list, other []any) []string {
	var all []string
	for _, v := range list {
		if !slices.ContainsFunc(other, func(o any) bool { return written(o) == written(v) }) {
			all = append(all, written(v))
		}
	}
	return all
}

func moves(gone, come []string, without, with string) string {
	var all []string
	if len(gone) > 0 {
		all = append(all, without+strings.Join(gone, ", "))
	}
	if len(come) > 0 {
		all = append(all, with+strings.Join(come, ", "))
	}
	return strings.Join(all, "; ")
}

// textOf reads a text in both languages; empty when it is none.
func textOf(v any) Text {
	fields, isMap := v.(yaml.MapSlice)
	if !isMap {
		return Text{}
	}
	return Text{Zh: written(get(fields, "zh")), En: written(get(fields, "en"))}
}

func bilingual(v any) bool {
	fields, isMap := v.(yaml.MapSlice)
	return isMap && len(fields) == 2 && get(fields, "zh") != nil && get(fields, "en") != nil
}

// The two languages of a text.
func zh(t Text) string { return t.Zh }
func en(t Text) string { return t.En }

// summary is a thing in few words: what can change a score first, without its
// name, and no more than what fits on a line.
func summary(v any, of func(Text) string) string {
	if bilingual(v) {
		return of(textOf(v))
	}
	fields, isMap := v.(yaml.MapSlice)
	if !isMap {
		return written(v)
	}
	var said []string
	for _, f := range fields {
		key := name(f.Key)
		switch key {
		case "id", "name", "class", "label", "clause", "basis", "note":
			continue
		}
		word := of(noun(key))
		if nested, isMap := f.Value.(yaml.MapSlice); isMap && get(nested, "value") != nil {
			said = append(said, word+" "+written(get(nested, "value")))
			continue
		}
		if list, isList := elements(f.Value); isList && len(list) > 0 {
			names := make([]string, len(list))
			for i, e := range list {
				names[i] = e.name
			}
			said = append(said, word+" "+strings.Join(names, ", "))
			continue
		}
		said = append(said, word+" "+summary(f.Value, of))
	}
	return strings.Join(said, of(Text{"，", ", "}))
}

// noun is what people call a field or the things of a list; one that has no
// word is called by its name.
func noun(field string) Text {
	if word, known := nouns()[field]; known {
		return word
	}
	return Text{Zh: field, En: strings.ReplaceAll(field, "_", " ")}
}

func nouns() map[string]Text {
	return map[string]Text{
		"version":             {"版本", "version"},
		"effective_month":     {"生效月份", "effective month"},
		"title":               {"名称", "title"},
		"zone":                {"时区", "zone"},
		"calendars":           {"工作日历", "calendar"},
		"commitments":         {"承诺类别", "commitment class"},
		"limits":              {"时限与阈值", "limit"},
		"parts":               {"部分", "part"},
		"sections":            {"类别", "section"},
		"items":               {"项目", "item"},
		"rules":               {"规则", "rule"},
		"label":               {"名称", "label"},
		"clause":              {"条款", "clause"},
		"basis":               {"依据", "basis"},
		"note":                {"说明", "note"},
		"max":                 {"满分", "maximum"},
		"weight":              {"权重", "weight"},
		"cap":                 {"得分上限", "cap"},
		"overflow":            {"超出满分的扣分", "overflow"},
		"quota":               {"报修指标", "repair quota"},
		"share":               {"比例", "share"},
		"customers":           {"客户数口径", "customers counted"},
		"method":              {"计分方法", "method"},
		"kind":                {"方式", "kind"},
		"zero_at":             {"归零起数", "zero from"},
		"on":                  {"针对", "on"},
		"when":                {"条件", "when"},
		"points":              {"分值", "points"},
		"part":                {"部分", "part"},
		"item":                {"项目", "item"},
		"bonus":               {"加分", "bonus"},
		"within":              {"时限", "within"},
		"clock":               {"计时", "clock"},
		"expr":                {"算式", "expression"},
		"by":                  {"按", "by"},
		"values":              {"各值", "values"},
		"levels":              {"等级", "level"},
		"checks":              {"检查项", "check"},
		"for":                 {"适用单位类型", "for"},
		"grading":             {"多次评定", "grading"},
		"scale":               {"折算", "scale"},
		"each":                {"逐次计", "each time"},
		"penalty":             {"扣分", "penalty"},
		"effect":              {"效果", "effect"},
		"assessed":            {"须评定", "assessed"},
		"reply":               {"回单时限", "reply limit"},
		"complaint_answer":    {"投诉答复时限", "answer limit"},
		"second_complaint":    {"二次投诉窗口", "second-complaint window"},
		"rework":              {"返工窗口", "rework window"},
		"interruption_notice": {"停断提前通知", "interruption notice"},
		"mass_fault_told":     {"大面积故障告知", "mass fault told"},
		"mass_fault_end_told": {"大面积故障恢复告知", "mass fault end told"},
		"complaints_rose":     {"投诉上升阈值", "complaints rose"},
		"publication_days":    {"公布期限（天）", "days to publish in"},
		"handled_phrases":     {"无内容回单用语", "phrases that say nothing"},
	}
}
