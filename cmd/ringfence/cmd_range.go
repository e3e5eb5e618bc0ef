package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ringfence/ringfence/service"
	"github.com/ringfence/ringfence/testrange"
)

func init() {
	command("range", "Attack your own server with inert cases, and report what was refused. Exit code 3: something got through.", &rangeCommand{})
}

type rangeCommand struct {
	dataFolder
	reporting
	Server string `name:"server" placeholder:"URL" help:"The server to attack; it must prove to be the one of the data folder."`
	TURN   string `name:"turn" placeholder:"HOST:PORT" help:"A TURN server to attack instead, such as ringfence proxy turn; it must prove to hold the secret."`
	Secret string `name:"secret-file" placeholder:"FILE" help:"The secret that the TURN server shares with whoever gives out credentials: the first line."`
	List   bool   `name:"list" help:"List the cases and attack nothing."`
	Case   string `name:"case" placeholder:"ID" help:"Run this case only."`
}

// Run attacks, or lists the cases.
func (c *rangeCommand) Run(e *env) error {
	if c.TURN != "" {
		return c.turn(e)
	}
	cases, err := c.chosen()
	if err != nil {
		return err
	}
	if c.List {
		return c.list(e, cases)
	}
	if c.Server == "" {
		return &failure{code: "usage", what: "range", why: errors.New("no server"), hint: "give --server URL, --turn HOST:PORT, or --list", exit: exitUsage}
	}
	key, err := service.ReadAdminKey(c.dir())
	if err != nil {
		return &failure{code: "no_key", what: "range: the admin key", why: err, hint: "give the data folder of the server with --data"}
	}
	stage, err := testrange.Open(e.ctx, c.Server, key)
	if err != nil {
		return &failure{code: "not_yours", what: "range: " + c.Server, why: err, hint: "run it on the server's own machine or over TLS, with the server's data folder"}
	}
	report := testrange.Run(e.ctx, stage, cases, func(r testrange.Result) {
		if !c.JSON {
			fmt.Fprintln(e.stdout, line(r))
		}
	})
	// The accounts are deleted also when somebody has lost patience.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), time.Minute)
	defer cancel()
	left := stage.Close(ctx)
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(report); err != nil {
			return err
		}
	}
	return c.verdict(e, report, left)
}

// turn attacks a TURN server of the operator's own.
func (c *rangeCommand) turn(e *env) error {
	var cases []testrange.TURNCase
	for _, one := range testrange.TURNCases() {
		if c.Case == "" || c.Case == one.ID {
			cases = append(cases, one)
		}
	}
	switch {
	case len(cases) == 0:
		return &failure{code: "no_case", what: "range: there is no case " + c.Case + " for TURN servers", hint: "see ringfence range --list", exit: exitUsage}
	case c.Server != "" || c.Secret == "":
		return &failure{code: "usage", what: "range --turn", why: errors.New("it takes --secret-file and no --server"), hint: "give the file that the TURN server was given", exit: exitUsage}
	}
	secrets, err := readSecrets(c.Secret)
	if err != nil {
		return &failure{code: "secret", what: "range --secret-file " + c.Secret, why: err, hint: "give the file that the TURN server was given"}
	}
	s, err := testrange.OpenTURN(e.ctx, c.TURN, secrets[0])
	if err != nil {
		return &failure{code: "not_yours", what: "range: " + c.TURN, why: err, hint: "run it where nothing translates addresses, with the server's own secret file"}
	}
	report := s.Run(e.ctx, cases, func(r testrange.Result) {
		if !c.JSON {
			fmt.Fprintln(e.stdout, line(r))
		}
	})
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(report); err != nil {
			return err
		}
	}
	return c.verdict(e, report, nil)
}

func (c *rangeCommand) chosen() ([]testrange.Case, error) {
	if c.Case == "" {
		return testrange.Cases(), nil
	}
	one, ok := testrange.Lookup(c.Case)
	if !ok {
		return nil, &failure{code: "no_case", what: "range: there is no case " + c.Case, hint: "see ringfence range --list", exit: exitUsage}
	}
	return []testrange.Case{one}, nil
}

func (c *rangeCommand) list(e *env, cases []testrange.Case) error {
	type listed struct {
		ID       string   `json:"id"`
		Title    string   `json:"title"`
		Rules    []string `json:"rules"`
		Row      string   `json:"row"`
		Barriers []string `json:"barriers"`
		Target   string   `json:"target"` // service or turn
	}
	all := []listed{}
	for _, k := range cases {
		all = append(all, listed{k.ID, k.Title, k.Rules, k.Row, k.Barriers, "service"})
	}
	for _, k := range testrange.TURNCases() {
		if c.Case == "" {
			all = append(all, listed{k.ID, k.Title, k.Rules, k.Row, []string{}, "turn"})
		}
	}
	for _, k := range all {
		if !c.JSON {
			fmt.Fprintf(e.stdout, "%-34s %-12s %s\n", k.ID, strings.Join(k.Rules, " "), k.Title)
		}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "cases": all})
	}
	return nil
}

func line(r testrange.Result) string {
	outcome := map[string]string{
		testrange.Refused: "refused by " + strings.Join(r.Rules, ", "), testrange.Through: "GOT THROUGH", testrange.Failed: "could not be run",
	}[r.Outcome]
	return fmt.Sprintf("%-34s %s: %s", r.ID, outcome, r.Seen)
}

// verdict sums up, and makes the exit code.
func (c *rangeCommand) verdict(e *env, r testrange.Report, left error) error {
	through, failed := r.Count(testrange.Through), r.Count(testrange.Failed)
	fmt.Fprintf(e.stderr, "%d cases in %.0f s: %d refused, %d got through, %d could not be run\n", len(r.Cases), r.Seconds, r.Count(testrange.Refused), through, failed)
	if c.JSON { // what a person has to look at is said to the person, too
		for _, r := range r.Cases {
			if r.Outcome != testrange.Refused {
				fmt.Fprintln(e.stderr, line(r))
			}
		}
	}
	if left != nil {
		fmt.Fprintf(e.stderr, "accounts of the range are left and will be deleted by the server within ten minutes: %v\n", left)
	}
	switch {
	case through > 0:
		return found(exitFound)
	case failed > 0:
		return found(exitFailed)
	}
	return nil
}
