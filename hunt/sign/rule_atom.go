package sign

import (
	"fmt"
	"math"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/ringfence/ringfence/hunt/record"
)

// atom is a condition without and, or, not in it. CEL decides it; three shapes of
// it are decided faster, to the same end:
//   - of one column with few values, CEL is asked once for each of them;
//   - a number or a time is compared with constants here;
//   - of accounts that are named, those with another hash are left out first.
type atom struct {
	names names
	ask   cel.Program
	small func(*row) record.Code
	compare
	named
}

// compare is the comparison of a column of numbers with constants.
type compare struct {
	numbers func(*record.Batch) ([]int32, []int64)
	least   int64 // that a number must have to be known
	fits    func(int64) bool
}

// named is the comparison of an account with some.
type named struct {
	of  func(*record.Batch) []record.ID
	are map[record.ID]bool
}

func newAtom(whole *ast.AST, e ast.Expr) (atom, error) {
	a := atom{}
	var err error
	if a.names, err = namesOf(e); err != nil {
		return a, err
	}
	if a.ask, err = program(whole, e); err != nil {
		return a, fmt.Errorf("rule: %w", err)
	}
	switch len(a.names) {
	case 0:
		a.small = func(*row) record.Code { return 0 }
	case 1:
		for name := range a.names {
			a.small = columns[name].small
			a.compare = comparison(whole, e)
			a.named = naming(whole, e)
		}
	}
	return a, nil
}

// program makes what evaluates a part of a rule.
func program(whole *ast.AST, e ast.Expr) (cel.Program, error) {
	part := ast.NewCheckedAST(ast.NewAST(e, whole.SourceInfo()), whole.TypeMap(), whole.ReferenceMap())
	// Without a loop it costs what its text is long; counting that would cost more.
	if !loops(e) {
		return environment.PlanProgram(part, cel.EvalOptions(cel.OptOptimize))
	}
	return environment.PlanProgram(part, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
}

func loops(e ast.Expr) (found bool) {
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) { found = found || e.Kind() == ast.ComprehensionKind }))
	return found
}

// constant returns the value of a part of a rule without columns.
func constant(whole *ast.AST, e ast.Expr) (ref.Val, bool) {
	if of, err := namesOf(e); err != nil || len(of) > 0 {
		return nil, false
	}
	p, err := program(whole, e)
	if err != nil {
		return nil, false
	}
	v, _, err := p.Eval(map[string]any{})
	return v, err == nil
}

// sides returns the operator of a comparison of one column with what is none,
// with the column at its left.
func sides(e ast.Expr) (op string, name string, other ast.Expr, ok bool) {
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
		return "", "", nil, false
	}
	op = e.AsCall().FunctionName()
	left, right := e.AsCall().Args()[0], e.AsCall().Args()[1]
	if left.Kind() != ast.IdentKind {
		left, right = right, left
		turned := map[string]string{
			operators.Less: operators.Greater, operators.LessEquals: operators.GreaterEquals, operators.Greater: operators.Less,
			operators.GreaterEquals: operators.LessEquals, operators.Equals: operators.Equals, operators.NotEquals: operators.NotEquals,
		}
		op = turned[op]
	}
	if left.Kind() != ast.IdentKind || op == "" {
		return "", "", nil, false
	}
	_, ok = columns[left.AsIdent()]
	return op, left.AsIdent(), right, ok
}

func comparison(whole *ast.AST, e ast.Expr) (c compare) {
	op, name, other, ok := sides(e)
	if !ok || columns[name].numbers == nil {
		return c
	}
	v, ok := constant(whole, other)
	if !ok {
		return c
	}
	if fits := test(op, v); fits != nil {
		c = compare{columns[name].numbers, 0, fits}
		if name == "time" {
			c.least = math.MinInt64
		}
	}
	return c
}

func test(op string, v ref.Val) func(int64) bool {
	if list, ok := v.(traits.Lister); ok && op == operators.In {
		return listed(list)
	}
	than, ok := integer(v)
	if !ok {
		return nil
	}
	switch op {
	case operators.Equals:
		return func(n int64) bool { return n == than }
	case operators.NotEquals:
		return func(n int64) bool { return n != than }
	case operators.Less:
		return func(n int64) bool { return n < than }
	case operators.LessEquals:
		return func(n int64) bool { return n <= than }
	case operators.Greater:
		return func(n int64) bool { return n > than }
	case operators.GreaterEquals:
		return func(n int64) bool { return n >= than }
	}
	return nil
}

func listed(list traits.Lister) func(int64) bool {
	some := map[int64]bool{}
	for it := list.Iterator(); it.HasNext() == types.True; {
		n, ok := integer(it.Next())
		if !ok {
			return nil
		}
		some[n] = true
	}
	return func(n int64) bool { return some[n] }
}

// integer returns a number, or a time in ns since 1970 when nanoseconds can tell it.
func integer(v ref.Val) (int64, bool) {
	switch v := v.(type) {
	case types.Int:
		return int64(v), true
	case types.Timestamp:
		t := v.Time
		return t.UnixNano(), t.After(time.Unix(0, math.MinInt64)) && t.Before(time.Unix(0, math.MaxInt64))
	}
	return 0, false
}

func naming(whole *ast.AST, e ast.Expr) (n named) {
	op, name, other, ok := sides(e)
	if !ok || columns[name].ids == nil || op != operators.Equals && op != operators.In {
		return n
	}
	v, ok := constant(whole, other)
	if !ok {
		return n
	}
	are := map[record.ID]bool{}
	add := func(v ref.Val) bool {
		s, ok := v.(types.String)
		are[record.HashID([]byte(s))] = true
		return ok
	}
	if list, isList := v.(traits.Lister); isList {
		for it := list.Iterator(); it.HasNext() == types.True; {
			if !add(it.Next()) {
				return n
			}
		}
	} else if !add(v) {
		return n
	}
	return named{columns[name].ids, are}
}
