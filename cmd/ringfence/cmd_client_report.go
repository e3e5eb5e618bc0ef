package main

import (
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/wire"
)

type clientReport struct {
	reporting
	What string `arg:"" help:"The id of a call, from notices --json; or a name: the knock of that account, or else its latest call."`
}

// Run reports a call or a knock.
func (r *clientReport) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		n, err := r.find(e, d)
		if err != nil {
			return err
		}
		if n.Kind == "knock" {
			err = d.ReportKnock(e.ctx, n.Account)
		} else {
			err = d.Report(e.ctx, n.Call)
		}
		if err != nil {
			return err
		}
		if r.JSON {
			return writeJSON(e, map[string]any{"reported": noticeLine(n)})
		}
		what := "a call"
		if n.Kind == "knock" {
			what = "the knock"
		}
		fmt.Fprintf(e.stdout, "reported %s of %s; its time and who it was are known to the server, and nothing else was sent\n", what, n.Name)
		return nil
	})
}

// find finds what is meant among the knocks and calls at this person.
func (r *clientReport) find(e *env, d *client.Client) (client.Notice, error) {
	for _, ct := range d.Contacts() {
		if ct.State == client.Knocked && (ct.Username == r.What || ct.Account.String() == r.What) {
			return client.Notice{Kind: "knock", Account: ct.Account, Name: ct.Username, Count: 1}, nil
		}
	}
	all, err := d.Notices(e.ctx)
	var last client.Notice // they come by time
	for _, n := range all {
		if n.Call != (wire.ID{}) && (n.Name == r.What || n.Call.String() == r.What) {
			last = n
		}
	}
	if err == nil && last.Call.IsZero() {
		err = &failure{code: "no_call", what: "report " + r.What, why: errors.New("no call at this account within 30 days, and nobody who knocks, has this name or id"), hint: "see ringfence client notices --json, and ringfence client contacts"}
	}
	return last, err
}

// noticeLine is a notice, or a knock, as JSON.
func noticeLine(v client.Notice) map[string]any {
	line := map[string]any{"kind": v.Kind, "account": v.Account, "name": v.Name}
	if v.Kind == "knock" {
		return line
	}
	line["media"], line["at"], line["count"], line["reported"] = v.Media.String(), stamp(v.At), v.Count, v.Reported
	if !v.Call.IsZero() {
		line["call"] = v.Call
	}
	return line
}
