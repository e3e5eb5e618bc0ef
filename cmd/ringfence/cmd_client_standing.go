package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/client"
)

type clientTerms struct {
	reporting
	Server string `placeholder:"URL" help:"The server, before there is an account."`
	Accept string `placeholder:"VERSION" help:"Accept the terms of this version, after reading them."`
}

// Run shows the terms of service, or accepts them.
func (c *clientTerms) Run(e *env, device *clientCommand) error {
	d, err := device.open(e)
	if err != nil {
		return err
	}
	defer d.Close()
	t, err := d.Terms(e.ctx, c.Server)
	if err != nil {
		return actionable(err)
	}
	if c.Accept != "" {
		if err := acceptTerms(e, d, t, c.Accept); err != nil {
			return err
		}
	}
	if c.JSON {
		return writeJSON(e, t)
	}
	fmt.Fprintln(e.stdout, t.Text)
	return nil
}

// acceptTerms accepts the terms that a person has read: those of this version.
func acceptTerms(e *env, d *client.Client, t client.Terms, version string) error {
	if t.Version != version || version == "" {
		return &failure{code: "terms", what: "terms of service " + version, why: fmt.Errorf("the server shows version %q", t.Version), hint: "read them: ringfence client terms"}
	}
	return actionable(d.AcceptTerms(e.ctx, t))
}

type clientStanding struct{ reporting }

// Run shows how the account stands.
func (c *clientStanding) Run(e *env, device *clientCommand) error {
	d, err := device.open(e)
	if err != nil {
		return err
	}
	defer d.Close()
	s, err := d.Standing(e.ctx)
	if err != nil {
		return actionable(err)
	}
	if c.JSON {
		return writeJSON(e, s)
	}
	if s.Held {
		fmt.Fprintf(e.stdout, "since %s calls ring only with people who know this account, because it is new and looks like one of decision %s; a person will look at it\n",
			time.UnixMilli(s.Since).UTC().Format(time.DateTime), s.Ban)
		if !s.Appealed {
			fmt.Fprintln(e.stdout, "to say something about it, once: ringfence client object TEXT")
		}
	} else {
		fmt.Fprintln(e.stdout, "nothing is held against this account")
	}
	if !s.Accepted {
		fmt.Fprintf(e.stdout, "the terms of service %s have not been accepted: ringfence client terms\n", s.Terms)
	}
	return nil
}

type clientObject struct {
	Text string `arg:"" help:"What you have to say, up to 2000 characters."`
}

// Run objects to a ban of this account, or to its calls being held back.
func (c *clientObject) Run(e *env, device *clientCommand) error {
	d, err := device.open(e)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := actionable(d.Object(e.ctx, c.Text)); err != nil {
		var f *failure
		if errors.As(err, &f) && f.code == "not_found" {
			f.hint = "nothing is held against this account, or you have said it already"
		}
		return err
	}
	fmt.Fprintln(e.stdout, "received; a person will read it")
	return nil
}
