package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ringfence/ringfence/guard/own"
	"github.com/ringfence/ringfence/inspect"
	"github.com/ringfence/ringfence/inspect/report"
	"github.com/ringfence/ringfence/internal/visible"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/dtls"
	"github.com/ringfence/ringfence/wire/jingle"
	"github.com/ringfence/ringfence/wire/rtcp"
	"github.com/ringfence/ringfence/wire/rtp"
	"github.com/ringfence/ringfence/wire/sdp"
	"github.com/ringfence/ringfence/wire/sip"
	"github.com/ringfence/ringfence/wire/stun"
	"github.com/ringfence/ringfence/wire/turn"
)

func init() {
	command("inspect", "Look at captured traffic of calls: what was malformed or abusive, and what reached whom before the answer.", &inspectCommand{})
}

type inspectCommand struct {
	reporting
	Proto   string   `placeholder:"PROTOCOL" help:"FILE is one raw message: sip, sdp, stun, turn, rtp, rtcp, dtls or jingle; srtp and srtcp are those with an encrypted payload."`
	Report  string   `placeholder:"FILE" help:"Write a page that a person can read: each call drawn as its messages, each verdict with the bytes."`
	Answers string   `type:"existingfile" placeholder:"FILE" help:"A log of when calls were answered, for calls whose signalling is encrypted (docs/inspect.md)."`
	Rules   string   `type:"existingfile" placeholder:"FILE" help:"Rules of your own, in CEL, with their examples (docs/own-rules.md)."`
	Force   bool     `help:"Replace a page that stands there."`
	Files   []string `arg:"" name:"file" type:"existingfile" help:"Captures (pcap, pcapng, also compressed with gzip), which are looked at as one body of traffic."`
}

// parsers are the strict parsers of single messages.
var parsers = map[string]func([]byte) error{
	"sip": sip.Check, "sdp": sdp.Check, "stun": func(b []byte) error { _, err := stun.Parse(b); return err }, "turn": turn.Check, "dtls": dtls.Check,
	"rtp": rtp.CheckClear, "srtp": rtp.CheckSecure, "rtcp": rtcp.CheckReduced, "srtcp": rtcp.Check,
	"jingle": func(b []byte) error { _, err := jingle.Parse(b); return err },
}

// maxRaw is how long a raw message may be, in bytes.
const maxRaw = 1 << 20

// Run inspects.
func (c *inspectCommand) Run(e *env) error {
	if c.Proto != "" {
		return c.one(e)
	}
	if _, err := os.Stat(c.Report); c.Report != "" && err == nil && !c.Force {
		return &failure{code: "exists", what: "inspect: " + c.Report + " stands there", hint: "give another name, or --force to replace it", exit: exitUsage}
	}
	var rules *own.Set
	var answers *inspect.Answers
	if c.Answers != "" {
		var err error
		if answers, err = inspect.ReadAnswers(c.Answers); err != nil {
			return &failure{code: "answers", what: "inspect", why: err, hint: "give one JSON object a line, with call_id or caller and callee, and answered"}
		}
	}
	if c.Rules != "" {
		var err error
		if rules, err = own.Read(c.Rules); err != nil {
			return &failure{code: "rules", what: "inspect", why: err, hint: "try them with ringfence rules --own " + c.Rules}
		}
	}
	show := newProgress(e.stderr)
	r, err := inspect.Files(e.ctx, c.Files, inspect.Options{Own: rules, Answers: answers, Progress: func(path string, done, total int64) { show.reading(path, done, total) }})
	show.end()
	if err != nil {
		return &failure{code: "inspect", what: "inspect", why: err, hint: "give captures in pcap or pcapng; one raw message goes with --proto"}
	}
	if c.Report != "" {
		if err := writePage(c.Report, func(f *os.File) error { return report.Write(f, r) }); err != nil {
			return &failure{code: "write", what: "inspect: writing " + c.Report, why: err, hint: "give a place that can be written"}
		}
	}
	if c.JSON {
		err = json.NewEncoder(e.stdout).Encode(r)
	} else {
		tell(e, r)
	}
	switch {
	case err != nil:
		return err
	case r.Above():
		return found(exitFound)
	case r.Missing():
		return found(exitIncomplete)
	}
	return nil
}

// refusedMessage is what is said of one message, by the contract.
type refusedMessage struct {
	Refusal *string `json:"refusal"` // null, "syntax", "policy"
	Rule    string  `json:"rule"`
	Clause  string  `json:"clause"`
	Offset  int     `json:"offset"`
	Length  int     `json:"length"`
	Reason  string  `json:"reason"`
}

// one checks one raw message.
func (c *inspectCommand) one(e *env) error {
	check, ok := parsers[c.Proto]
	if !ok || len(c.Files) != 1 {
		return &failure{code: "usage", what: "inspect --proto " + c.Proto, hint: "give one of sip, sdp, stun, turn, rtp, srtp, rtcp, srtcp, dtls, jingle, and one file", exit: exitUsage}
	}
	b, err := readBounded(c.Files[0], maxRaw)
	if err != nil {
		return err
	}
	var out refusedMessage
	var r *wire.Refusal
	err = check(b)
	if errors.As(err, &r) {
		kind := "syntax"
		if r.Policy {
			kind = "policy"
		}
		out = refusedMessage{&kind, r.Rule, r.Clause, r.Offset, r.Length, r.Reason}
	} else if err != nil {
		return err
	}
	switch {
	case c.JSON:
		err = json.NewEncoder(e.stdout).Encode(out)
	case r == nil:
		fmt.Fprintf(e.stdout, "passes: %d bytes of %s\n", len(b), strings.ToUpper(c.Proto))
	default:
		fmt.Fprintf(e.stdout, "refused by %s (%s), %d bytes from byte %d on: %s; %s\n", r.Rule, *out.Refusal, r.Length, r.Offset, r.Reason, r.Clause)
	}
	if err == nil && r != nil {
		return found(exitFound)
	}
	return err
}

// tell says what was found, for a person.
func tell(e *env, r *inspect.Report) {
	for _, c := range r.Calls {
		answered := "not answered"
		if c.Answered != nil {
			answered = "answered " + c.Answered.UTC().Format(time.TimeOnly)
		} else if c.Protocol != "sip" {
			answered = "nobody can say when it was answered"
		}
		fmt.Fprintf(e.stdout, "%s  %-6s %s -> %s  %s, %s; media before the answer: %s\n", c.ID, c.Protocol, printable(c.From), printable(c.To), c.Setup.UTC().Format("2006-01-02 15:04:05"), answered, c.Before)
		if c.Print != "" {
			fmt.Fprintf(e.stdout, "        print  %s  %s\n", c.Print, c.Program)
		}
	}
	for _, v := range r.Verdicts {
		fmt.Fprintf(e.stdout, "%-8s %s  %s frame %d, byte %d: %s\n", strings.ToUpper(string(v.Severity)), v.Rule, printable(v.File), v.Frame, v.Offset, v.Title)
		fmt.Fprintf(e.stdout, "         %s -> %s, %s (%s), %d times; %s\n", v.From, v.To, v.Protocol, v.Sure, v.Count, v.Clause)
	}
	fmt.Fprintf(e.stdout, "%s packets in %d files, %d calls, %d verdicts.\n", visible.Count(r.Packets), len(r.Files), len(r.Calls), len(r.Verdicts))
	for _, name := range r.Understood() {
		fmt.Fprintf(e.stdout, "  %-6s %s packets, %s bytes\n", name, visible.Count(r.Protocols[name].Packets), visible.Count(r.Protocols[name].Bytes))
	}
	for _, u := range r.Unread {
		fmt.Fprintf(e.stdout, "  not read: %s packets, %s (the first is %d of %s)\n", visible.Count(u.Packets), u.Why, u.Frame, u.File)
	}
}
