// Package inspect looks at captured traffic of calls: which calls there were, with
// what protocols and by which programs; what was malformed or abusive, and where;
// and what of the traffic it did not understand.
//
// For calls whose signalling can be read it says what no other tool says: how many
// bytes of the caller's media reached the callee before it had answered. Where
// that cannot be known it says so.
//
// Captures are hostile: all state is bounded, and a flow that was not looked at
// because there were too many is counted.
package inspect

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ringfence/ringfence/guard/own"
)

// Report is what was found. Its JSON is a contract, version 1.
type Report struct {
	Version   int              `json:"version"`
	Files     []File           `json:"files"`
	Protocols map[string]Count `json:"protocols"`
	Calls     []Call           `json:"calls"`
	Verdicts  []Verdict        `json:"verdicts"`
	Unread    []Unread         `json:"unread"`
	Packets   int64            `json:"packets"`
	Seconds   float64          `json:"seconds"` // that reading took
}

// File is a capture that was read.
type File struct {
	Path    string     `json:"path"`
	Packets int64      `json:"packets"`
	From    *time.Time `json:"from"`
	To      *time.Time `json:"to"`
}

// Count is how much of a protocol there was.
type Count struct {
	Packets int64 `json:"packets"`
	Bytes   int64 `json:"bytes"`
}

// Unread is what was not understood, and why.
type Unread struct {
	File    string `json:"file"`
	Why     string `json:"why"`
	Packets int64  `json:"packets"`
	Frame   int64  `json:"frame"`   // the first of them
	Missing bool   `json:"missing"` // it may have been evidence: what is not a call at all is not
}

// Options of an inspection.
type Options struct {
	// Progress is called now and then with how many bytes of a file were read, of how
	// many; nil: it is not.
	Progress func(path string, done, total int64)

	// Answers is a log of when calls were answered, which may be nil.
	Answers *Answers

	// Own are the operator's rules, which may be nil.
	Own *own.Set
}

// inspector is one inspection.
type inspector struct {
	options Options
	report  Report
	file    string
	counts  [len(protocols)]Count
	unread  map[unreadKey]int // place in report.Unread
	found   map[foundKey]int  // place in report.Verdicts
	lost    int64             // verdicts beyond the most that are kept

	decoder *decoder
	flows   flows
	calls   dialogs
	streams *streams
}

type unreadKey struct{ file, why string }

// Files inspects captures, one after the other, as one body of traffic: a call may
// begin in one and end in the next. A file that cannot be opened is an error; one
// that ends in the middle of a packet is reported as unread.
func Files(ctx context.Context, paths []string, o Options) (*Report, error) {
	begun := time.Now()
	in := newInspector(o)
	for _, path := range paths {
		if err := in.read(ctx, path); err != nil {
			return nil, err
		}
	}
	in.streams.flush()
	in.finish()
	in.report.Seconds = time.Since(begun).Seconds()
	return &in.report, nil
}

func newInspector(o Options) *inspector {
	in := &inspector{options: o, unread: map[unreadKey]int{}, found: map[foundKey]int{}, decoder: newDecoder()}
	in.report = Report{Version: 1, Protocols: map[string]Count{}, Files: []File{}, Calls: []Call{}, Verdicts: []Verdict{}, Unread: []Unread{}}
	in.flows.init()
	in.calls.init()
	in.streams = newStreams(in)
	return in
}

// read inspects one file. One goroutine reads it and takes frames apart, another looks
// at what is in them.
func (in *inspector) read(ctx context.Context, path string) error {
	c, err := open(path)
	if err != nil {
		return err
	}
	defer c.close()
	in.file = path
	f := File{Path: path}
	if c.note != "" {
		in.miss(c.note, 0, false)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	line := newLine()
	go line.fill(ctx, c, in.decoder)
	var first, last time.Time
	for batch := range line.full {
		for i := range batch.packets {
			one := &batch.packets[i]
			if f.Packets == 0 {
				first = one.at
			}
			f.Packets++
			last = one.at
			in.packet(one)
		}
		if in.report.Packets += int64(len(batch.packets)); in.options.Progress != nil {
			in.options.Progress(path, batch.done, c.size)
		}
		line.free <- batch
	}
	if err := line.err; err != nil {
		in.miss(fmt.Sprintf("the file is damaged behind packet %d: %v", f.Packets, err), f.Packets+1, true)
	}
	for n, first := in.decoder.giveUp(); n > 0; n-- {
		in.miss("fragments whose others are missing", first, true)
	}
	f.From, f.To = moment(first), moment(last)
	in.report.Files = append(in.report.Files, f)
	return ctx.Err()
}

// frame looks at one frame.
func (in *inspector) frame(f frame) {
	p := in.decoder.decode(f)
	in.packet(&p)
}

// packet looks at what a frame carries.
func (in *inspector) packet(p *packet) {
	switch no := p.no; {
	case no == partial: // told at the end, if the others do not come
	case no != "":
		in.miss(string(no), p.number, no == broken || no == cut || no == noLink)
	case p.stream:
		in.streams.add(p)
	case len(p.payload) > 0:
		in.datagram(p)
	}
}

// What packets are counted as.
const (
	ofOther = iota
	ofSTUN
	ofTURN
	ofDTLS
	ofRTP
	ofRTCP
	ofSIP
	ofSDP
)

var protocols = [...]string{"other", "stun", "turn", "dtls", "rtp", "rtcp", "sip", "sdp"}

// count adds a packet to its protocol.
func (in *inspector) count(protocol, size int) {
	in.counts[protocol].Packets++
	in.counts[protocol].Bytes += int64(size)
}

// maxUnread is how many reasons are told apart.
const maxUnread = 256

// miss notes that a packet was not understood.
func (in *inspector) miss(why string, number int64, missing bool) {
	key := unreadKey{in.file, why}
	i, ok := in.unread[key]
	if !ok {
		if len(in.report.Unread) == maxUnread {
			return
		}
		i = len(in.report.Unread)
		in.unread[key] = i
		in.report.Unread = append(in.report.Unread, Unread{File: in.file, Why: why, Frame: number, Missing: missing})
	}
	in.report.Unread[i].Packets++
}

// finish makes the calls of what was seen, and puts all in order.
func (in *inspector) finish() {
	for i, c := range in.counts {
		if c.Packets > 0 {
			in.report.Protocols[protocols[i]] = c
		}
	}
	in.report.Calls = slices.Concat(in.calls.all(in), in.said(), in.flows.all(in))
	slices.SortStableFunc(in.report.Calls, func(a, b Call) int { return a.Setup.Compare(b.Setup) })
	for i := range in.report.Calls {
		c := &in.report.Calls[i]
		c.ID, c.Program = fmt.Sprintf("call-%d", i+1), Program(c.Print)
		slices.SortStableFunc(c.Messages, func(a, b Message) int { return a.At.Compare(b.At) })
	}
	slices.SortStableFunc(in.report.Verdicts, func(a, b Verdict) int { return rank(b.Severity) - rank(a.Severity) })
	if in.lost > 0 {
		in.report.Unread = append(in.report.Unread, Unread{Why: "verdicts beyond the 10,000 that are kept", Packets: in.lost, Missing: true})
	}
	if n := in.flows.untracked; n > 0 {
		in.report.Unread = append(in.report.Unread, Unread{Why: "packets of flows beyond those that are followed at a time", Packets: n, Missing: true})
	}
}

// Understood are the protocols that were there, by name.
func (r *Report) Understood() []string { return slices.Sorted(maps.Keys(r.Protocols)) }
