package rulebook

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/goccy/go-yaml/ast"
	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/reflect/protoreflect"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/cost"
)

// What rules may cost, so that no rulebook can hold up scoring: a rule on
// everyday conditions costs less than ten units.
const (
	// factLimit is for all rules on one kind of fact together.
	factLimit = 50_000
	// longestText and longestList are as large as what a fact says can be.
	longestText, longestList = 4000, 100
)

// evaluation is what one expression may cost.
var evaluation = cost.Limit{Units: 10_000, Text: longestText, List: longestList}

// condition says whether a rule applies to a fact.
type condition func(*factv1.Fact) (bool, error)

// amount gives a rule's points for a fact; false: none.
type amount func(*factv1.Fact) (decimal.Decimal, bool, error)

// language is the expressions' environment without the variable "fact".
var language = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.TypeDescs(factv1.File_kaohe_fact_v1_fact_proto, feedv1.File_kaohe_feed_v1_feed_proto),
		cel.Variable("route", cel.ObjectType("kaohe.fact.v1.Route")),
		cel.ParserExpressionSizeLimit(maxText),
		cel.ParserRecursionLimit(50),
	}
	enums := feedv1.File_kaohe_feed_v1_feed_proto.Enums()
	for i := range enums.Len() {
		values := enums.Get(i).Values()
		for j := range values.Len() {
			name := string(enums.Get(i).Name()) + "." + shortName(values.Get(j))
			options = append(options, cel.Constant(name, cel.IntType, types.Int(values.Get(j).Number())))
		}
	}
	return cel.NewEnv(options...)
})

// program compiles an expression over facts of a kind, nil if it cannot be:
// that has been noted. The types are those it may yield.
func (r *reader) program(f field, kind protoreflect.FieldDescriptor, yields ...*cel.Type) *cost.Program {
	source := r.text(f)
	if kind == nil || strings.TrimSpace(source) == "" {
		return nil
	}
	base, err := language()
	if err != nil {
		r.note(f.place, "cel", err.Error())
		return nil
	}
	env, err := base.Extend(cel.Variable("fact", cel.ObjectType(string(kind.Message().FullName()))))
	if err != nil {
		r.note(f.place, "cel", err.Error())
		return nil
	}
	compiled, issues := env.Compile(source)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			r.note(inside(f, e.Location.Line(), e.Location.Column()), "cel", e.Message)
		}
		return nil
	}
	if !exactly(compiled.OutputType(), yields) {
		r.note(f.place, "cel_type", compiled.OutputType().String(), typeNames(yields))
		return nil
	}
	program, err := evaluation.Program(env, compiled)
	if err != nil {
		r.note(f.place, "cel", err.Error())
		return nil
	}
	if !r.anyCost && !r.affordable(f, kind, env, compiled) {
		return nil
	}
	return program
}

// affordable notes an expression that can cost more than it may, or with which
// the rules on a kind of fact can.
func (r *reader) affordable(f field, kind protoreflect.FieldDescriptor, env *cel.Env, compiled *cel.Ast) bool {
	most, err := evaluation.Most(env, compiled)
	name := string(kind.Name())
	before := r.costs[name]
	switch {
	case err != nil:
		r.note(f.place, "cel", err.Error())
		return false
	case most > evaluation.Units:
		r.note(f.place, "dear", most, evaluation.Units)
		return false
	}
	if r.costs == nil {
		r.costs = map[string]uint64{}
	}
	r.costs[name] += most
	if before <= factLimit && r.costs[name] > factLimit {
		r.note(f.place, "dear_together", name, r.costs[name], factLimit)
	}
	return r.costs[name] <= factLimit
}

func exactly(t *cel.Type, yields []*cel.Type) bool {
	for _, y := range yields {
		if t.IsExactType(y) {
			return true
		}
	}
	return false
}

func typeNames(all []*cel.Type) string {
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.String()
	}
	return strings.Join(names, " / ")
}

// inside is the place of a line (from 1) and column (from 0) of an expression.
// Where lines were folded only the beginning is known.
func inside(f field, line, column int) place {
	at := f.place
	switch n := f.node.(type) {
	case *ast.LiteralNode:
		if strings.HasPrefix(n.Start.Value, "|") {
			at.line, at.column = at.line+line, column+1
		}
	case *ast.StringNode:
		if line == 1 {
			at.column += column
			if n.Token.Origin != "" && strings.ContainsAny(strings.TrimSpace(n.Token.Origin)[:1], `"'`) {
				at.column++
			}
		}
	}
	return at
}

// evaluate runs a program on a fact.
func evaluate(program *cost.Program, f *factv1.Fact, body protoreflect.OneofDescriptor) (ref.Val, error) {
	said := bodyOf(f, body)
	if said == nil {
		return nil, fmt.Errorf("fact %s of kind %s says nothing", f.Id, f.Kind)
	}
	route := f.Route
	if route == nil {
		route = &factv1.Route{}
	}
	value, err := program.Eval(context.Background(), map[string]any{"fact": said.Interface(), "route": route})
	return value, err
}

// condition compiles a rule's condition.
func (r *reader) condition(f field, kind protoreflect.FieldDescriptor) condition {
	program := r.program(f, kind, cel.BoolType)
	if program == nil {
		return nil
	}
	body := factBody()
	return func(f *factv1.Fact) (bool, error) {
		value, err := evaluate(program, f, body)
		if err != nil {
			return false, err
		}
		return value == types.True, nil
	}
}

// expression compiles points given as an expression.
func (r *reader) expression(f field, kind protoreflect.FieldDescriptor) amount {
	program := r.program(f, kind, cel.StringType, cel.IntType)
	if program == nil {
		return nil
	}
	body := factBody()
	return func(f *factv1.Fact) (decimal.Decimal, bool, error) {
		value, err := evaluate(program, f, body)
		if err != nil {
			return decimal.Zero, false, err
		}
		d, err := pointsOf(value)
		return d, !d.IsZero(), err
	}
}

// pointsOf reads the points an expression yields.
func pointsOf(value ref.Val) (decimal.Decimal, error) {
	text := fmt.Sprint(value.Value())
	if !decimalForm.MatchString(text) {
		return decimal.Zero, fmt.Errorf("the points %.40q are not a decimal number", text)
	}
	d := decimal.RequireFromString(text)
	if !d.Equal(d.Truncate(places)) || d.Abs().GreaterThan(decimal.NewFromInt(mostPoints)) {
		return decimal.Zero, fmt.Errorf("the points %s have more than %d places or are above %d", text, places, mostPoints)
	}
	return d, nil
}

// lookup compiles points given as a table; values it does not list give none.
func (r *reader) lookup(by field, kind protoreflect.FieldDescriptor, table map[string]decimal.Decimal) amount {
	program := r.program(by, kind, cel.IntType, cel.StringType, cel.BoolType)
	if program == nil {
		return nil
	}
	var names protoreflect.EnumValueDescriptors
	if plain := fieldOf(by.literal(), kind); plain != nil && plain.Enum() != nil {
		names = plain.Enum().Values()
	}
	body := factBody()
	return func(f *factv1.Fact) (decimal.Decimal, bool, error) {
		value, err := evaluate(program, f, body)
		if err != nil {
			return decimal.Zero, false, err
		}
		d := table[keyFor(value, names)]
		return d, !d.IsZero(), nil
	}
}

// keyFor is the name under which a table lists a value.
func keyFor(value ref.Val, names protoreflect.EnumValueDescriptors) string {
	switch v := value.(type) {
	case types.Int:
		if names != nil {
			if name := names.ByNumber(protoreflect.EnumNumber(v)); name != nil { //nolint:gosec // an enum's number
				return strings.ToLower(shortName(name))
			}
		}
		return strconv.FormatInt(int64(v), 10)
	case types.Bool:
		return strconv.FormatBool(bool(v))
	default:
		return strings.ToLower(fmt.Sprint(value.Value()))
	}
}
