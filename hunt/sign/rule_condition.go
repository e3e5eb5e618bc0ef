package sign

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/ringfence/ringfence/hunt/record"
)

// Condition is a rule over a record, in CEL (https://cel.dev). It reads nothing
// but the record.
//
// A comparison that needs a column of which nothing is known in a record is
// false there; only a comparison with null tells that.
type Condition struct {
	Text string

	want     record.Columns
	root     *branch
	branches int
}

const (
	maxRule  = 4096    // bytes of a rule
	maxDepth = 64      // of parentheses in one another
	maxCost  = 200_000 // of looking at one record once, as CEL counts it
)

// Person tells whether a rule names an account, a target or a call: a query with
// it may start from a person, and needs approval as such.
func (c *Condition) Person() bool {
	return c.want&(record.Caller|record.Callee|record.Call) != 0
}

// branch is a part of a rule that is true or false.
type branch struct {
	number int
	op     string    // "" of an atom
	kids   []*branch // of all others
	atom
}

var environment = func() *cel.Env {
	options := []cel.EnvOption{
		cel.ParserRecursionLimit(maxDepth), cel.ParserExpressionSizeLimit(maxRule), cel.DefaultUTCTimeZone(true),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals()),
	}
	for name, c := range columns {
		options = append(options, cel.Variable(name, c.of))
	}
	e, err := cel.NewEnv(options...)
	if err != nil {
		panic(err) // the columns are wrong, at the start of every program
	}
	return e
}()

// ParseRule reads a rule. The error shows the place that is wrong.
func ParseRule(text string) (*Condition, error) {
	if len(text) > maxRule || !utf8.ValidString(text) {
		return nil, fmt.Errorf("rule of %d bytes: it is no text of at most %d; write a shorter one", len(text), maxRule)
	}
	checked, issues := environment.Compile(text)
	if issues.Err() != nil {
		return nil, ruleError(text, issues)
	}
	if !checked.OutputType().IsExactType(types.BoolType) && !checked.OutputType().IsExactType(optionalBool) {
		return nil, fmt.Errorf("rule %q is no condition but of type %s; write one that is true or false, like outcome == \"missed\"", text, checked.OutputType())
	}
	c := &Condition{Text: text}
	var err error
	c.root, err = c.part(checked.NativeRep(), checked.NativeRep().Expr())
	return c, err
}

// ruleError says the first thing that is wrong, and shows where.
func ruleError(text string, issues *cel.Issues) error {
	all := issues.Errors()
	if len(all) == 0 {
		return fmt.Errorf("rule %q: %w", text, issues.Err())
	}
	one := all[0]
	why, _, _ := strings.Cut(one.Message, " (in container")
	if strings.Contains(why, "undeclared reference") {
		why += "; the columns are " + strings.Join(slices.Sorted(maps.Keys(columns)), ", ")
	}
	lines := strings.Split(text, "\n")
	line, column := one.Location.Line(), one.Location.Column()
	if line < 1 || line > len(lines) || column < 0 {
		return fmt.Errorf("rule %q: %s", text, why)
	}
	shown := lines[line-1]
	return fmt.Errorf("rule, line %d, column %d: %s\n  %s\n  %s^", line, column+1, why, shown, strings.Repeat(" ", min(column, utf8.RuneCountInString(shown))))
}

// part takes a rule apart into what joins its atoms, and the atoms.
func (c *Condition) part(whole *ast.AST, e ast.Expr) (*branch, error) {
	b := &branch{number: c.branches}
	c.branches++
	if e.Kind() == ast.CallKind && joins[e.AsCall().FunctionName()] {
		b.op = e.AsCall().FunctionName()
		for _, arg := range e.AsCall().Args() {
			kid, err := c.part(whole, arg)
			if err != nil {
				return nil, err
			}
			b.kids = append(b.kids, kid)
		}
		return b, nil
	}
	var err error
	b.atom, err = newAtom(whole, e)
	for name := range b.names {
		c.want |= columns[name].set
	}
	return b, err
}

var joins = map[string]bool{operators.LogicalAnd: true, operators.LogicalOr: true, operators.LogicalNot: true, operators.Conditional: true}

// names are the columns that a part of a rule has, and whether it needs each of
// them to be known.
type names map[string]bool

// namesOf finds the columns of a part of a rule.
func namesOf(e ast.Expr) (names, error) {
	found, asked := names{}, map[int64]bool{}
	var wrong error
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.CallKind:
			if id := nullCompared(e.AsCall()); id != 0 {
				asked[id] = true
			}
			wrong = errors.Join(wrong, fixedZone(e.AsCall()))
		case ast.ComprehensionKind:
			for _, name := range []string{e.AsComprehension().IterVar(), e.AsComprehension().IterVar2()} {
				if _, ok := columns[name]; ok {
					wrong = fmt.Errorf("rule: %s is a column; give the element of the list another name", name)
				}
			}
		case ast.IdentKind:
			if c, ok := columns[e.AsIdent()]; ok {
				found[e.AsIdent()] = found[e.AsIdent()] || c.of.IsAssignableType(types.NullType) && !asked[e.ID()]
			}
		}
	}))
	return found, wrong
}

// nullCompared returns the identifier that a call compares with null, or 0.
func nullCompared(call ast.CallExpr) int64 {
	if name := call.FunctionName(); name != operators.Equals && name != operators.NotEquals {
		return 0
	}
	for i, arg := range call.Args() {
		other := call.Args()[1-i]
		if other.Kind() == ast.LiteralKind && other.AsLiteral() == types.NullValue && arg.Kind() == ast.IdentKind {
			return arg.ID()
		}
	}
	return 0
}

var (
	zoned = regexp.MustCompile(`^get(FullYear|Month|Date|DayOf(Month|Week|Year)|Hours|Minutes|Seconds|Milliseconds)$`)
	zone  = regexp.MustCompile(`^[+-]?\d\d:\d\d$`)
)

// fixedZone refuses names of time zones: they would be read from the disk, for
// every record.
func fixedZone(call ast.CallExpr) error {
	if !call.IsMemberFunction() || !zoned.MatchString(call.FunctionName()) || len(call.Args()) == 0 {
		return nil
	}
	if arg := call.Args()[0]; arg.Kind() == ast.LiteralKind {
		if s, ok := arg.AsLiteral().(types.String); ok && zone.MatchString(string(s)) {
			return nil
		}
	}
	return fmt.Errorf("rule: %s takes an hour like \"+02:00\", and no name of a time zone", call.FunctionName())
}
