package decode

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"kaohe.dev/services/gateway/door"
)

// MaxEvents is how many events one call may carry.
const MaxEvents = 10_000

// TooMany refuses a call with more events than that.
func TooMany(events int) *door.Refusal {
	return door.Refuse("events", fmt.Sprint(events), "too_many_events",
		"一次最多 10000 个事件，请分批发送（每批至多 10,000 个事件或 8 MiB）",
		"at most 10,000 events at once; split them into batches of at most 10,000 events or 8 MiB")
}

// MaxValues is how many values a body may have: ten thousand events of fifty
// each. Every value takes memory, however short it is written.
const MaxValues = 500_000

// MaxDepth is how deep a body may be nested; an event needs five.
const MaxDepth = 64

// source is a body with a way to name places in it.
type source []byte

// place gives line and column, counted from 1, the column in characters.
func (s source) place(offset int) string {
	before := s[:min(max(offset, 0), len(s))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("%d:%d", line, column)
}

func (s source) broken(offset int, zh, en string) *door.Refusal {
	return door.Refuse("", s.place(offset), "bad_json", "第 %[1]s 处（行:列）JSON 有误：%[2]s",
		"the JSON is broken at %[1]s (line:column): %[3]s", s.place(offset), zh, en)
}

// span is where an element is in the body.
type span struct{ from, to int }

// split finds the elements of a JSON body: an event, an array of events or
// {"events": […]}. What is inside an element is not looked at closely.
func (s source) split() ([]span, *door.Refusal) {
	start := s.space(0)
	if start == len(s) {
		return nil, door.Refuse("", "", "empty_body", "请求体是空的，请发送事件", "the body is empty; send events")
	}
	var spans []span
	var end int
	var refusal *door.Refusal
	switch s[start] {
	case '[':
		spans, end, refusal = s.array(start)
	case '{':
		spans, end, refusal = s.object(start)
	default:
		return nil, s.broken(start, "应为事件对象或事件数组", "expected an event or an array of events")
	}
	if refusal != nil {
		return nil, refusal
	}
	if rest := s.space(end); rest != len(s) {
		return nil, s.broken(rest, "末尾有多余内容；逐行发送请用 Content-Type: application/x-ndjson",
			"there is more behind the end; for one event a line send Content-Type: application/x-ndjson")
	}
	return spans, nil
}

// array gives the elements of the array that starts at i.
func (s source) array(i int) (spans []span, end int, refusal *door.Refusal) {
	i = s.space(i + 1)
	if i < len(s) && s[i] == ']' {
		return nil, i + 1, nil
	}
	for {
		from := s.space(i)
		to, refusal := s.value(from)
		if refusal != nil {
			return nil, 0, refusal
		}
		spans = append(spans, span{from, to})
		i = s.space(to)
		switch {
		case i < len(s) && s[i] == ',':
			i++
		case i < len(s) && s[i] == ']':
			return spans, i + 1, nil
		default:
			return nil, 0, s.broken(i, "应为逗号或 ]", "expected a comma or ]")
		}
	}
}

// object gives the elements of {"events": […]}, or the object as one event.
func (s source) object(start int) (spans []span, end int, refusal *door.Refusal) {
	end, refusal = s.value(start)
	if refusal != nil {
		return nil, 0, refusal
	}
	i := s.space(start + 1)
	if !bytes.HasPrefix(s[i:], []byte(`"events"`)) {
		return []span{{start, end}}, end, nil
	}
	i = s.space(i + len(`"events"`))
	if i >= len(s) || s[i] != ':' {
		return nil, 0, s.broken(i, "应为冒号", "expected a colon")
	}
	i = s.space(i + 1)
	if i >= len(s) || s[i] != '[' {
		return nil, 0, s.broken(i, "events 应为数组", "events must be an array")
	}
	spans, i, refusal = s.array(i)
	if refusal != nil {
		return nil, 0, refusal
	}
	if i = s.space(i); i != end-1 {
		return nil, 0, s.broken(i, `{"events": […]} 中不能有其他字段`, `{"events": […]} takes no other field`)
	}
	return spans, end, nil
}

// lines gives the non-empty lines.
func (s source) lines() []span {
	var spans []span
	for from := 0; from < len(s); {
		to := len(s)
		if n := bytes.IndexByte(s[from:], '\n'); n >= 0 {
			to = from + n
		}
		if len(bytes.TrimSpace(s[from:to])) > 0 {
			spans = append(spans, span{from, to})
		}
		from = to + 1
	}
	return spans
}

// value gives the end of the value that starts at i: it balances brackets and
// strings, without recursion, and leaves the rest to the decoder.
func (s source) value(i int) (end int, refusal *door.Refusal) {
	var open []byte
	for start := i; i < len(s); {
		switch c := s[i]; c {
		case '{', '[':
			open = append(open, c+2) // in ASCII the closing one is two further
			i++
		case '}', ']':
			if len(open) == 0 {
				return s.bare(start, i)
			}
			if open[len(open)-1] != c {
				return 0, s.broken(i, "括号不匹配", "the brackets do not match")
			}
			open, i = open[:len(open)-1], i+1
		case '"':
			if i = s.text(i); i < 0 {
				return 0, s.broken(len(s), "字符串没有结束", "a string has no end")
			}
		case ',':
			if len(open) == 0 {
				return s.bare(start, i)
			}
			i++
			continue
		default:
			i++
			continue
		}
		if len(open) == 0 {
			return i, nil
		}
	}
	return 0, s.broken(len(s), "内容不完整", "it ends too early")
}

// bare gives the end of a value without brackets or quotes.
func (s source) bare(start, end int) (int, *door.Refusal) {
	if start == end {
		return 0, s.broken(start, "这里缺少事件", "an event is missing here")
	}
	return end, nil
}

// text gives the end of the string that starts at i, or -1.
func (s source) text(i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// Fits refuses a body of JSON that whoever reads it would take too much for.
func Fits(body []byte) *door.Refusal { return source(body).shallow() }

// shallow refuses a body that is nested too deep, before anything reads it by
// recursion, or has too many values.
func (s source) shallow() *door.Refusal {
	depth, values := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			end := s.text(i)
			if end < 0 {
				return nil // whoever reads it says what is wrong
			}
			i = end - 1
		case ',':
			values++
		case '{', '[':
			values++
			if depth++; depth > MaxDepth {
				return door.Refuse("", s.place(i), "too_deep", "第 %[1]s 处（行:列）嵌套超过 %[2]d 层",
					"it is nested more than %[2]d deep at %[1]s (line:column)", s.place(i), MaxDepth)
			}
		case '}', ']':
			depth--
		}
		if values > MaxValues {
			return door.Refuse("", s.place(i), "too_many_values", "到第 %[1]s 处（行:列）已超过 %[2]d 个值，请分批发送",
				"there are more than %[2]d values up to %[1]s (line:column); split it", s.place(i), MaxValues)
		}
	}
	return nil
}

func (s source) space(i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r' || s[i] == '\n') {
		i++
	}
	return i
}
