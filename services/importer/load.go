package importer

import (
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// loader reads a mapping and collects what is wrong with it.
type loader struct {
	m   *Mapping
	env *cel.Env
	all Problems
	// cost is what the expressions so far can cost for a row.
	cost uint64
}

// LoadMapping reads and compiles a mapping. The error is Problems: all that is
// wrong, each with its line.
func LoadMapping(document []byte) (*Mapping, error) {
	l := &loader{m: &Mapping{Zone: time.UTC, delimiter: ',', missing: map[string]bool{"": true}, final: map[string]string{}}}
	root, ok := parse(document, &l.all)
	if ok {
		l.mapping(root)
	}
	if len(l.all) > 0 {
		slices.SortStableFunc(l.all, func(a, b Problem) int { return a.Line - b.Line })
		return nil, l.all
	}
	return l.m, nil
}

var mappingKeys = []string{
	"name", "source", "shape", "zone", "times", "missing", "encoding", "delimiter",
	"ticket", "time", "tiebreak", "final", "units", "checks", "events",
}

func (l *loader) mapping(root node) {
	parts := map[string]node{}
	for _, e := range root.entries(mappingKeys...) {
		parts[e.key] = e.value
	}
	for _, required := range []string{"name", "source", "shape", "times", "ticket", "events"} {
		if _, ok := parts[required]; !ok {
			root.problem("缺少 "+required, required+" is missing")
		}
	}
	l.head(parts)
	env, err := l.m.environment()
	if err != nil {
		root.problem(err.Error(), err.Error())
		return
	}
	l.env = env
	l.columns(root, parts)
	if n, ok := parts["checks"]; ok {
		for _, check := range n.list() {
			l.check(check)
		}
	}
	if n, ok := parts["events"]; ok {
		for _, event := range n.list() {
			l.event(event)
		}
	}
}

// head reads how the file is written.
func (l *loader) head(parts map[string]node) {
	m := l.m
	for key, n := range parts {
		switch key {
		case "name":
			m.Name = l.word(n)
		case "source":
			m.Source = l.word(n)
		case "shape":
			m.Shape = Shape(l.oneOf(n, string(PerTicket), string(PerUpdate)))
		case "zone":
			l.zone(n)
		case "times":
			l.layouts(n)
		case "missing":
			for _, mark := range n.texts() {
				m.missing[mark] = true
			}
		case "encoding":
			m.gb18030 = l.oneOf(n, "utf-8", "gb18030") == "gb18030"
		case "delimiter":
			m.delimiter = rune(l.oneOf(n, ",", ";", "\t", "|")[0])
		}
	}
}

// word reads a name that becomes part of ids.
func (l *loader) word(n node) string {
	word := n.text()
	if word == "" || len(word) > 80 || strings.ContainsAny(word, "/ \t\n*>") {
		n.problem("应为不含空格、/、*、> 的短名", "a short name without spaces, /, * and > is expected")
	}
	return word
}

func (l *loader) oneOf(n node, allowed ...string) string {
	word := n.text()
	if !slices.Contains(allowed, word) {
		n.problem("只能是 "+strings.Join(allowed, "、"), "it must be one of "+strings.Join(allowed, ", "))
		return allowed[0]
	}
	return word
}

func (l *loader) zone(n node) {
	zone, err := time.LoadLocation(n.text())
	if err != nil || n.text() == "Local" {
		n.problem("未知的时区，请用 IANA 名称，例如 Asia/Shanghai", "unknown zone; use an IANA name such as Asia/Shanghai")
		return
	}
	l.m.Zone = zone
}

func (l *loader) layouts(n node) {
	for _, element := range n.list() {
		text, err := layout(element.text())
		if err != nil {
			element.problem("时间格式有误："+err.Error(), "the layout of times is wrong: "+err.Error())
			continue
		}
		l.m.layouts = append(l.m.layouts, text)
	}
	if len(l.m.layouts) == 0 {
		n.problem("至少需要一种时间格式", "at least one layout of times is needed")
	}
}

// columns reads which columns have a part of their own.
func (l *loader) columns(root node, parts map[string]node) {
	column := func(key string) string {
		n, ok := parts[key]
		if !ok {
			return ""
		}
		l.uses(n.text(), n.line())
		return n.text()
	}
	m := l.m
	m.ticket, m.time, m.tiebreak = column("ticket"), column("time"), column("tiebreak")
	if m.Shape == PerUpdate && m.time == "" {
		root.problem("每行一次更新时需要 time 列", "with one row per update a time column is needed")
	}
	if n, ok := parts["final"]; ok {
		for _, e := range n.entries() {
			m.final[e.key] = e.value.text()
			l.uses(e.key, e.value.line())
			l.uses(e.value.text(), e.value.line())
		}
	}
	if n, ok := parts["units"]; ok {
		m.units = &unitRule{kind: feedv1.UnitKind_UNIT_KIND_OUTLET}
		for _, e := range n.entries("kind") {
			if l.oneOf(e.value, "outlet", "contractor") == "contractor" {
				m.units.kind = feedv1.UnitKind_UNIT_KIND_CONTRACTOR
			}
		}
	}
}

// uses notes that the mapping reads a column and gives its place.
func (l *loader) uses(column string, line int) int {
	place := l.m.position(column)
	if place < 0 && column != "" {
		place = len(l.m.uses)
		l.m.uses = append(l.m.uses, use{column, line})
	}
	return place
}

func (l *loader) check(n node) {
	c := check{}
	for _, e := range n.entries("code", "when", "then", "column", "zh", "en") {
		switch e.key {
		case "when":
			c.when = l.guard(e.value)
		case "then":
			c.reject = l.oneOf(e.value, "reject", "warn") == "reject"
		case "column":
			c.column = e.value.text()
			l.uses(c.column, e.value.line())
		case "code":
			c.code = l.word(e.value)
		case "zh":
			c.zh = e.value.text()
		case "en":
			c.en = e.value.text()
		}
	}
	if c.code == "" || c.zh == "" || c.en == "" {
		n.problem("检查需要 code 以及 zh、en 两种说明", "a check needs a code and its words in zh and en")
	}
	if c.when.program == nil && c.when.present == nil {
		n.problem("检查需要条件 when", "a check needs its condition, when")
	} else {
		l.m.checks = append(l.m.checks, c)
	}
}

func (l *loader) event(n node) {
	rule := eventRule{line: n.line()}
	var set, at node
	for _, e := range n.entries("type", "when", "at", "id", "set") {
		switch e.key {
		case "type":
			rule.name = e.value.text()
			rule.payload = flow.EventTypes()[rule.name]
			if rule.payload == nil {
				near := nearest(rule.name, eventNames())
				e.value.problem("未知的事件类型，是否指 "+near, "unknown event type; do you mean "+near+"?")
			}
		case "when":
			rule.when = l.guard(e.value)
		case "at":
			at = e.value
		case "id":
			rule.id = l.compile(e.value, cel.StringType)
		case "set":
			set = e.value
		}
	}
	if at.ast == nil {
		n.problem("事件需要发生时间 at", "an event needs at, when it happened")
	} else {
		rule.at = l.value(at, timestamps)
	}
	if rule.payload == nil {
		return
	}
	if set.ast != nil {
		rule.set = l.assignments(set, rule.payload.Message())
	}
	l.m.events = append(l.m.events, rule)
}

func eventNames() []string {
	var names []string
	for name := range flow.EventTypes() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
