// Package own holds rules that an operator writes: conditions in CEL over what the
// strict parsers have read, each with examples of what it must object to and what
// not. A rule whose examples do not come out as they say is not used.
//
// Conditions are bounded in size and cost, do no I/O, and cannot loosen anything:
// what the guard refuses stays refused.
package own

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"

	"github.com/ringfence/ringfence/guard"
)

const (
	maxFile  = 1 << 20 // bytes of a file of rules
	maxRules = 256
	maxRule  = 4096 // letters of a condition
	maxDepth = 32
	maxCost  = 20_000 // of asking one condition about one message, as CEL counts it
)

// Rule is one rule, as it stands in the file.
type Rule struct {
	ID       string         `json:"id"` // "X1"
	Title    string         `json:"title"`
	When     string         `json:"when"` // CEL over packet and sip, sdp or over packet and stun; true: it fires
	Severity guard.Severity `json:"severity"`
	Action   guard.Action   `json:"action"` // drop, refuse or quarantine
	Examples []Example      `json:"examples"`

	program cel.Program
	about   protocol
}

// Example is a message, and whether the rule fires on it.
type Example struct {
	Message string `json:"message,omitempty"` // SIP, with its line ends as \r\n or \n
	STUN    string `json:"stun,omitempty"`    // or a request to a TURN server, in hexadecimal digits; space is free
	Fires   bool   `json:"fires"`
}

// Set is rules that are in use.
type Set struct{ rules []Rule }

var environment = func() *cel.Env {
	e, err := cel.NewEnv(
		cel.ParserRecursionLimit(maxDepth), cel.ParserExpressionSizeLimit(maxRule), cel.ASTValidators(cel.ValidateRegexLiterals()),
		ext.NativeTypes(reflect.TypeFor[Packet](), reflect.TypeFor[SIP](), reflect.TypeFor[SDP](), reflect.TypeFor[STUN](), ext.ParseStructTags(true)),
		cel.Variable("packet", cel.ObjectType("own.Packet")), cel.Variable("sip", cel.ObjectType("own.SIP")), cel.Variable("sdp", cel.ObjectType("own.SDP")),
		cel.Variable("stun", cel.ObjectType("own.STUN")),
	)
	if err != nil {
		panic("own: " + err.Error())
	}
	return e
}()

var ruleID = regexp.MustCompile(`^X[0-9]{1,4}$`)

// Read reads a file of rules, {"rules":[...]}, and tries the examples of each.
func Read(path string) (*Set, error) {
	f, err := Open(path)
	return f.Set(), err
}

// Parse reads rules and tries the examples of each.
func Parse(b []byte) (*Set, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var file struct{ Rules []Rule }
	if len(b) > maxFile {
		return nil, errors.New("more than a megabyte")
	}
	if err := d.Decode(&file); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("something stands behind the rules")
	}
	if len(file.Rules) > maxRules {
		return nil, fmt.Errorf("%d rules, of at most %d", len(file.Rules), maxRules)
	}
	s, seen := &Set{}, map[string]bool{}
	for _, r := range file.Rules {
		if seen[r.ID] {
			return nil, fmt.Errorf("two rules are %s", r.ID)
		}
		seen[r.ID] = true
		if err := r.compile(); err != nil {
			return nil, fmt.Errorf("rule %q: %w", r.ID, err)
		}
		s.rules = append(s.rules, r)
	}
	return s, nil
}

func (r *Rule) compile() error {
	switch {
	case !ruleID.MatchString(r.ID):
		return errors.New(`its id is X and a number, like "X1"`)
	case strings.TrimSpace(r.Title) == "":
		return errors.New("it has no title: say what it objects to")
	case r.Severity != guard.Info && r.Severity != guard.Low && r.Severity != guard.Medium && r.Severity != guard.High && r.Severity != guard.Critical:
		return errors.New("its severity is info, low, medium, high or critical")
	case r.Action != guard.Drop && r.Action != guard.Refuse && r.Action != guard.Quarantine:
		return errors.New("its action is drop, refuse or quarantine")
	}
	ast, issues := environment.Compile(r.When)
	if issues.Err() != nil {
		return fmt.Errorf("its condition: %w", issues.Err())
	}
	if ast.OutputType() != cel.BoolType {
		return errors.New("its condition is neither true nor false")
	}
	var err error
	if r.about, err = about(ast); err != nil {
		return err
	}
	if r.program, err = environment.Program(ast, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize)); err != nil {
		return err
	}
	return r.try()
}

// try looks at the examples: at least one on which it fires, and one on which it
// does not.
func (r *Rule) try() error {
	fires, passes := 0, 0
	for i, x := range r.Examples {
		m, err := x.read()
		if err == nil && m.about != r.about {
			err = errors.New("the condition is about messages of another protocol")
		}
		if err != nil {
			return fmt.Errorf("example %d is no message: %w", i+1, err)
		}
		fired, err := r.fires(m)
		if err != nil {
			return fmt.Errorf("example %d: %w", i+1, err)
		}
		if fired != x.Fires {
			return fmt.Errorf("example %d: it fires: %v; it says: %v", i+1, fired, x.Fires)
		}
		if fired {
			fires++
		} else {
			passes++
		}
	}
	if fires == 0 || passes == 0 {
		return errors.New("it needs an example on which it fires, and one on which it does not")
	}
	return nil
}

// read reads the message of an example.
func (x *Example) read() (*Message, error) {
	if x.STUN != "" {
		b, err := hex.DecodeString(strings.Join(strings.Fields(x.STUN), ""))
		if err != nil {
			return nil, err
		}
		return OfSTUN(b, Packet{Protocol: "udp", Size: int64(len(b))})
	}
	text := strings.ReplaceAll(strings.ReplaceAll(x.Message, "\r\n", "\n"), "\n", "\r\n")
	return Of([]byte(text), Packet{Protocol: "udp", Size: int64(len(text))})
}

// about is what a condition asks about: it is not asked about anything else.
func about(a *cel.Ast) (protocol, error) {
	stun, sip := false, false
	for _, e := range celast.MatchDescendants(celast.NavigateAST(a.NativeRep()), celast.KindMatcher(celast.IdentKind)) {
		stun = stun || e.AsIdent() == "stun"
		sip = sip || e.AsIdent() == "sip" || e.AsIdent() == "sdp"
	}
	switch {
	case stun && sip:
		return 0, errors.New("its condition is about SIP and about STUN; write two rules")
	case stun:
		return ofSTUN, nil
	}
	return ofSIP, nil
}

func (r *Rule) fires(m *Message) (bool, error) {
	v, _, err := r.program.Eval(map[string]any{"packet": &m.Packet, "sip": &m.SIP, "sdp": &m.SDP, "stun": &m.STUN})
	if err != nil {
		return false, err
	}
	return v == types.True, nil
}

// Rules are those of the set.
func (s *Set) Rules() []Rule {
	if s == nil {
		return nil
	}
	return s.rules
}

// Judge returns the rules that fire on a message. One that cannot be asked about it,
// because it costs too much, is an error: it may not pass for silent.
func (s *Set) Judge(m *Message) (fired []Rule, err error) {
	if s == nil {
		return nil, nil
	}
	for i := range s.rules {
		if s.rules[i].about != m.about {
			continue
		}
		yes, e := s.rules[i].fires(m)
		if e != nil {
			err = errors.Join(err, fmt.Errorf("rule %s: %w", s.rules[i].ID, e))
		}
		if yes {
			fired = append(fired, s.rules[i])
		}
	}
	return fired, err
}
