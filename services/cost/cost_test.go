package cost_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"

	"kaohe.dev/services/cost"
)

var limit = cost.Limit{Units: 10_000, Text: 2000, List: 100}

func env(t *testing.T) *cel.Env {
	t.Helper()
	e, err := cel.NewEnv(cel.OptionalTypes(), cel.Variable("text", cel.StringType), cel.Variable("list", cel.ListType(cel.StringType)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func compiled(t *testing.T, e *cel.Env, source string) (*cost.Program, uint64) {
	t.Helper()
	ast, issues := e.Compile(source)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	most, err := limit.Most(e, ast)
	if err != nil {
		t.Fatal(err)
	}
	p, err := limit.Program(e, ast)
	if err != nil {
		t.Fatal(err)
	}
	return p, most
}

func loop(deep int) string {
	text := "true"
	for range deep {
		text = "[0,1,2,3,4,5,6,7,8,9].all(x, " + text + ")"
	}
	return text
}

// Whatever an expression is, it ends soon: refused by what it can cost, or
// stopped by what it does cost.
func TestAnExpressionEndsAtItsLimit(t *testing.T) {
	values := map[string]any{"text": strings.Repeat("x", 2000), "list": strings.Split(strings.Repeat("abc,", 99)+"abc", ",")}
	for name, c := range map[string]struct {
		source string
		dear   bool // stopped when it is evaluated
		least  uint64
		most   uint64
	}{
		"a comparison":                {"text == 'a'", false, 1, 10},
		"a search":                    {"text.contains('abc')", false, 100, 1000},
		"a search for each of many":   {"list.exists(w, text.contains('xx' + w))", true, 20_000, 10_000_000},
		"a loop":                      {"list.all(a, a != '')", false, 100, 2000},
		"loops in loops":              {loop(4), true, 10_001, 200_000},
		"far too many loops":          {loop(12), true, 1 << 30, 1 << 62},
		"texts that double":           {"[text]" + strings.Repeat(".map(a, a + a)", 60) + "[0] == ''", true, 10_000, 1 << 62},
		"texts that double in a bind": {"optional.of(text)" + strings.Repeat(".optMap(a, a + a)", 60) + ".hasValue()", true, 10_000, 1 << 62},
	} {
		t.Run(name, func(t *testing.T) {
			p, most := compiled(t, env(t), c.source)
			if most < c.least || most > c.most {
				t.Errorf("it can cost %d", most)
			}
			begun := time.Now()
			_, err := p.Eval(t.Context(), values)
			if errors.Is(err, cost.ErrDear) != c.dear || err != nil && !c.dear {
				t.Errorf("it ended with %v", err)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestAnEvaluationEndsWithItsContext(t *testing.T) {
	p, _ := compiled(t, env(t), loop(3))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Eval(ctx, map[string]any{"text": "", "list": []string{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}
