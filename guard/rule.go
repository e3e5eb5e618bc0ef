// Package guard decides what may pass: it applies rules to an event and gives a
// verdict, with the rules that fired and the bytes that made them fire.
//
// Each rule answers bugs that were published, stands in one file of its own,
// and registers itself. Rules are pure: they see an event, the limits in force
// and the budgets, and return a finding or nil. The same rules run in the
// server, in the relay and on the device.
package guard

import (
	"fmt"
	"sort"
)

// Seat is where a rule is applied.
type Seat string

// The seats of a rule.
const (
	Server Seat = "server"
	Relay  Seat = "relay"
	Device Seat = "device"
	Proxy  Seat = "proxy" // the guard in front of somebody else's service, and inspect
)

// Severity is how grave a fired rule is, as in the contract of the command line.
type Severity string

// The severities.
const (
	Info     Severity = "info"
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Action is what happens to an event.
type Action string

// The actions, from mild to strict.
const (
	Allow      Action = "allow"
	Drop       Action = "drop"       // silently: the sender learns nothing
	Refuse     Action = "refuse"     // the sender is told
	Quarantine Action = "quarantine" // held back and shown to the person it was meant for
)

// Rule is one rule of the guard.
type Rule struct {
	ID       string   // "R12"; never reused
	Title    string   // what it demands, in one sentence
	Plain    string   // what happened, in words for the person who reads the console
	Stops    []string // published bugs it answers, e.g. "CVE-2019-3568"
	Sources  []string // specification and section, or the published analysis
	Seats    []Seat
	Kinds    []Kind // events it looks at
	Severity Severity
	Action   Action

	// Switchable rules can be turned off by the operator. The others hold the
	// house up and cannot.
	Switchable bool

	// Check returns what the rule objects to. A nil Check means that the rule
	// holds by construction: there is nothing to look at.
	Check func(c *Context, ev *Event) *Finding
}

// Finding is what one rule objects to.
type Finding struct {
	Offset, Length int    // the offending bytes in Event.Bytes
	Clause         string // specification and section
	Reason         string // what is wrong, in words
}

// Context is what a rule may look at besides the event.
type Context struct {
	Limits       Limits
	MinimumBuild uint32
	Budgets      *Budgets
}

var catalogue = map[string]Rule{}

// Register adds a rule. It panics when the rule is not whole or its id is
// taken: both are mistakes of ours that no build should survive.
func Register(r Rule) {
	if _, taken := catalogue[r.ID]; taken {
		panic("guard: rule " + r.ID + " registered twice")
	}
	if r.ID == "" || r.Title == "" || r.Plain == "" || len(r.Stops) == 0 || len(r.Sources) == 0 || len(r.Seats) == 0 || r.Severity == "" || r.Action == "" {
		panic(fmt.Sprintf("guard: rule %q is not whole", r.ID))
	}
	catalogue[r.ID] = r
}

// Catalogue returns all rules, by number.
func Catalogue() []Rule {
	rules := make([]Rule, 0, len(catalogue))
	for _, r := range catalogue {
		rules = append(rules, r)
	}
	sort.Slice(rules, func(i, j int) bool {
		a, b := rules[i].ID, rules[j].ID
		return len(a) < len(b) || len(a) == len(b) && a < b
	})
	return rules
}

// Lookup returns the rule of an id.
func Lookup(id string) (Rule, bool) {
	r, ok := catalogue[id]
	return r, ok
}

// refused makes the Check of a rule that answers what a strict parser refused
// in its name.
func refused(id string) func(*Context, *Event) *Finding {
	return func(_ *Context, ev *Event) *Finding {
		if ev.Refusal == nil || ev.Refusal.Rule != id {
			return nil
		}
		return &Finding{Offset: ev.Refusal.Offset, Length: ev.Refusal.Length, Clause: ev.Refusal.Clause, Reason: ev.Refusal.Reason}
	}
}
