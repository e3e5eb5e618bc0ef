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
	byKind   map[Kind][]Rule
	inForce  atomic.Pointer[inForce]
	budgets  *Budgets
	recorder *recorder
}

// inForce is a configuration with what the rules see of it.
type inForce struct {
	config  Config
	context Context
}

// New returns a set with all rules in force. Every verdict other than allow is
// handed to record, which must not block for long; of many alike in a short
// time only some are, and these carry the count of the others. now is the clock
// of the budgets.
func New(config Config, now func() time.Time, record func(Verdict)) (*Set, error) {
	s := &Set{byKind: map[Kind][]Rule{}, budgets: NewBudgets(now), recorder: newRecorder(now, record)}
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
	s.inForce.Store(&inForce{c, Context{Limits: c.Limits, MinimumBuild: c.MinimumBuild, Budgets: s.budgets}})
	return nil
}

// Config returns the configuration in force.
func (s *Set) Config() Config { return s.inForce.Load().config }

// Limits returns the limits in force.
func (s *Set) Limits() *Limits { return &s.inForce.Load().context.Limits }

// Judge applies every rule in force to an event. All rules that fire are in the
// verdict; the first of the strictest action decides. An event that no rule
// objects to costs no allocation. The bytes of a verdict and their hash are
// filled in only for those that are recorded.
func (s *Set) Judge(ev *Event) Verdict {
	f := s.inForce.Load()
	var v Verdict
	rules := s.byKind[ev.Kind]
	for i := range rules {
		r := &rules[i]
		if r.Check == nil || s.off(&f.config, r.ID, ev) {
			continue
		}
		if found := check(r, &f.context, ev); found != nil {
			v.add(r, found, ev)
		}
	}
	if len(v.Rules) == 0 && ev.Refusal != nil {
		s.unread(&v, ev)
	}
	if len(v.Rules) == 0 {
		return Verdict{Action: Allow}
	}
	s.recorder.take(&v, ev)
	return v
}

// Object records that a rule of the operator's objects to an event. Like every other
// verdict, of many alike only some are handed on.
func (s *Set) Object(ev *Event, id, title string, action Action, severity Severity) Verdict {
	var v Verdict
	v.add(&Rule{ID: id, Action: action, Severity: severity}, &Finding{Length: len(ev.Bytes), Clause: "a rule of the operator", Reason: title}, ev)
	s.recorder.take(&v, ev)
	return v
}

// Flush hands over what has been counted and not recorded yet. The server calls
// it now and then, and before it stops.
func (s *Set) Flush() { s.recorder.flush() }

// unread refuses what a parser refused in the name of a rule that does not look
// at this kind of event: nothing that could not be read goes on.
func (s *Set) unread(v *Verdict, ev *Event) {
	r, ok := Lookup(ev.Refusal.Rule)
	if !ok {
		r, _ = Lookup("R3")
	}
	if s.weakened(r.ID) {
		return
	}
	v.add(&r, &Finding{Offset: ev.Refusal.Offset, Length: ev.Refusal.Length, Clause: ev.Refusal.Clause, Reason: ev.Refusal.Reason}, ev)
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

func (v *Verdict) add(r *Rule, f *Finding, ev *Event) {
	if len(v.Rules) == 0 {
		*v = facts(ev)
	}
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

// off tells whether a rule is out of force. What a parser could not read is
// refused also where its rule is switched off: there is nothing to go on with.
func (s *Set) off(c *Config, id string, ev *Event) bool {
	return s.weakened(id) || ev.Refusal == nil && slices.Contains(c.Off, id)
}
