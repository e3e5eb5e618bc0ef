package guard

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// Set is the rules in force with their limits and budgets. All its methods may
// be used from several goroutines; the configuration is replaced as a whole.
type Set struct {
	byKind  map[Kind][]Rule
	config  atomic.Pointer[Config]
	budgets *Budgets
	record  func(Verdict)
}

// New returns a set with all rules in force. Every verdict other than allow is
// handed to record, which must not block for long; now is the clock of the
// budgets.
func New(config Config, now func() time.Time, record func(Verdict)) (*Set, error) {
	s := &Set{byKind: map[Kind][]Rule{}, budgets: NewBudgets(now), record: record}
	for _, r := range Catalogue() {
		for _, k := range r.Kinds {
			s.byKind[k] = append(s.byKind[k], r)
		}
	}
	return s, s.Configure(config)
}

// Configure puts other limits and rules in force at once. A configuration that
// is not right is refused, and the one before stays.
func (s *Set) Configure(c Config) error {
	if err := c.Check(); err != nil {
		return err
	}
	s.config.Store(&c)
	return nil
}

// Config returns the configuration in force.
func (s *Set) Config() Config { return *s.config.Load() }

// Judge applies every rule in force to an event. All rules that fire are in the
// verdict; the first of the strictest action decides. An event that no rule
// objects to costs no allocation.
func (s *Set) Judge(ev *Event) Verdict {
	config := s.config.Load()
	c := Context{Limits: config.Limits, Budgets: s.budgets}
	var v Verdict
	for i := range s.byKind[ev.Kind] {
		r := &s.byKind[ev.Kind][i]
		if r.Check == nil || s.off(config, r.ID) {
			continue
		}
		f := check(r, &c, ev)
		if f == nil {
			continue
		}
		if len(v.Rules) == 0 {
			v = newVerdict(ev)
		}
		v.add(r, f)
	}
	if len(v.Rules) == 0 {
		return Verdict{Action: Allow}
	}
	s.record(v)
	return v
}

// check runs one rule; a rule that panics refuses (R22).
func check(r *Rule, c *Context, ev *Event) (f *Finding) {
	defer func() {
		if p := recover(); p != nil {
			f = &Finding{Clause: "R22", Reason: fmt.Sprintf("rule %s could not judge this: %v", r.ID, p)}
		}
	}()
	return r.Check(c, ev)
}

var strictness = map[Action]int{Allow: 0, Drop: 1, Refuse: 2, Quarantine: 3}
var gravity = map[Severity]int{Info: 0, Low: 1, Medium: 2, High: 3, Critical: 4}

func (v *Verdict) add(r *Rule, f *Finding) {
	if len(v.Rules) == 0 || strictness[r.Action] > strictness[v.Action] {
		v.Rules = slices.Insert(v.Rules, 0, r.ID)
		v.Action, v.Clause, v.Reason, v.Offset, v.Length = r.Action, f.Clause, f.Reason, f.Offset, f.Length
	} else {
		v.Rules = append(v.Rules, r.ID)
	}
	if v.Severity == "" || gravity[r.Severity] > gravity[v.Severity] {
		v.Severity = r.Severity
	}
}

func (s *Set) off(c *Config, id string) bool {
	return slices.Contains(c.Off, id) || s.weakened(id)
}
