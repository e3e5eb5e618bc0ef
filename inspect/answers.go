package inspect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"
)

// Answers is a log of when calls were answered, for calls whose signalling cannot be
// read in a capture.
type Answers struct {
	byCall map[string]*answered
	byEnds map[[2]netip.Addr]*answered
}

// answered is one line of it: {"call_id", "answered", "caller", "callee"}. A call of
// our own is found by its id, which is in the user names of its relay; another one by
// the addresses of the two ends.
type answered struct {
	Call     string     `json:"call_id"`
	Caller   netip.Addr `json:"caller"`
	Callee   netip.Addr `json:"callee"`
	Answered *time.Time `json:"answered"` // null: nobody did
}

const (
	maxAnswers = 1 << 20
	maxLine    = 4096
)

// ReadAnswers reads such a log, one JSON object a line.
func ReadAnswers(path string) (*Answers, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a := &Answers{byCall: map[string]*answered{}, byEnds: map[[2]netip.Addr]*answered{}}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		if n++; n > maxAnswers {
			return nil, fmt.Errorf("%s: more than %d lines", path, maxAnswers)
		}
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		if err := a.add(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: line %d: %w", path, n+1, err)
	}
	return a, nil
}

func (a *Answers) add(line []byte) error {
	one := new(answered)
	if err := json.Unmarshal(line, one); err != nil {
		return err
	}
	switch {
	case one.Call == "" && !(one.Caller.IsValid() && one.Callee.IsValid()):
		return fmt.Errorf("it names neither a call_id nor caller and callee")
	case one.Call != "":
		a.byCall[one.Call] = one
	}
	if one.Caller.IsValid() && one.Callee.IsValid() {
		a.byEnds[[2]netip.Addr{one.Caller.Unmap(), one.Callee.Unmap()}] = one
	}
	return nil
}

// of finds the line that is about a flow. What it says of where the callee is, is
// written into the flow.
func (a *Answers) of(f *flow) *answered {
	if a == nil {
		return nil
	}
	if call, leg, ok := strings.Cut(f.user, "-"); ok {
		one := a.byCall[call]
		f.aside = leg != "a" // docs/protocol.md, Relay: leg a is who answers
		return one
	}
	x, y := f.key.a.Addr().Unmap(), f.key.b.Addr().Unmap()
	if one := a.byEnds[[2]netip.Addr{x, y}]; one != nil {
		f.toCallee = true
		return one
	}
	one := a.byEnds[[2]netip.Addr{y, x}]
	if one != nil {
		f.toCallee = false
	}
	return one
}

// said are the calls that the log is about.
func (in *inspector) said() (calls []Call) {
	carried := map[*answered][]*flow{}
	var order []*answered
	for f := range in.flows.each {
		if f.dialog != nil || f.user == "" && !f.call() {
			continue
		}
		one := in.options.Answers.of(f)
		if one == nil {
			continue
		}
		if carried[one] == nil {
			order = append(order, one)
		}
		f.logged = true
		carried[one] = append(carried[one], f)
	}
	for _, one := range order {
		calls = append(calls, one.call(carried[one]))
	}
	return calls
}

// call makes a call of a line and its flows.
func (a *answered) call(flows []*flow) Call {
	var at time.Time
	if a.Answered != nil {
		at = *a.Answered
	}
	c := Call{Protocol: "webrtc", From: a.Call, To: a.Call, Answered: a.Answered, Setup: flows[0].first, Frame: flows[0].frame}
	if a.Caller.IsValid() {
		c.From, c.To = a.Caller.String(), a.Callee.String()
	}
	for _, f := range flows {
		from, to := c.From, c.To
		c.add(f)
		c.From, c.To = from, to
	}
	n, more := sum(flows, at)
	c.Before, c.Explanation = told(n, more, at, "packets of the other end, by the log of answers")
	return c
}
