package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ringfence/ringfence/client"
)

type clientSecurity struct {
	reporting
	Code     string `arg:"" optional:"" placeholder:"CODE" help:"Read the notice of this code, like 4839-2071."`
	Language string `placeholder:"TAG" default:"en" help:"In which language to read it, where it is there."`
	Give     string `placeholder:"WHAT" enum:"examination,counted,opt_out," default:"" help:"With CODE: agree to an examination of the phone (examination), to be counted without a name (counted), or want no further notices (opt_out)."`
	Withdraw string `placeholder:"WHAT" enum:"examination,counted,opt_out," default:"" help:"With CODE: take it back."`
	Keys     bool   `help:"Show the keys by which this device knows a genuine notice."`
}

// Run lists notices, or reads one, or answers it.
func (c *clientSecurity) Run(e *env, device *clientCommand) error {
	if c.Code == "" && c.Give+c.Withdraw != "" || c.Give != "" && c.Withdraw != "" {
		return &failure{code: "usage", what: "client security", why: errors.New("an answer needs the code of one notice, and is either given or withdrawn"), hint: "ringfence client --home DIR security 4839-2071 --give counted", exit: exitUsage}
	}
	return device.with(e, func(d *client.Client) error {
		if err := d.RefreshSecurity(e.ctx); err != nil {
			return err
		}
		if err := c.answer(e, d); err != nil {
			return err
		}
		s := d.Security()
		if c.JSON {
			return writeJSON(e, s)
		}
		if c.Code != "" {
			return c.show(e, d, s)
		}
		c.list(e, s)
		return nil
	})
}

func (c *clientSecurity) answer(e *env, d *client.Client) error {
	switch {
	case c.Give != "":
		return d.AnswerSecurity(e.ctx, c.Code, c.Give, true)
	case c.Withdraw != "":
		return d.AnswerSecurity(e.ctx, c.Code, c.Withdraw, false)
	}
	return nil
}

func (c *clientSecurity) list(e *env, s client.Security) {
	w := e.stdout
	for _, n := range s.Notices {
		read := "not read yet"
		if n.Read != 0 {
			read = "read"
		}
		fmt.Fprintf(w, "%s  %s  %s, %s; genuine, signed by %v\n", n.Code, n.Issued, n.Issuer, read, n.By)
	}
	if len(s.Notices) == 0 {
		fmt.Fprintln(w, "there is no security notice for this account")
	}
	if s.Forged > 0 {
		fmt.Fprintf(w, "%d messages claimed to be a notice and are not known to be genuine; they are not shown\n", s.Forged)
	}
	if !c.Keys {
		return
	}
	for _, k := range s.Keys {
		from := time.UnixMilli(k.From).UTC().Format(time.DateTime)
		if k.Gone {
			from = "never: it was withdrawn"
		}
		fmt.Fprintf(w, "key %s of %s, known since %s, counts from %s\n", k.Hash, k.Name, time.UnixMilli(k.Since).UTC().Format(time.DateTime), from)
	}
}

// show prints a notice, which reads it.
func (c *clientSecurity) show(e *env, d *client.Client, s client.Security) error {
	if err := d.ReadSecurity(e.ctx, c.Code); err != nil {
		return err
	}
	i := slices.IndexFunc(s.Notices, func(n client.SecurityNotice) bool { return n.Code == c.Code })
	if i < 0 {
		return errors.New("the notice is not there any more")
	}
	n := s.Notices[i]
	w, ok := n.Wordings[c.Language]
	if !ok {
		return &failure{code: "language", what: "the notice in " + c.Language, hint: fmt.Sprintf("it is there in %v", slices.Sorted(maps.Keys(n.Wordings)))}
	}
	fmt.Fprintf(e.stdout, "%s\n\n%s\n\n", w.Title, w.Body)
	for _, what := range []string{"examination", "counted", "opt_out"} {
		answer := "no"
		if n.Answers[what] {
			answer = "yes"
		}
		fmt.Fprintf(e.stdout, "%-12s %s\n", what, answer)
	}
	return nil
}
