package importer

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"kaohe.dev/services/cost"
)

// maxExpression is how many characters an expression may have.
const maxExpression = 10_000

// environment is what expressions may use: row and prev (columns that hold a
// value, as text), first (the ticket's first row), row_time (the row's own
// time) and time(text), which reads a time by the mapping's layouts.
func (m *Mapping) environment() (*cel.Env, error) {
	columns := cel.MapType(cel.StringType, cel.StringType)
	return cel.NewEnv(
		cel.OptionalTypes(),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(50),
		cel.Variable("row", columns),
		cel.Variable("prev", columns),
		cel.Variable("first", cel.BoolType),
		cel.Variable("row_time", cel.TimestampType),
		cel.Function("time", cel.Overload("time_string", []*cel.Type{cel.StringType}, cel.TimestampType,
			cel.UnaryBinding(func(text ref.Val) ref.Val {
				t, err := m.parseTime(string(text.(types.String)))
				if err != nil {
					return types.NewErr("%q: %v", string(text.(types.String)), err)
				}
				return types.Timestamp{Time: t}
			}))),
	)
}

// guard compiles a condition. What it asks of columns holding a value, on its
// own or before anything else (has(row.A) && has(row.B) && …), is answered by
// looking; the rest is left to the expression, which then decides alone.
func (l *loader) guard(n node) guard {
	ast := l.checked(n, cel.BoolType)
	if ast == nil {
		return guard{}
	}
	g := guard{}
	pure := true
	for _, part := range conjuncts(ast.NativeRep().Expr()) {
		column, asks := asksFor(part)
		if !asks {
			pure = false
			break
		}
		g.present = append(g.present, l.uses(column, n.line()))
	}
	if !pure {
		g.program = l.program(n, ast)
	}
	return g
}

// conjuncts takes a && b && c apart.
func conjuncts(e celast.Expr) []celast.Expr {
	if e.Kind() != celast.CallKind || e.AsCall().FunctionName() != operators.LogicalAnd {
		return []celast.Expr{e}
	}
	var parts []celast.Expr
	for _, arg := range e.AsCall().Args() {
		parts = append(parts, conjuncts(arg)...)
	}
	return parts
}

// asksFor reads has(row.X).
func asksFor(e celast.Expr) (column string, ok bool) {
	if e.Kind() != celast.SelectKind || !e.AsSelect().IsTestOnly() {
		return "", false
	}
	operand := e.AsSelect().Operand()
	return e.AsSelect().FieldName(), operand.Kind() == celast.IdentKind && operand.AsIdent() == "row"
}

// compile compiles the expression of a node. It gives nil after a problem.
func (l *loader) compile(n node, wanted ...*cel.Type) *cost.Program {
	ast := l.checked(n, wanted...)
	if ast == nil {
		return nil
	}
	return l.program(n, ast)
}

// checked parses an expression, checks its type and notes the columns it reads.
// It gives nil after a problem.
func (l *loader) checked(n node, wanted ...*cel.Type) *cel.Ast {
	text := n.text()
	if l.env == nil || text == "" {
		return nil
	}
	ast, issues := l.env.Compile(text)
	if err := issues.Err(); err != nil {
		n.problem("表达式有误："+err.Error(), "the expression is wrong: "+err.Error())
		return nil
	}
	fits := func(t *cel.Type) bool { return t.IsExactType(ast.OutputType()) }
	if out := ast.OutputType(); len(wanted) > 0 && out != cel.DynType && !slices.ContainsFunc(wanted, fits) {
		n.problem("表达式的结果类型应为 "+wanted[0].String()+"，而不是 "+out.String(),
			"the expression must give "+wanted[0].String()+", not "+out.String())
		return nil
	}
	for _, column := range columnsOf(ast) {
		l.uses(column, n.line())
	}
	return ast
}

// What expressions may cost: one of them, and all of a mapping for one row.
const rowLimit = 2_000_000

var evaluation = cost.Limit{Units: 200_000, Text: maxValue, List: 500}

// program compiles an expression that is not too dear, nor the mapping with it.
func (l *loader) program(n node, ast *cel.Ast) *cost.Program {
	program, err := evaluation.Program(l.env, ast, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		n.problem("表达式有误："+err.Error(), "the expression is wrong: "+err.Error())
		return nil
	}
	most, err := evaluation.Most(l.env, ast)
	before := l.cost
	l.cost += min(most, rowLimit)
	switch {
	case err != nil || most > evaluation.Units:
		n.problem(fmt.Sprintf("表达式的计算量可达 %d，上限 %d：请去掉嵌套循环与文本的反复拼接", most, evaluation.Units),
			fmt.Sprintf("the expression can cost %d units, more than %d: take out loops within loops and texts put together again and again", most, evaluation.Units))
	case before <= rowLimit && l.cost > rowLimit:
		n.problem(fmt.Sprintf("至此各表达式对每一行的计算量合计可达 %d，上限 %d：请简化", l.cost, rowLimit),
			fmt.Sprintf("the expressions up to here can cost %d units for each row, more than %d: make them simpler", l.cost, rowLimit))
	}
	return program
}

// columnsOf lists the columns an expression names: row.X, has(row.X), row.?X,
// row["X"], row[?"X"] and "X" in row, and the same of prev.
func columnsOf(ast *cel.Ast) []string {
	var columns []string
	isRow := func(e celast.Expr) bool {
		return e.Kind() == celast.IdentKind && (e.AsIdent() == "row" || e.AsIdent() == "prev")
	}
	literal := func(e celast.Expr) (string, bool) {
		if e.Kind() != celast.LiteralKind {
			return "", false
		}
		text, ok := e.AsLiteral().(types.String)
		return string(text), ok
	}
	visit := func(e celast.Expr) {
		switch e.Kind() {
		case celast.SelectKind:
			if isRow(e.AsSelect().Operand()) {
				columns = append(columns, e.AsSelect().FieldName())
			}
		case celast.CallKind:
			args := e.AsCall().Args()
			if len(args) != 2 {
				return
			}
			if e.AsCall().FunctionName() == operators.In {
				args = []celast.Expr{args[1], args[0]}
			}
			if column, ok := literal(args[1]); ok && isRow(args[0]) {
				columns = append(columns, column)
			}
		}
	}
	celast.PreOrderVisit(ast.NativeRep().Expr(), celast.NewExprVisitor(visit))
	return columns
}
