package registry_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/gateway/registry"
	"kaohe.dev/services/gateway/registry/table"
)

var shanghai = func() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return zone
}()

func inShanghai(_, named string) *time.Location {
	if zone, err := time.LoadLocation(named); named != "" && err == nil {
		return zone
	}
	return shanghai
}

// read reads a table of text, a line a row, and compares it with a registry in
// which the outlet chengqu and the contractor gongsi are, and February is closed.
func read(t *testing.T, text string) ([]registry.Change, []registry.Problem) {
	t.Helper()
	tables, faults := table.Read([]byte(text), registry.IsNote)
	if len(faults) > 0 {
		t.Fatal(faults[0].Text.En)
	}
	sorted, problems := registry.Sort(tables)
	known := registry.Known{
		Kind: func(unit string, _ time.Time) feedv1.UnitKind {
			return map[string]feedv1.UnitKind{"chengqu": feedv1.UnitKind_UNIT_KIND_OUTLET, "gongsi": feedv1.UnitKind_UNIT_KIND_CONTRACTOR}[unit]
		},
		Units: []string{"chengqu", "gongsi"}, Closed: []string{"2026-02"}, Zone: inShanghai, Now: time.Date(2026, 3, 10, 0, 0, 0, 0, shanghai),
	}
	var changes []registry.Change
	for kind, read := range sorted {
		rows, wrong := registry.Read(kind, read, inShanghai)
		made, refused := registry.Compare(rows, known)
		changes, problems = append(changes, made...), append(append(problems, wrong...), refused...)
	}
	return changes, problems
}

const units = "单位编号,单位名称,单位类型,维护客户总数量,生效日期\n"

func TestWhatIsWrongInATableIsNamedWithCellValueAndReason(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"customers that are words":     {units + "xinqu,新区,营业部,abc,2026-03-01", "D2|customers|abc|digits"},
		"negative customers":           {units + "xinqu,新区,营业部,-1,2026-03-01", "D2|customers|-1|digits"},
		"half a customer":              {units + "xinqu,新区,营业部,1.5,2026-03-01", "D2|customers|1.5|digits"},
		"no such day":                  {units + "xinqu,新区,营业部,1,2026-02-30", "E2|effective_from|2026-02-30|no date"},
		"a month only":                 {units + "xinqu,新区,营业部,1,2026-03", "E2|effective_from|2026-03|no date"},
		"the year 26":                  {units + "xinqu,新区,营业部,1,26/3/1", "E2|effective_from|26/3/1|no date"},
		"an unknown kind":              {units + "xinqu,新区,商店,1,2026-03-01", "C2|kind|商店|outlet"},
		"no name":                      {units + "xinqu,,营业部,1,2026-03-01", "B2|name_zh||empty"},
		"the same row twice":           {units + "xinqu,新区,营业部,1,2026-03-01\nxinqu,新区,营业部,2,2026/3/1", "A3|unit|xinqu|row 2"},
		"a closed month":               {units + "xinqu,新区,营业部,1,2026-02-28", "E2|effective_from|2026-02-28|2026-03-01"},
		"a cell beside the columns":    {units + "xinqu,新区,营业部,1,2026-03-01,?", "F2||?|no name"},
		"a misspelt column":            {"单位编号,单位名称,单位类型,维护客户总数\n", "D1|维护客户总数|维护客户总数|维护客户总数量"},
		"a foreign column":             {"unit,name_zh,kind,telephone\n", "D1|telephone|telephone|effective_from"},
		"a column twice":               {"unit,单位编号,name_zh,kind\n", "B1|单位编号|单位编号|twice"},
		"a column missing":             {"姓名,班组\n", "|agent||missing"},
		"columns of nothing we know":   {"a,b\n1,2\n", "||a, b|not clear"},
		"a unit nobody registered":     {"工号,单位\n8001,chengq\n", "B2|unit|chengq|chengqu?"},
		"left, or not":                 {"工号,离职\n8001,maybe\n", "B2|left|maybe|yes or no"},
		"a manager of no hall":         {"单位编号,营业厅主任\ngongsi,赵敏\n", "A2|unit|gongsi|contractor"},
		"a hall of a contractor":       {"单位编号,单位名称,单位类型,营业厅,生效日期\nx,x,代维公司,厅,2026-03-01", "D2|hall||contractor"},
		"columns of two kinds at once": {"unit,effective_from\nchengqu,2026-03-01\n", "||unit, effective_from|not clear"},
	} {
		t.Run(name, func(t *testing.T) {
			changes, problems := read(t, c.text)
			if len(problems) == 0 {
				t.Fatalf("nothing is wrong: %v", changes)
			}
			p := problems[0].Proto()
			want := strings.SplitN(c.want, "|", 4)
			if p.Cell != want[0] || p.Column != want[1] || p.Value != want[2] || !strings.Contains(p.Reason.En, want[3]) {
				t.Errorf("cell %q, column %q, value %q: %s; want %s", p.Cell, p.Column, p.Value, p.Reason.En, c.want)
			}
			if !strings.ContainsFunc(p.Reason.Zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("in Chinese it says %q", p.Reason.Zh)
			}
		})
	}
}

func TestDatesAreTheBeginningOfTheDayInTheUnitsZone(t *testing.T) {
	for cell, want := range map[string]string{
		"2026-03-01": "2026-03-01", "2026/3/1": "2026-03-01", "2026.3.1": "2026-03-01", "2026年3月1日": "2026-03-01",
		"46082": "2026-03-01", "45716": "2025-02-28", "45717": "2025-03-01",
		"": "none", "3/1/2026": "none", "2026-03-01 08:00": "none", "1": "none", "20260301": "none", "46082.5": "none",
	} {
		at, text := registry.Date(cell, shanghai)
		got := "none"
		if text == nil {
			got = at.AsTime().In(shanghai).Format(time.DateOnly)
			if clock := at.AsTime().In(shanghai).Format(time.TimeOnly); clock != "00:00:00" {
				t.Errorf("%s is at %s", cell, clock)
			}
		}
		if got != want {
			t.Errorf("%q: %s, want %s", cell, got, want)
		}
	}
	changes, _ := read(t, "unit,name_zh,kind,zone,effective_from\nx,x,outlet,America/New_York,2026-03-02\n")
	if len(changes) != 1 || changes[0].Row.Payload.GetEffectiveFrom().AsTime().Format(time.RFC3339) != "2026-03-02T05:00:00Z" {
		t.Errorf("in New York: %v", changes)
	}
}

// The template is what an import reads, whatever is filled in.
func TestTheTemplateIsReadAsItIsGiven(t *testing.T) {
	for _, english := range []bool{false, true} {
		file, err := registry.Template(english)
		if err != nil {
			t.Fatal(err)
		}
		tables, faults := table.Read(file, registry.IsNote)
		sorted, problems := registry.Sort(tables)
		if len(faults)+len(problems) > 0 || len(sorted) != 3 {
			t.Fatalf("english %v: %v %v, %d tables", english, faults, problems, len(sorted))
		}
		for kind, empty := range sorted {
			if rows, problems := registry.Read(kind, empty, inShanghai); len(rows)+len(problems) > 0 || len(empty.Header.Cells) != len(registry.Columns(kind)) {
				t.Errorf("english %v, %s: %v %v", english, kind, rows, problems)
			}
		}
	}
}

func TestHowMuchIsChangedAtOnceIsBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString("工号\n")
	for i := range registry.MaxChanges + 1 {
		text.WriteString(strings.Repeat("x", 1+i/1000) + string(rune('a'+i%26)) + time.Duration(i).String() + "\n")
	}
	changes, problems := read(t, text.String())
	if len(problems) > 0 || registry.TooMuch(changes) == nil || registry.TooMuch(changes[1:]) != nil {
		t.Errorf("%d changes, %v", len(changes), problems)
	}
	for i := range changes {
		changes[i].Action = apiv1.ImportAction_IMPORT_ACTION_UNCHANGED
	}
	if registry.TooMuch(changes) != nil {
		t.Error("what changes nothing does not count")
	}
}
