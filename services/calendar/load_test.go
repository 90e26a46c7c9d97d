package calendar_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"kaohe.dev/services/calendar"
)

const sample = `name: counter
version: 1
zone: Asia/Shanghai
week_basis: assumption
week:
  monday: [08:30-12:00, "14:00-18:00"]
  wednesday:
    - 00:00-24:00
years:
  2026:
    basis: source
    off:
      - {from: 2026-01-01, to: 2026-01-03, zh: 元旦, en: New Year's Day}
    working:
      - date: 2026-01-04
        follows: wednesday
`

func TestLoadReportsLineAndField(t *testing.T) {
	cases := []struct{ name, old, new, want string }{
		{"unknown field", "week_basis: assumption", "week_bass: assumption", "line 4: week_bass: unknown field"},
		{"unknown weekday", "wednesday:", "wensday:", "line 7: week.wensday: unknown field"},
		{"field twice", "version: 1", "name: again", "line 2: mapping key \"name\" already defined"},
		{"wrong type", "  monday: [08:30-12:00, \"14:00-18:00\"]", "  monday: 3", "line 6: week.monday: "},
		{"not YAML", "week:\n", "week: [\n", "line 9: ',' or ']' must be specified"},
		{"missing name", "name: counter", "name: ''", "line 1: name: is missing"},
		{"missing week", "week:\n  monday: [08:30-12:00, \"14:00-18:00\"]\n  wednesday:\n    - 00:00-24:00\n", "", "week: is missing; write `week: {}`"},
		{"no zone", "zone: Asia/Shanghai", "zone: ''", "line 3: zone: must be an IANA name"},
		{"zone of the machine", "zone: Asia/Shanghai", "zone: Local", "line 3: zone: must be an IANA name"},
		{"unknown zone", "Asia/Shanghai", "Asia/Wuhan", "line 3: zone: is not a known IANA name"},
		{"basis", "basis: source", "basis: guess", "line 11: years.2026.basis: must be source or assumption"},
		{"reading", "14:00-18:00", "14:00-18:60", `line 6: week.monday[1]: "18:60" is not a time of day`},
		{"segment form", "14:00-18:00", "2pm-6pm", `line 6: week.monday[1]: "2pm-6pm" must be written`},
		{"night shift", "14:00-18:00", "22:00-06:00", "line 6: week.monday[1]: \"22:00-06:00\" must end after it begins"},
		{"overlap", "14:00-18:00", "11:59-18:00", "line 6: week.monday[1]: begins before the segment ahead of it ends"},
		{"holidays typo", "week_basis: assumption", "holidays: no", "line 4: holidays: must be none or absent"},
		{"none and years", "week_basis: assumption", "holidays: none", "line 4: holidays: says none, but years are given"},
		{"no such date", "from: 2026-01-01", "from: 2026-02-30", "line 13: years.2026.off[0].from: \"2026-02-30\" is not a date"},
		{"wrong year", "to: 2026-01-03", "to: 2027-01-03", "line 13: years.2026.off[0].to: 2027-01-03 is not in 2026"},
		{"backwards", "from: 2026-01-01", "from: 2026-01-04", "line 13: years.2026.off[0].to: 2026-01-03 is before from"},
		{"nameless holiday", "zh: 元旦, ", "", "line 13: years.2026.off[0].zh: is missing"},
		{"off and make-up", "date: 2026-01-04", "date: 2026-01-02", "line 15: years.2026.working[0].date: 2026-01-02 is listed twice"},
		{"make-up of a rest day", "follows: wednesday", "follows: friday", "line 16: years.2026.working[0].follows: is friday, which has no working hours"},
		{"make-up of no day", "follows: wednesday", "follows: Wed", "line 16: years.2026.working[0].follows: must be a weekday"},
		{"tag without a value, on which the YAML library panics", "    - 00:00-24:00\n", "   !empty\n", "the YAML cannot be read; look for a tag"},
		{"year zero", "  2026:\n", "  0:\n", "years.0: is not a year"},
	}
	if _, err := calendar.Load([]byte(sample)); err != nil {
		t.Fatalf("the sample must load: %v", err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			document := strings.Replace(sample, c.old, c.new, 1)
			if document == sample {
				t.Fatalf("the sample does not hold %q", c.old)
			}
			_, err := calendar.Load([]byte(document))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %q in it", err, c.want)
			}
			var problem calendar.Problem
			if !errors.As(err, &problem) {
				t.Fatalf("%v holds no Problem", err)
			}
		})
	}
}

func TestLoadNeedsYearsOrTheirAbsenceStated(t *testing.T) {
	head, _, _ := strings.Cut(sample, "years:")
	if _, err := calendar.Load([]byte(head)); err == nil || !strings.Contains(err.Error(), "years: is missing") {
		t.Fatalf("neither years nor holidays: none: got %v", err)
	}
	c, err := calendar.Load([]byte(head + "holidays: none\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Years() != nil {
		t.Fatalf("got years %v, want none", c.Years())
	}
}

// A rulebook holds calendars as sections and reports problems by the lines of the whole document.
func TestSpecIsASectionOfALargerDocument(t *testing.T) {
	section := strings.ReplaceAll(strings.TrimSuffix(sample, "\n"), "\n", "\n    ")
	document := []byte("title: rules\ncalendars:\n  - " + strings.Replace(section, "14:00", "11:00", 1) + "\n")
	var whole struct {
		Title     string
		Calendars []calendar.Spec
	}
	if err := yaml.UnmarshalWithOptions(document, &whole, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	_, err := whole.Calendars[0].Compile()
	var problems calendar.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want Problems", err)
	}
	got := problems.Locate(document, "$.calendars[0]").Error()
	if !strings.HasPrefix(got, "line 8: week.monday[1]: ") {
		t.Fatalf("got %q", got)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("name: a\nversion: b\nzone: UTC\nweek: {}\nholidays: none\n"))
	china, err := os.ReadFile("data/cn.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(china)
	f.Fuzz(func(t *testing.T, document []byte) {
		c, err := calendar.Load(document)
		if err != nil {
			if c != nil {
				t.Fatal("a calendar came with an error")
			}
			return
		}
		start := time.Date(2026, 1, 3, 12, 0, 0, 0, time.UTC)
		clock, d := calendar.WorkingTime(c), 20*time.Hour
		due, err := calendar.Deadline(clock, start, d, calendar.Set{})
		if err != nil {
			return
		}
		if got, err := calendar.Elapsed(clock, start, due, calendar.Set{}); err != nil || got != d {
			t.Fatalf("elapsed to the deadline is %s, %v; want %s", got, err, d)
		}
	})
}
