package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	_ "github.com/ringfence/ringfence/artifact/android"
	_ "github.com/ringfence/ringfence/artifact/ios"
	"github.com/ringfence/ringfence/heuristic"
)

func init() {
	command("artifacts", "What check can read, and the heuristics it applies, with references.", &artifactsCommand{})
}

type artifactsCommand struct{ reporting }

type artifactLine struct {
	Name   string             `json:"name"`
	Title  string             `json:"title"`
	Kinds  []acquisition.Kind `json:"kinds"`
	Paths  []string           `json:"paths"`
	Refs   []string           `json:"references"`
	Since  string             `json:"since,omitempty"`
	Until  string             `json:"until,omitempty"`
	Fields [][2]string        `json:"fields"`
}

type heuristicLine struct {
	Name         string   `json:"name"`
	Title        string   `json:"title"`
	Artifacts    []string `json:"artifacts"`
	Refs         []string `json:"references"`
	AntiForensic bool     `json:"anti_forensic"`
}

// Run prints the registries.
func (c *artifactsCommand) Run(e *env) error {
	if c.JSON {
		out := struct {
			Version    int             `json:"version"`
			Artifacts  []artifactLine  `json:"artifacts"`
			Heuristics []heuristicLine `json:"heuristics"`
		}{Version: 1}
		for _, a := range artifact.All() {
			out.Artifacts = append(out.Artifacts, artifactLine{a.Name, a.Title, a.Kinds, a.Paths, a.Refs, a.Since, a.Until, a.Fields})
		}
		for _, h := range heuristic.All() {
			out.Heuristics = append(out.Heuristics, heuristicLine{h.Name, h.Title, h.Artifacts, h.Refs, h.AntiForensic})
		}
		return json.NewEncoder(e.stdout).Encode(out)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
	for _, a := range artifact.All() {
		fmt.Fprintf(w, "%s\t%s\n", a.Name, a.Title)
	}
	fmt.Fprintln(w)
	for _, h := range heuristic.All() {
		fmt.Fprintf(w, "%s\t%s\n", h.Name, h.Title)
	}
	return w.Flush()
}
