package console

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/guard"
)

// limit is one number of the rules.
type limit struct {
	Name  string // in guard.json
	Words string
	Value int
	Usual int // its default
}

// limits lists the limits in force, in the order of guard.Limits.
func limits(c guard.Config) []limit {
	names, values := numbers(c.Limits)
	_, usual := numbers(guard.DefaultConfig().Limits)
	all := make([]limit, 0, len(names))
	for _, n := range names {
		all = append(all, limit{n, word(limitWords, n), values[n], usual[n]})
	}
	return all
}

// numbers reads limits by their names, in order.
func numbers(l guard.Limits) (names []string, values map[string]int) {
	b, err := json.Marshal(l)
	if err != nil {
		panic(err) // a struct of ints
	}
	values = map[string]int{}
	if err := json.Unmarshal(b, &values); err != nil {
		panic(err)
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	for t, err := d.Token(); err == nil; t, err = d.Token() {
		if name, ok := t.(string); ok {
			names = append(names, name)
		}
	}
	return names, values
}

// rulesOff are the rules that the operator has switched off.
func rulesOff(c guard.Config) []guard.Rule {
	var off []guard.Rule
	for _, id := range c.Off {
		if r, ok := guard.Lookup(id); ok {
			off = append(off, r)
		}
	}
	return off
}

// rules is the page of the catalogue and of the limits in force.
func (d *console) rules(w http.ResponseWriter, r *http.Request) {
	type entry struct {
		firedRule
		Off     bool
		Address string
	}
	config := d.Desk.Rules.Config()
	var data struct {
		Rules        []entry
		Limits       []limit
		MinimumBuild uint32
		UsualBuild   uint32
		Off          int
	}
	for _, rule := range guard.Catalogue() {
		e := entry{firedRule: firedRules([]string{rule.ID})[0], Off: slices.Contains(config.Off, rule.ID)}
		e.Address = query{filter: guard.Filter{Rule: rule.ID}}.address("/verdicts", 0)
		data.Rules = append(data.Rules, e)
	}
	data.UsualBuild = guard.DefaultConfig().MinimumBuild
	data.Limits, data.MinimumBuild, data.Off = limits(config), config.MinimumBuild, len(config.Off)
	d.render(w, r, http.StatusOK, "rules", "Rules and limits", data)
}
