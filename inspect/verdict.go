package inspect

import (
	"errors"
	"strings"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/guard/own"
	"github.com/ringfence/ringfence/wire"
)

// Verdict is what is wrong with a packet, and where.
type Verdict struct {
	Rule        string         `json:"rule"`
	Severity    guard.Severity `json:"severity"`
	Action      guard.Action   `json:"action"` // what the guard would do
	File        string         `json:"file"`
	Frame       int64          `json:"frame"`  // the first
	Offset      int            `json:"offset"` // of the first wrong byte in the frame; in a message that was put together, in the message
	Length      int            `json:"length"`
	Clause      string         `json:"clause"`
	Title       string         `json:"title"`
	Explanation string         `json:"explanation"`
	Sure        string         `json:"sure"` // certain, likely, possible: that the packet is what it was taken for
	Kind        string         `json:"kind"` // syntax or policy
	Like        []string       `json:"like"` // published bugs that the rule answers
	From        string         `json:"from"` // address and port
	To          string         `json:"to"`   //
	Protocol    string         `json:"protocol"`
	Count       int64          `json:"count"` // of packets alike in this flow
	Bytes       []byte         `json:"bytes"` // what it looks like, from a little before; at most 256
	At          int            `json:"at"`    // where in these the wrong bytes begin
}

type foundKey struct {
	flow                   flowKey
	protocol, rule, reason string
}

const (
	maxVerdicts = 10_000
	maxShown    = 256 // bytes of a verdict
	shownBefore = 64  // of them before the wrong ones
)

// judge records a refusal of a parser. How grave it is depends on what it is like:
// what has ended programs is graver than what is only unusual.
func (in *inspector) judge(p *packet, key flowKey, protocol string, b []byte, err error, most guard.Severity) {
	var r *wire.Refusal
	if !errors.As(err, &r) {
		return
	}
	v := Verdict{Rule: r.Rule, Severity: lesser(severity(r), most), Action: guard.Refuse, Offset: r.Offset, Length: r.Length, Clause: r.Clause,
		Title: strings.ToUpper(r.Reason[:1]) + r.Reason[1:], Kind: "syntax", Sure: sureness[most], Protocol: protocol, Like: []string{}}
	if r.Policy {
		v.Kind = "policy"
	}
	if rule, ok := guard.Lookup(r.Rule); ok {
		v.Action, v.Explanation, v.Like = rule.Action, rule.Plain, rule.Stops
	}
	in.record(p, foundKey{key, protocol, r.Rule, r.Reason}, b, v)
}

// object records that a rule of the operator has fired on a message.
func (in *inspector) object(p *packet, key flowKey, protocol string, b []byte, r own.Rule) {
	in.record(p, foundKey{key, protocol, r.ID, r.Title}, b, Verdict{Rule: r.ID, Severity: r.Severity, Action: r.Action, Length: len(b), Clause: "a rule of the operator", Title: r.Title,
		Explanation: "A rule of the operator fires: " + r.When, Kind: "own", Sure: sureness[guard.High], Protocol: protocol, Like: []string{}})
}

// record keeps a verdict, once for each flow.
func (in *inspector) record(p *packet, k foundKey, b []byte, v Verdict) {
	if i, ok := in.found[k]; ok {
		in.report.Verdicts[i].Count++
		return
	}
	if len(in.report.Verdicts) == maxVerdicts {
		in.lost++
		return
	}
	in.found[k] = len(in.report.Verdicts)
	at := min(v.Offset, len(b))
	begin := max(0, at-shownBefore)
	v.Bytes = append([]byte{}, b[begin:min(len(b), begin+maxShown)]...)
	v.File, v.Frame, v.From, v.To, v.Count, v.At = in.file, p.number, p.from.String(), p.to.String(), 1, at-begin
	if p.offset >= 0 && !p.stream {
		v.Offset += p.offset + offset(p.payload, b)
	}
	in.report.Verdicts = append(in.report.Verdicts, v)
}

// severity of a refusal by itself.
func severity(r *wire.Refusal) guard.Severity {
	like := strings.Contains(r.Clause, "CVE-")
	switch {
	case r.Rule == "R6" && !r.Policy, r.Rule == "R12" && strings.HasPrefix(r.Clause, "RFC 8656"):
		return guard.High
	case like:
		return guard.Medium
	case r.Policy:
		return guard.Low
	case strings.Contains(r.Reason, "control character") || strings.Contains(r.Reason, "no UTF-8") || strings.Contains(r.Reason, "stands twice") || strings.Contains(r.Reason, "without a carriage return"):
		return guard.Medium
	}
	return guard.Low
}

// sureness is how sure it is that a packet is of the protocol that it was read as, by how
// grave a finding in it may be.
var sureness = map[guard.Severity]string{guard.High: "certain", guard.Medium: "likely", guard.Low: "possible"}

var ranks = map[guard.Severity]int{guard.Info: 0, guard.Low: 1, guard.Medium: 2, guard.High: 3, guard.Critical: 4}

func rank(s guard.Severity) int { return ranks[s] }

func lesser(a, b guard.Severity) guard.Severity {
	if rank(a) < rank(b) {
		return a
	}
	return b
}

// Above tells whether something above low was found.
func (r *Report) Above() bool {
	for i := range r.Verdicts {
		if rank(r.Verdicts[i].Severity) > rank(guard.Low) {
			return true
		}
	}
	return false
}

// Missing tells whether something that may have been evidence was not read.
func (r *Report) Missing() bool {
	for _, u := range r.Unread {
		if u.Missing {
			return true
		}
	}
	return false
}
