package rulebook

import (
	"errors"
	"strings"
	"testing"
)

// flaw is a change to the fixture that makes one thing wrong.
type flaw struct {
	code     string
	old, new string
	at       string // what the line reported must contain
	path     string
}

const aRule = "  - {name: extra, on: ticket_overdue, points: -1, part: service, item: A1, label: {zh: 加, en: extra}, clause: c, basis: source}\n"

// rule changes the extra rule and puts it into the fixture.
func rule(code, old, new, path string) flaw {
	return flaw{code, "rules:\n", "rules:\n" + strings.Replace(aRule, old, new, 1), "name: extra", path}
}

func flaws() []flaw {
	return []flaw{
		{"version_differs", `"rate-1"`, `"rate-2"`, "rate-2", "version"},
		{"month_malformed", `"2026-07"`, `"2026-13"`, "2026-13", "effective_month"},
		{"zone_unknown", "zone: Asia/Shanghai\ncal", "zone: Asia/Tongchuan\ncal", "Tongchuan", "zone"},
		{"zone_unknown", "zone: Asia/Shanghai\ncal", "zone: Local\ncal", "zone: Local", "zone"},
		{"unknown_field", "zone: Asia/Shanghai\ncal", "zone: Asia/Shanghai\nowner: me\ncal", "owner", "owner"},
		{"misspelt_field", "\nlimits:", "\nlimit:", "limit:", "limit"},
		{"misspelt_field", "item: A2", "itm: A2", "itm:", "rules[1].itm"},
		{"duplicate_field", "points: \"-2.5\"", "points: \"-2.5\"\n    points: -3", "points: -3", "rules[0].points"},
		{"missing_field", "    clause: c7\n", "", "name: thanked", "rules[2]"},
		{"missing_field", "label: {zh: 感谢, en: thanked}", "label: {zh: 感谢}", "zh: 感谢", "rules[2].label"},
		{"missing_field", "reply: {value: 24h, clause: c2, basis: assumption}", "reply: {value: 24h, clause: c2}", "  reply:", "limits.reply"},
		{"missing_field", "  complaints_rose: {value: 2, clause: c2, basis: assumption, note: {zh: 两起, en: two}}\n", "", "reply:", "limits"},
		{"wrong_type", "version: \"rate-1\"", "version: 2026.1", "2026.1", "version"},
		{"wrong_type", "handled_phrases: {value: [done]", "handled_phrases: {value: done", "value: done", "limits.handled_phrases.value"},
		{"wrong_type", "title: {zh: 按满意率, en: by rate}", "title: by rate", "title", "title"},
		{"wrong_type", "bonus: true", "bonus: yes please", "yes please", "rules[2].bonus"},
		{"wrong_type", "max: 7.5", "max: [7.5]", "[7.5]", "parts[0].sections[0].items[0].max"},
		{"wrong_type", "reply: {value: 24h, clause: c2, basis: assumption}", "reply: 24h", "reply: 24h", "limits.reply"},
		{"empty_text", "{zh: 超时, en: overdue}", "{zh: 超时, en: \"\"}", "超时", "rules[0].label.en"},
		{"empty_list", "value: [done]", "value: []", "value: []", "limits.handled_phrases.value"},
		{"text_too_long", "{zh: 超时, en: overdue}", "{zh: 超时, en: " + strings.Repeat("x", 2001) + "}", "超时", "rules[0].label.en"},
		{"not_one_of", "value: drop", "value: forget", "forget", "parts[0].overflow.value"},
		{"not_one_of", "id: A2", "id: \"*\"", "id: \"*\"", "parts[0].sections[0].items[1].id"},
		{"basis_unknown", "clause: c7\n    basis: source", "clause: c7\n    basis: hearsay", "hearsay", "rules[2].basis"},
		{"not_decimal", "max: 7.5", "max: many", "many", "parts[0].sections[0].items[0].max"},
		{"not_decimal", "max: 7.5", "max: 1e9", "1e9", "parts[0].sections[0].items[0].max"},
		{"not_decimal", "max: 7.5", "max: .nan", ".nan", "parts[0].sections[0].items[0].max"},
		{"not_decimal", "complaints_rose: {value: 2,", "complaints_rose: {value: 1.5,", "1.5", "limits.complaints_rose.value"},
		{"not_decimal", `"-2.5"`, "five", "five", "rules[0].points"},
		{"too_precise", `"-2.5"`, `"-2.505"`, "-2.505", "rules[0].points"},
		{"out_of_range", "max: 7.5", "max: -7.5", "-7.5", "parts[0].sections[0].items[0].max"},
		{"out_of_range", "complaints_rose: {value: 2,", "complaints_rose: {value: 0,", "value: 0", "limits.complaints_rose.value"},
		{"not_duration", "reply: {value: 24h,", "reply: {value: a day,", "a day", "limits.reply.value"},
		{"negative_duration", "reply: {value: 24h,", "reply: {value: -24h,", "-24h", "limits.reply.value"},
		{"zero_duration", "reply: {value: 24h,", "reply: {value: 0h,", "0h", "limits.reply.value"},
		{"duration_too_long", "rework: {value: 7d,", "rework: {value: 367d,", "367d", "limits.rework.value"},
		{"duration_too_long", "second_complaint: {value: 30d,", "second_complaint: {value: 9000h,", "9000h", "limits.second_complaint.value"},
		{"days_of_work", "within: 8h", "within: 1d", "1d", "commitments[1].within"},
		{"share_out_of_range", "share: 0.02", "share: 0", "share", "parts[0].quota.share"},
		{"share_out_of_range", "share: 0.02", "share: 150%", "share", "parts[0].quota.share"},
		{"calendar", `["08:00-12:00"]`, `["12:00-08:00"]`, "12:00-08:00", "calendars[1].week.monday[0]"},
		{"calendar", "    holidays: none", "    holiday: none", "holiday: none", "calendars[1]"},
		{"calendar_unknown", "clock: counter", "clock: desk", "desk", "commitments[1].clock"},
		{"calendar_reserved", "- name: counter", "- name: wall", "name: wall", "calendars[1]"},
		{"duplicate_name", "- name: counter", "- name: cn", "name: cn", "calendars[1]"},
		{"duplicate_name", "class: work", "class: day", "工时", "commitments[1].class"},
		{"duplicate_name", "id: A2", "id: A1", "其他", "parts[0].sections[0].items[1].id"},
		{"duplicate_name", "name: thanked", "name: untold", "name: untold", "rules[2].name"},
		{"duplicate_name", "name: thanked", "name: quota", "name: quota", "rules[2].name"},
		{"section_sum", "max: 2.5", "max: 2", "max: 10", "parts[0].sections[0].max"},
		{"part_sum", "max: 30", "max: 31", "label: {zh: 工作", "parts[0].sections"},
		{"weights_exceed", "parts:\n", "parts:\n" + aPart, "id: other", "parts"},
		{"no_level_free", "max: 7.5", "max: 7.5, checks: [{name: seen, by: [inspection], levels: {bad: -1}, label: {zh: 看, en: seen}, clause: c, basis: source}]", "checks:", "parts[0].sections[0].items[0].checks[0].levels"},
		{"cap_below_max", "value: 33.5", "value: 29", "value: 29", "parts[0].cap"},
		{"rate_and_zero_at", "kind: rate,", "kind: rate, zero_at: 3,", "zero_at", "parts[0].sections[1].items[0].method.zero_at"},
		{"item_unruled", "item: A2", "item: A1", "其他", "parts[0].sections[0].items[1].id"},
		rule("rate_and_rule", "ticket_overdue, points: -1, part: service, item: A1", "callback_rated, points: -1, part: service, item: A3", "rules[0].item"),
		rule("kind_unknown", "ticket_overdue", "weather", "rules[0].on"),
		rule("kind_misspelt", "ticket_overdue", "ticket_overdu", "rules[0].on"),
		rule("kind_unknown", "ticket_overdue", "occurred_at", "rules[0].on"),
		rule("kind_not_scored", "ticket_overdue", "ticket_recorded", "rules[0].on"),
		rule("part_unknown", "service", "hall", "rules[0].part"),
		rule("item_unknown", "item: A1", "item: A9", "rules[0].item"),
		rule("item_unnamed", "item: A1", `item: "*"`, "rules[0].item"),
		rule("item_or_bonus", "item: A1", "item: A1, bonus: true", "rules[0]"),
		rule("item_or_bonus", "item: A1, ", "", "rules[0]"),
		rule("positive_on_item", "points: -1", "points: 1", "rules[0].points"),
		rule("negative_bonus", "item: A1", "bonus: true", "rules[0].points"),
		rule("zero_points", "points: -1", "points: 0", "rules[0].points"),
		rule("points_form", "points: -1", "points: {by: fact.cycle}", "rules[0].points"),
		rule("positive_on_item", "points: -1", "points: {by: fact.cycle, values: {1: 1}}", "rules[0].points.values.1"),
		rule("value_misspelt", "points: -1", "points: {by: fact.kind, values: {falt: -1}}", "rules[0].points.values.falt"),
		{"contradiction", "rules:\n", "rules:\n" + strings.Replace(aRule, "ticket_overdue, ",
			"ticket_overdue, when: fact.cycle > 1  || route.unit == 'north', ", 1), "name: overdue", "rules[1]"},
		rule("cel", "points: -1", `points: {expr: "'-' + fact.pionts"}`, "rules[0].points.expr"),
		rule("cel", "points: -1", `points: -1, when: "fact.cycle >"`, "rules[0].when"),
		rule("dear", "points: -1", "points: -1, when: '"+loops(5)+"'", "rules[0].when"),
		rule("cel_type", "points: -1", "points: -1, when: fact.cycle", "rules[0].when"),
		rule("cel_type", "points: -1", "points: {expr: 0.5 * -1.0}", "rules[0].points.expr"),
		rule("cel_type", "points: -1", "points: {expr: dyn(1)}", "rules[0].points.expr"),
		{"alias", "{zh: 超时, en: overdue}", "&a {zh: 超时, en: overdue}", "&a", ""},
		{"alias", "{zh: 超时, en: overdue}", "!!map {zh: 超时, en: overdue}", "!!map", ""},
		{"not_yaml", "{zh: 超时, en: overdue}", "{zh: 超时, en: overdue", "clause: c6", ""},
		{"too_deep", "{zh: 超时, en: overdue}", strings.Repeat("[", 101), "[[[", ""},
	}
}

const aPart = `  - {id: other, label: {zh: 他, en: other}, max: 1, weight: {value: 1, clause: c, basis: source}, overflow: {value: carry, clause: c, basis: source}, clause: c, basis: source, sections: [{label: {zh: 他, en: other}, max: 1, clause: c, basis: source, items: [{id: B1, label: {zh: 他, en: other}, max: 1}]}]}
`

func TestEveryProblemIsFoundWithItsLine(t *testing.T) {
	tested := map[string]bool{"empty": true, "several_documents": true, "too_large": true,
		"too_complex": true, "too_many_lines": true, "more_problems": true, "dear_together": true} // below
	base := rateBook(t)
	for _, f := range flaws() {
		tested[f.code] = true
		t.Run(f.code+" "+f.path, func(t *testing.T) {
			if strings.Count(base, f.old) == 0 {
				t.Fatalf("the fixture has no %q", f.old)
			}
			document := strings.Replace(base, f.old, f.new, 1)
			_, problems := read("rate-1", []byte(document))
			for _, p := range problems {
				line := lineAt(document, p.Line)
				if p.Code == f.code && p.Path == f.path && strings.Contains(line, f.at) {
					if p.Column < 1 || p.Column > len(line)+1 {
						t.Errorf("column %d of %q", p.Column, line)
					}
					return
				}
			}
			t.Errorf("not found at a line with %q; found:", f.at)
			for _, p := range problems {
				t.Errorf("  %s %s | %s", p.Code, p, lineAt(document, p.Line))
			}
		})
	}
	for code := range wordings() {
		if !tested[code] {
			t.Errorf("no test finds the problem %s", code)
		}
	}
}

func lineAt(document string, n int) string {
	lines := strings.Split(document, "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return lines[n-1]
}

func TestDocumentsThatAreNoRulebook(t *testing.T) {
	for _, c := range []struct{ code, document string }{
		{"empty", ""},
		{"empty", "  \n\n"},
		{"empty", "# only a comment\n"},
		{"empty", "---\n"},
		{"several_documents", "version: a\n---\nversion: b\n"},
		{"too_large", strings.Repeat("# \n", 400_000)},
		{"wrong_type", "just words"},
		{"wrong_type", "- a\n- b\n"},
		{"too_deep", "a: " + strings.Repeat("- ", 500_000/2)},
		{"missing_field", "{}"},
		{"too_deep", strings.Repeat(",", 2_001)},
	} {
		problems := Check([]byte(c.document))
		if len(problems) == 0 || problems[0].Code != c.code || problems[0].Line != 1 {
			t.Errorf("%.20q: %v, want %s on line 1", c.document, problems, c.code)
		}
	}
}

func TestDocumentsThatWouldTakeLongAreRefused(t *testing.T) {
	for _, c := range []struct{ code, document string }{
		{"too_many_lines", strings.Repeat("a\n", 5_002)},
		{"too_complex", strings.Repeat("[],[],[]\n", 4_000)},
		{"too_complex", strings.Repeat("- - - - - -\n", 4_000)},
	} {
		problems := Check([]byte(c.document))
		if len(problems) != 1 || problems[0].Code != c.code || problems[0].Line < 2_000 {
			t.Errorf("%.20q: %v, want %s", c.document, problems, c.code)
		}
	}
	many := Check([]byte("rules:\n" + strings.Repeat("- {}\n", 1000)))
	if n := len(many); n != maxTold+1 || many[n-1].Code != "more_problems" {
		t.Errorf("%d problems told, want %d and that there are more", n, maxTold)
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	document := rateBook(t)
	for _, f := range flaws() {
		switch f.code {
		case "month_malformed", "zero_duration", "share_out_of_range", "days_of_work", "section_sum":
			document = strings.Replace(document, f.old, f.new, 1)
		}
	}
	_, err := Load("", []byte(document))
	var check *CheckError
	if !errors.As(err, &check) {
		t.Fatalf("error %v, want a CheckError", err)
	}
	if len(check.Problems) != 4 {
		t.Errorf("%d problems, want 4 without the warning:\n%v", len(check.Problems), err)
	}
	if n := strings.Count(err.Error(), "\n"); n != 4 || !strings.Contains(err.Error(), "line 3, column 18: effective_month: ") {
		t.Errorf("the error reads\n%v", err)
	}
	for i := 1; i < len(check.Problems); i++ {
		if check.Problems[i].Line < check.Problems[i-1].Line {
			t.Errorf("problems are not in the order of the document:\n%v", err)
		}
	}
}

func TestSumsThatDifferLoadWithAWarning(t *testing.T) {
	document := strings.Replace(rateBook(t), "max: 2.5", "max: 2", 1)
	book, err := Load("", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if len(book.Warnings) != 1 || book.Warnings[0].Part != "service" || !strings.Contains(book.Warnings[0].En, "add up to 9.5, declared are 10") ||
		!strings.Contains(book.Warnings[0].Zh, "合计 9.5 分，申明 10 分") {
		t.Errorf("warnings %v", book.Warnings)
	}
}

func TestExpressionErrorsPointIntoTheExpression(t *testing.T) {
	for _, c := range []struct {
		when, at string
		column   int
	}{
		{"when: fact.cycle > 1 && fact.nonsense", "fact.nonsense", len("    when: fact.cycle > 1 && fact.")},
		{"when: \"fact.nonsense > 1\"", "nonsense", len("    when: \"fact.")},
		{"when: |\n      fact.cycle > 1 &&\n      fact.nonsense > 2", "      fact.nonsense", 0},
	} {
		document := strings.Replace(rateBook(t), "when: fact.cycle > 1 || route.unit == 'north'", c.when, 1)
		problems := Check([]byte(document))
		if len(problems) != 1 || problems[0].Code != "cel" || !strings.Contains(lineAt(document, problems[0].Line), c.at) {
			t.Fatalf("%q: %v", c.when, problems)
		}
		if c.column > 0 && problems[0].Column != c.column {
			t.Errorf("%q: column %d, want %d", c.when, problems[0].Column, c.column)
		}
	}
}

func TestProblemsReadInBothLanguages(t *testing.T) {
	for code, w := range wordings() {
		if w.zh == "" || w.fixZh == "" || w.en == "" || w.fixEn == "" {
			t.Errorf("%s lacks a text", code)
		}
	}
	for _, f := range flaws() {
		for _, p := range Check([]byte(strings.Replace(rateBook(t), f.old, f.new, 1))) {
			for _, text := range []string{p.String(), p.Zh()} {
				if strings.Contains(text, "%!") || strings.Contains(text, "%[") {
					t.Errorf("%s is told badly: %s", p.Code, text)
				}
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(source96766)
	f.Add([]byte(rateBook(f)))
	for _, c := range flaws() {
		f.Add([]byte(strings.Replace(rateBook(f), c.old, c.new, 1)))
	}
	for _, s := range []string{"", "a", "? a", "- - -", "{", "!", "&a *a", "<<: *a", "\x00", "\t", "a: |\n  b", "---\n---", "{a: }", "rules: [{}]"} {
		f.Add([]byte(s))
	}
	fact := saying(charges()[0].body)
	f.Fuzz(func(t *testing.T, document []byte) {
		book, err := Load("", document)
		if (book == nil) == (err == nil) {
			t.Fatalf("rulebook %v, error %v", book, err)
		}
		if err != nil {
			var check *CheckError
			if !errors.As(err, &check) || len(check.Problems) == 0 {
				t.Fatalf("error %v names no problem", err)
			}
			return
		}
		if book.Version == "" || book.Zone == nil {
			t.Fatalf("loaded without version or zone")
		}
		_, _ = book.Charges(fact) // must not panic
	})
}
