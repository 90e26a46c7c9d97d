package importer_test

import (
	"errors"
	"strings"
	"testing"

	"kaohe.dev/services/importer"
)

func TestShippedMappingsLoad(t *testing.T) {
	names := importer.ShippedNames()
	if len(names) < 2 {
		t.Fatalf("shipped: %v", names)
	}
	for _, name := range names {
		if m := shipped(t, name); m.Name != name {
			t.Errorf("mapping %s calls itself %s", name, m.Name)
		}
	}
	if _, ok := importer.Shipped("../doc"); ok {
		t.Error("a path is taken for a name")
	}
}

func TestAllProblemsOfAMappingAreToldWithTheirLines(t *testing.T) {
	_, err := importer.LoadMapping([]byte(`name: a b
source: x
shape: rows
zone: Mars/Olympus
times: ["%Y-%Q"]
ticket: no
colour: red
events:
  - type: ticket_opend
    at: {column: a}
  - type: ticket_closed
    when: row.a +
    at: {column: a, cel: row.b}
  - type: ticket_opened
    at: {cel: "1 + 1"}
    set:
      kind: {value: banana}
      unti: {column: u}
      key_customer: {cel: "1.5"}
  - type: ticket_opened
`))
	var problems importer.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error %v", err)
	}
	want := map[int]string{
		1: "name", 3: "shape", 4: "zone", 5: "times[0]", 7: "colour", 9: "ticket_opened", 12: "events[1].when",
		13: "exactly one", 15: "must give", 17: "banana", 18: "unit", 19: "must give", 20: "needs at",
	}
	for line, text := range want {
		if !told(problems, line, text) {
			t.Errorf("nothing with %q is told of line %d", text, line)
		}
	}
	if t.Failed() {
		t.Logf("told:\n%v\n%s", err, problems.Chinese())
	}
	for _, p := range problems {
		if p.Zh == "" || p.En == "" {
			t.Errorf("half a problem: %+v", p)
		}
	}
}

func told(problems importer.Problems, line int, text string) bool {
	for _, p := range problems {
		if p.Line == line && strings.Contains(p.Error(), text) {
			return true
		}
	}
	return false
}

func TestAMappingThatIsNoneIsAProblem(t *testing.T) {
	for _, document := range []string{"", "[]", "a: b: c", "name: x\n---\nname: y\n", "!!", "*a"} {
		if _, err := importer.LoadMapping([]byte(document)); err == nil {
			t.Errorf("%q is taken for a mapping", document)
		}
	}
}
