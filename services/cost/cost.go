// Package cost bounds what an expression (CEL) that somebody else wrote may
// cost.
//
// In flow checked expressions; out flows the most each can cost, and programs
// that stop there. Never here: a clock. Costs are counted in units of CEL, about
// a tenth of a microsecond each, so that the same expression over the same
// values ends at the same place on every machine, live and offline.
//
//  1. What is dear on its face is refused before it is used, by the most it can
//     cost over values of the largest sizes.
//  2. Where that cannot be reckoned, because a loop puts values together that
//     grow, it counts as the limit itself, which is met when it is evaluated.
//  3. Without a loop an expression costs no more than was reckoned, and is
//     evaluated without counting.
package cost

import (
	"context"
	"errors"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// Limit is what one evaluation may cost, and how large the values are that the
// most it can cost is reckoned with.
type Limit struct {
	// Units of CEL.
	Units uint64
	// Text is how many characters a text has at most, List how many elements a
	// list or map.
	Text, List uint64
}

// ErrDear says that an evaluation has reached its limit.
var ErrDear = errors.New("the expression costs more than it may")

// looks is after how many rounds of a loop the context is looked at.
const looks = 100

// Most gives the most that an expression can cost.
func (l Limit) Most(env *cel.Env, ast *cel.Ast) (uint64, error) {
	estimate, err := env.EstimateCost(ast, sizes{l})
	if _, grows := loops(ast); grows {
		return max(estimate.Max, l.Units), err
	}
	return estimate.Max, err
}

// loops tells whether an expression has loops, and whether one of them puts
// together more than an answer of yes or no.
func loops(ast *cel.Ast) (any, grows bool) {
	celast.PostOrderVisit(ast.NativeRep().Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		if e.Kind() == celast.ComprehensionKind {
			any, grows = true, grows || e.AsComprehension().AccuInit().Kind() != celast.LiteralKind
		}
	}))
	return any, grows
}

// Program is an expression that stops at its limit, and when its context ends.
type Program struct {
	program cel.Program
	loops   bool
}

// Program compiles an expression.
func (l Limit) Program(env *cel.Env, ast *cel.Ast, options ...cel.ProgramOption) (*Program, error) {
	most, err := l.Most(env, ast)
	if err != nil {
		return nil, err
	}
	p := &Program{}
	if p.loops, _ = loops(ast); p.loops || most > l.Units {
		options = append(options, cel.CostLimit(l.Units), cel.InterruptCheckFrequency(looks))
	}
	p.program, err = env.Program(ast, options...)
	return p, err
}

// Eval evaluates over an activation, or a map of values.
func (p *Program) Eval(ctx context.Context, values any) (ref.Val, error) {
	if !p.loops {
		value, _, err := p.program.Eval(values)
		return value, dear(err)
	}
	value, _, err := p.program.ContextEval(ctx, values)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return value, dear(err)
}

func dear(err error) error {
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded {
		return ErrDear
	}
	return err
}

// sizes estimates the sizes of values that an expression is given.
type sizes struct{ limit Limit }

// EstimateSize gives the size of what is not written in the expression.
func (s sizes) EstimateSize(element checker.AstNode) *checker.SizeEstimate {
	switch element.Type().Kind() {
	case types.ListKind, types.MapKind:
		return &checker.SizeEstimate{Max: s.limit.List}
	default:
		return &checker.SizeEstimate{Max: s.limit.Text}
	}
}

// EstimateCallCost leaves calls to CEL.
func (s sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}
