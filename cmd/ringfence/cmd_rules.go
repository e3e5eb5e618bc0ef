package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/guard/own"
)

func init() {
	command("rules", "The catalogue of the guard's rules: what each stops, and where.", &rulesCommand{})
}

type rulesCommand struct {
	reporting
	Own string `type:"existingfile" placeholder:"FILE" help:"Try the examples of rules of your own, and list them."`
}

type ruleLine struct {
	ID         string         `json:"id"`
	Title      string         `json:"title"`
	Stops      []string       `json:"stops"`
	Sources    []string       `json:"sources"`
	Seats      []guard.Seat   `json:"seats"`
	Severity   guard.Severity `json:"severity"`
	Action     guard.Action   `json:"action"`
	Switchable bool           `json:"switchable"`
}

type bugLine struct {
	Number  int          `json:"number"`
	Bug     string       `json:"bug"`
	In      string       `json:"in"`
	Element string       `json:"element"`
	Effect  string       `json:"effect"`
	Rules   []string     `json:"rules"`
	Seats   []guard.Seat `json:"seats"`
	Limit   string       `json:"limit"`
}

// bugs are the published bugs that the rules answer.
func bugs() []bugLine {
	var all []bugLine
	for _, r := range guard.Rows() {
		all = append(all, bugLine(r))
	}
	return all
}

// Run prints the catalogue.
func (c *rulesCommand) Run(e *env) error {
	if c.Own != "" {
		return c.own(e)
	}
	rules := guard.Catalogue()
	if c.JSON {
		lines := make([]ruleLine, len(rules))
		for i, r := range rules {
			lines[i] = ruleLine{r.ID, r.Title, r.Stops, r.Sources, r.Seats, r.Severity, r.Action, r.Switchable}
		}
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "rules": lines, "bugs": bugs()})
	}
	w := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
	for _, r := range rules {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.ID, r.Action, r.Title, strings.Join(r.Stops, ", "))
	}
	return w.Flush()
}

// own tries an operator's rules.
func (c *rulesCommand) own(e *env) error {
	set, err := own.Read(c.Own)
	if err != nil {
		return &failure{code: "rules", what: "rules", why: err, hint: "see docs/own-rules.md"}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "rules": set.Rules()})
	}
	for _, r := range set.Rules() {
		fmt.Fprintf(e.stdout, "%s  %s, %s  %s; %d examples are as they say\n", r.ID, r.Severity, r.Action, r.Title, len(r.Examples))
	}
	return nil
}
