package document

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

func (w *writer) flows() {
	w.begin("service", "The service, a normal call, and the attack")
	if !w.written("service") {
		w.nothing("how the service works, in words")
	}
	w.drawn("flow", "a drawing of the attack beside a normal call")
	t := table{ID: "incidents", Caption: "Incidents", Head: columns("No.", "From", "Until", "What", "Rules", "Account", "Target", "#Calls", "Stopped", "Server", "Rests on", "Entry")}
	for _, i := range w.incidents {
		f := i.Fact
		t.Rows = append(t.Rows, []cell{code(i.ID), at(f.From), at(f.Until), w.text(f.What), w.texts(f.Rules), code(f.Account), w.text(f.Target), number(f.Calls),
			w.text(yes(f.Stopped, "yes: nothing of the caller's choosing reached the callee", "no")), code(f.Server), w.rests(i.Record), w.of(i.Record)})
	}
	t.File = "tables/incident.csv"
	if w.open {
		t.drop("Target")
	}
	w.table(t, "incidents")
	w.packets()
}

// maxPackets and maxDump are how much of what was refused stands in the document:
// incidents, and bytes of each packet. The tables have all.
const (
	maxPackets = 40
	maxDump    = 512
)

// packets shows what was refused, byte for byte, each packet once. The editions for
// everybody have none: a packet may hold whom it was addressed to.
func (w *writer) packets() {
	if w.open {
		return
	}
	var all []string
	in := map[string][]string{}
	for _, i := range w.incidents {
		for _, p := range i.Fact.Packets {
			if in[p] == nil {
				all = append(all, p)
			}
			if !slices.Contains(in[p], i.ID) {
				in[p] = append(in[p], i.ID)
			}
		}
	}
	if len(all) > 0 {
		w.heading("What was refused, byte for byte")
	}
	for _, p := range all[:min(maxPackets, len(all))] {
		w.said("In %s:", strings.Join(in[p], ", "))
		w.code(dump(p))
	}
	if more := len(all) - maxPackets; more > 0 {
		w.said("%s in tables/incident.csv.", plural(more, "packet more is", "packets more are"))
	}
}

func dump(packet string) string {
	b, err := hex.DecodeString(packet)
	if err != nil {
		return inert(packet)
	}
	if len(b) > maxDump {
		return hex.Dump(b[:maxDump]) + fmt.Sprintf("... and %d bytes more", len(b)-maxDump)
	}
	return strings.TrimRight(hex.Dump(b), "\n")
}

// event is one of the chronology.
type event struct {
	at    time.Time
	what  string
	about string
	rests cell
	entry cell
}

// events are all facts that have a time, the earliest first.
func (b *book) events() (all []event) {
	add := func(t time.Time, id string, rests, entry cell, format string, a ...any) {
		if !t.IsZero() {
			all = append(all, event{t, fmt.Sprintf(format, a...), id, rests, entry})
		}
	}
	for _, i := range b.incidents {
		f, rests, of := i.Fact, b.rests(i.Record), b.of(i.Record)
		add(f.From, i.ID, rests, of, "Incident of %s by %s: %s", plural(f.Calls, "call"), cmp.Or(f.Account, "an account that is not recorded"), f.What)
	}
	for _, c := range b.campaigns {
		rests, of := b.rests(c.Record), b.of(c.Record)
		add(c.Fact.From, c.ID, rests, of, "Campaign begins: %s", c.Fact.Summary)
		add(c.Fact.Until, c.ID, rests, of, "Campaign: last call that belongs to it")
	}
	findings, devices := b.findings, b.devices
	if b.Edition == "public" {
		findings, devices = nil, nil // see forensics
	}
	for _, f := range findings {
		add(f.Fact.At, f.ID, b.rests(f.Record), b.of(f.Record), "Trace on device %s: %s", f.Fact.Device, f.Fact.What)
	}
	for _, x := range b.accounts {
		rests, of := b.rests(x.Record), b.of(x.Record)
		add(x.Fact.Created, x.ID, rests, of, "Account made")
		add(x.Fact.First, x.ID, rests, of, "First call of the account")
		add(x.Fact.Last, x.ID, rests, of, "Last call of the account")
		add(x.Fact.Banned, x.ID, rests, of, "Account banned")
		for _, t := range x.Fact.Terms {
			add(t.At, x.ID, rests, of, "Account accepts the terms of service, version %s", t.Version)
		}
	}
	for _, v := range b.terms {
		add(v.Fact.From, v.ID, b.rests(v.Record), b.of(v.Record), "Terms of service, version %s, in force", v.Fact.Version)
	}
	for _, d := range devices {
		add(d.Fact.Taken, d.ID, b.rests(d.Record), b.of(d.Record), "Acquisition of a device")
	}
	all = append(all, b.notified()...)
	for _, c := range b.conduct {
		rests, of := b.rests(c.Record), b.of(c.Record)
		add(c.Fact.Notice, c.ID, rests, of, "Notice to stop")
		add(c.Fact.At, c.ID, rests, of, "After notice: %s", c.Fact.What)
	}
	slices.SortStableFunc(all, func(x, y event) int { return x.at.Compare(y.at) })
	return all
}

// notified are the notices to targets, a day each: how many there were is what
// matters, and not to whom.
func (b *book) notified() (all []event) {
	days := map[time.Time]int{}
	for _, p := range b.targets {
		if !p.Fact.Notified.IsZero() {
			days[p.Fact.Notified.UTC().Truncate(24*time.Hour)]++
		}
	}
	for _, day := range slices.SortedFunc(maps.Keys(days), time.Time.Compare) {
		all = append(all, event{at: day, what: "On this day a notice is sent to " + b.count(days[day], "target")})
	}
	return all
}

func (w *writer) chronology() {
	w.begin("chronology", "Chronology")
	w.drawn("timeline", "a drawing of the course of events")
	w.said("All times are Coordinated Universal Time (UTC), as the clock of the service had them. Times on devices are as the device recorded them.")
	t := table{ID: "events", Caption: "What happened when", Head: columns("When", "What", "Record", "Rests on", "Entry"), File: "tables/chronology.csv"}
	for _, e := range w.events() {
		t.Rows = append(t.Rows, []cell{at(e.at), w.text(e.what), code(e.about), e.rests, e.entry})
	}
	w.table(t, "when anything happened")
}

func (w *writer) hosts() {
	w.begin("infrastructure", "Infrastructure")
	w.drawn("infrastructure", "a drawing of how accounts and infrastructure hang together")
	t := table{ID: "hosts", Caption: "Hosts, networks, domains, certificates and relays", Head: columns("No.", "Type", "Value", "Role", "Country", "Owner, as registries say it", "First seen", "Last seen", "Rests on", "Entry"), File: "tables/infrastructure.csv"}
	for _, h := range w.infrastructure {
		f := h.Fact
		t.Rows = append(t.Rows, []cell{code(h.ID), w.text(f.Type), code(f.Value), w.text(f.Role), w.text(f.Country), w.text(f.Owner), at(f.First), at(f.Last), w.rests(h.Record), w.of(h.Record)})
	}
	w.table(t, "infrastructure")
	w.heading("Accounts that took part")
	a := table{ID: "accounts", Caption: "Accounts that took part", Head: columns("No.", "Role", "Made", "First call", "Last call", "#Calls", "Print of its client", "Networks", "Countries", "Banned", "Rests on", "Entry"), File: "tables/account.csv"}
	for _, x := range w.accounts {
		f := x.Fact
		a.Rows = append(a.Rows, []cell{code(x.ID), w.text(f.Role), at(f.Created), at(f.First), at(f.Last), number(f.Calls), code(f.Print), w.texts(f.Networks), w.texts(f.Countries), at(f.Banned), w.rests(x.Record), w.of(x.Record)})
	}
	w.table(a, "accounts that took part")
	w.said("That an account, a host or a network was used does not show who used it: accounts are taken over, hosts are rented, networks are shared.")
}

func (w *writer) afterwards() {
	w.begin("remediation", "Remediation, and conduct after notice")
	if !w.written("remediation") {
		w.nothing("what was done to end the attack, in words")
	}
	banned := 0
	for _, a := range w.accounts {
		if !a.Fact.Banned.IsZero() {
			banned++
		}
	}
	w.say("Of %s that took part, %s recorded as banned.", plural(len(w.accounts), "account"), plural(banned, "is", "are"))
	w.told()
	w.heading("Conduct after notice")
	w.written("conduct")
	t := table{ID: "conduct", Caption: "What was done after somebody was told to stop", Head: columns("No.", "Told", "Then", "What", "Rests on", "Entry")}
	for _, c := range w.conduct {
		t.Rows = append(t.Rows, []cell{code(c.ID), at(c.Fact.Notice), at(c.Fact.At), w.text(c.Fact.What), w.rests(c.Record), w.of(c.Record)})
	}
	w.table(t, "conduct after notice")
}

// drawn puts a figure in, or says that there is none.
func (w *writer) drawn(name, what string) {
	for _, f := range w.figures {
		if f.Name == name {
			w.add(block{Figure: &f})
			return
		}
	}
	w.said("There is not enough on record for %s.", what)
}

func yes(b bool, is, not string) string {
	if b {
		return is
	}
	return not
}
