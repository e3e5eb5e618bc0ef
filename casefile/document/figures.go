package document

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile/draw"
)

// figure is a drawing, and the name of its file.
type figure struct {
	Name string
	draw.Drawing
}

// figures draws what there is enough on record for.
func figures(b *book) (all []figure) {
	for _, f := range []struct {
		name string
		of   func() (draw.Drawing, bool)
	}{{"flow", b.flow}, {"timeline", b.lanes}, {"countries", b.countries}, {"infrastructure", b.web}, {"phones", b.phones}, {"ladder", b.ladder}} {
		if d, ok := f.of(); ok {
			all = append(all, figure{f.name, d})
		}
	}
	return append(all, b.matrices()...)
}

// drawings writes each figure as a file of its own.
func drawings(b *book) (files []File, err error) {
	for _, f := range figures(b) {
		files = append(files, File{"figures/" + f.Name + ".svg", f.SVG(f.Name)})
	}
	return files, nil
}

// unknown is the time of a message that is not recorded.
const unknown = -time.Nanosecond

// flow draws a refused message beside a call as the service's protocol has it: the
// callee gets nothing of the caller's before it accepts. The attack is one incident's,
// of which bytes are kept, if there is one; one that got through before one that did not.
func (b *book) flow() (draw.Drawing, bool) {
	if len(b.incidents) == 0 {
		return nil, false
	}
	weight := func(i int) (n int) { return 2*len(b.packets(i)) + one(!b.incidents[i].Fact.Stopped) }
	best := 0
	for i := range b.incidents {
		if weight(i) > weight(best) {
			best = i
		}
	}
	i, at := b.incidents[best], draw.Signalling
	for _, s := range b.servers {
		if s.ID == i.Fact.Server && strings.Contains(s.Fact.Role, "relay") {
			at = draw.Relay
		}
	}
	refused := &draw.Message{At: unknown, From: draw.Caller, To: at, Name: b.clean(i.Fact.What), Differs: true, Stopped: i.Fact.Stopped}
	for _, p := range b.packets(best) {
		refused.Bytes = append(refused.Bytes, draw.Octets{Data: p, Says: "rules that found it: " + b.clean(strings.Join(i.Fact.Rules, ", "))})
	}
	var passed *draw.Message
	if !i.Fact.Stopped {
		passed = &draw.Message{At: unknown, From: at, To: draw.Callee, Name: "what was not stopped", Differs: true}
	}
	step := func(from, to draw.Actor, name string) *draw.Message {
		return &draw.Message{At: unknown, From: from, To: to, Name: name}
	}
	return draw.Flow{
		Head: draw.Head{Title: "A normal call beside incident " + i.ID, Desc: "At the left a call as the protocol of the service has it; at the right what is recorded of one incident of this case. Times between the messages are not recorded."},
		Steps: []draw.Step{{Normal: step(draw.Caller, draw.Signalling, "offer: whom, sound or video"), Attack: refused}, {Normal: step(draw.Signalling, draw.Callee, "ring, written by the server"), Attack: passed},
			{Normal: step(draw.Callee, draw.Signalling, "accept")}, {Normal: step(draw.Relay, draw.Callee, "sound and picture")}},
		NormalAnswer: 3, AttackAnswer: draw.NotRecorded,
	}, true
}

// packets are the bytes that are kept of an incident; none for everybody.
func (b *book) packets(incident int) (all [][]byte) {
	if b.open {
		return nil
	}
	for _, p := range b.incidents[incident].Fact.Packets {
		if raw, err := hex.DecodeString(p); err == nil && len(raw) > 0 {
			all = append(all, raw[:min(len(raw), maxDump)])
		}
	}
	return all
}

// attempts are the incidents as points of time.
func (b *book) attempts(of func(item int) bool) (all []draw.Point) {
	for n, i := range b.incidents {
		if !of(n) {
			continue
		}
		kind := draw.Attempt
		if i.Fact.Stopped {
			kind = draw.Held
		}
		all = append(all, draw.Point{At: i.Fact.From, Kind: kind, Says: i.ID})
	}
	return all
}

// lanes draws the course of events: a lane for each account, server and, for the
// court, target, that had to do with an incident.
func (b *book) lanes() (draw.Drawing, bool) {
	l := draw.Timeline{Head: draw.Head{Title: "The course of events", Desc: "Incidents by account, by server that handled them, and by target; above them what happened to all: notices, bans, the end of a campaign."}}
	for _, a := range b.accounts {
		lane := draw.Lane{Name: a.ID, Role: "attacker account", Points: b.attempts(func(n int) bool { return b.incidents[n].Fact.Account == a.ID })}
		if !a.Fact.First.IsZero() && !a.Fact.Last.Before(a.Fact.First) {
			lane.Spans = []draw.Span{{From: a.Fact.First, Until: a.Fact.Last, Says: "from its first call to its last"}}
		}
		l.Lanes = append(l.Lanes, lane)
	}
	for _, s := range b.servers {
		l.Lanes = append(l.Lanes, draw.Lane{Name: b.clean(s.Fact.Name), Role: b.clean(s.Fact.Role), Points: b.attempts(func(n int) bool { return b.incidents[n].Fact.Server == s.ID })})
	}
	for _, p := range b.targets {
		if points := b.attempts(func(n int) bool { return b.incidents[n].Fact.Target == p.ID }); len(points) > 0 && !b.open {
			l.Lanes = append(l.Lanes, draw.Lane{Name: p.ID, Role: "target", Points: points})
		}
	}
	l.Lanes = slices.DeleteFunc(l.Lanes, func(l draw.Lane) bool { return len(l.Points)+len(l.Spans) == 0 })
	l.Marks = b.marks()
	return l, len(l.Lanes) > 0
}

// marks are the moments that concern all.
func (b *book) marks() (all []draw.Mark) {
	add := func(t time.Time, format string, a ...any) {
		if !t.IsZero() {
			all = append(all, draw.Mark{At: t, Says: fmt.Sprintf(format, a...)})
		}
	}
	for _, c := range b.campaigns {
		add(c.Fact.Until, "last call of %s", c.ID)
	}
	bans := map[time.Time]int{}
	for _, a := range b.accounts {
		bans[a.Fact.Banned]++
	}
	for t, n := range bans {
		add(t, "%s banned", plural(n, "account"))
	}
	for _, n := range b.notified() {
		add(n.at, "notices to targets")
	}
	for _, c := range b.conduct {
		add(c.Fact.Notice, "notice to stop")
		add(c.Fact.At, "conduct after notice, %s", c.ID)
	}
	slices.SortStableFunc(all, func(x, y draw.Mark) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return strings.Compare(x.Says, y.Says)
	})
	return slices.Compact(all)
}

// phones draws the attempts against each person whose phone was examined above the
// traces on it. It is for the court, and for the person.
func (b *book) phones() (draw.Drawing, bool) {
	t := draw.Targets{Head: draw.Head{Title: "Attempts, and traces on phones", Desc: "For each person whose phone is on record: the attempts against the person, and the traces on the phone."}}
	if b.Edition == "public" {
		return t, false
	}
	for _, d := range b.devices {
		one := draw.Target{Name: b.clean(d.Fact.Person), Examined: d.Fact.Taken, Attempts: b.attempts(func(n int) bool { return b.incidents[n].Fact.Target == d.Fact.Person })}
		for _, f := range b.findings {
			if f.Fact.Device == d.ID && !f.Fact.At.IsZero() {
				one.Traces = append(one.Traces, draw.Point{At: f.Fact.At, Kind: draw.Trace, Says: f.ID})
			}
		}
		if len(one.Attempts)+len(one.Traces) > 0 {
			t.People = append(t.People, one)
		}
	}
	return t, len(t.People) > 0
}
