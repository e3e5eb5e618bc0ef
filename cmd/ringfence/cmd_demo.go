package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

func init() {
	command("demo", "Replay the calls of 2019 on simulated people, with a service, a case and a ban, to be looked at in the browser.", &demoCommand{})
}

type demoCommand struct {
	reporting
	Data    string `placeholder:"DIR" help:"An empty folder for all of it (default: one that is removed at the end)."`
	Listen  string `default:"127.0.0.1:8080" help:"Address of messenger and console, on this machine only."`
	Targets int    `default:"1400" help:"How many people the campaign is aimed at, 100 to 1900."`
	Civil   int    `default:"100" help:"How many of them belong to civil society, as a helpline knows."`
	Out     string `placeholder:"DIR" help:"Write the case files there (default: into the folder)."`
	Once    bool   `help:"End when the story has been told, instead of keeping it up to be looked at."`
}

// demo is one telling of the story.
type demo struct {
	demoCommand
	e      *env // with the story's clock
	clock  *storyClock
	random *rand.Rand
	base   string // where messenger and console are
	served chan error

	targets, attackers []*simulated
	tried              int // offers that the attackers sent
	campaign, caseID   string
	archived           bool              // the campaign was found in the archive, which has pseudonyms
	pseudonyms         []string          // then: of its accounts and targets
	exhibits           map[string]string // what it is: its id
	noticed            time.Time         // when the vendor was told to stop
	report             demoReport
}

// demoReport is what the story came to.
type demoReport struct {
	Version    int       `json:"version"`
	Targets    int       `json:"targets"`
	Calls      int       `json:"calls"`     // of the campaign, as the hunt found it
	Stopped    int       `json:"stopped"`   // before a phone heard of them
	Campaign   string    `json:"campaign"`  // that the hunt found
	Found      int       `json:"found"`     // targets that the campaign names
	Accounts   int       `json:"accounts"`  // that it names
	Case       string    `json:"case"`      //
	Told       int       `json:"told"`      // people who have the notice
	Read       int       `json:"read"`      // and have opened it
	Phone      string    `json:"phone"`     // verdict of the examined phone
	Judgement  string    `json:"judgement"` // what the attribution says of the last rung
	Evasion    int       `json:"evasion"`   // new accounts that the ban has flagged
	Editions   []edited  `json:"editions"`  // case files that were written and verified
	StepsTaken []takenIn `json:"steps"`     //
}

type edited struct {
	Edition string `json:"edition"`
	Path    string `json:"path"`
	Checks  int    `json:"checks"`
}

type takenIn struct {
	Step string `json:"step"`
	MS   int64  `json:"ms"`
}

// storyClock runs as the machine's does, weeks behind, and is moved on by the story
// until it is the present.
type storyClock struct {
	mu     sync.Mutex
	behind time.Duration
}

func (c *storyClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(-c.behind)
}

// pass lets time go by, up to the present.
func (c *storyClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behind = max(0, c.behind-d)
}

// storyBegins is how long before the present the story begins.
const storyBegins = 28 * 24 * time.Hour

// Run tells the story.
func (c *demoCommand) Run(e *env) error {
	if c.Targets < 100 || c.Targets > 1900 || c.Civil < 0 || c.Civil > c.Targets {
		return &failure{code: "usage", what: "demo", why: errors.New("it is told of 100 to 1900 people, and no more of civil society than there are"), exit: exitUsage}
	}
	if host, _, err := net.SplitHostPort(c.Listen); err != nil || net.ParseIP(host) == nil || !net.ParseIP(host).IsLoopback() {
		return &failure{code: "usage", what: "--listen " + c.Listen, why: errors.New("the demo listens on this machine only"), hint: "give 127.0.0.1:PORT", exit: exitUsage}
	}
	d := &demo{demoCommand: *c, clock: &storyClock{behind: storyBegins}, random: rand.New(rand.NewPCG(2019, 5)), served: make(chan error, 1), exhibits: map[string]string{}}
	if err := d.folder(); err != nil {
		return err
	}
	if c.Data == "" {
		defer os.RemoveAll(d.Data)
	}
	ctx, stop := context.WithCancel(e.ctx)
	defer stop()
	d.e = &env{ctx: ctx, stdout: e.stdout, stderr: e.stderr, now: d.clock.now}
	d.report = demoReport{Version: 1, Targets: d.Targets}
	err := d.tell(e)
	if err == nil && !d.Once {
		d.sayWhere(e)
		select {
		case err = <-d.served:
		case <-ctx.Done():
		}
	}
	stop()
	d.leave()
	if err == nil && d.JSON {
		return json.NewEncoder(e.stdout).Encode(d.report)
	}
	return err
}

// folder makes the folder, or refuses one with something in it.
func (d *demo) folder() (err error) {
	if d.Data == "" {
		d.Data, err = os.MkdirTemp("", "ringfence-demo-")
	} else if err = os.MkdirAll(d.Data, 0o700); err == nil {
		var there []os.DirEntry
		if there, err = os.ReadDir(d.Data); err == nil && len(there) > 0 {
			err = &failure{code: "usage", what: "--data " + d.Data, why: errors.New("there is something in it"), hint: "give a folder of its own: the demo makes up people, and must not mix them with yours", exit: exitUsage}
		}
	}
	if err == nil && d.Out == "" {
		d.Out = d.Data
	}
	if err == nil {
		err = os.MkdirAll(d.Out, 0o700)
	}
	return err
}

// step is a chapter of the story.
type step struct {
	what string
	do   func() error
	look string // where it is seen, below the console's address
}

func (d *demo) tell(e *env) error {
	steps := []step{
		{"Four people are enrolled, and the service starts", d.start, ""},
		{fmt.Sprintf("%d people join, and some of them call each other", d.Targets), d.people, ""},
		{fmt.Sprintf("For %d days somebody calls them all; no call rings", d.attackDays()), d.attack, "/verdicts"},
		{"The hunt has found whom the campaign was aimed at", d.found, "/campaigns"},
		{"A case is made of it", d.openCase, "/cases"},
		{"A phone is examined, with its owner's consent", d.phone, "/cases/%s/evidence"},
		{"The response is written down: hours, servers, terms, paragraphs", d.recordFacts, "/cases/%s"},
		{"A notice is drafted, reviewed in six languages, and approved by two", d.notice, "/cases/%s/notices"},
		{"The people are told; some of them answer", d.told, "/cases/%s/people"},
		{"What can be said about who did it", d.attribute, "/cases/%s"},
		{"The attackers are banned; a new account of the same print is flagged", d.ban, "/bans"},
		{"The case file is written, and verified", d.export, "/cases/%s/file"},
	}
	for i, s := range steps {
		begun := time.Now()
		if !d.JSON {
			fmt.Fprintf(e.stdout, "%2d/%d  %s\n", i+1, len(steps), s.what)
		}
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", strings.ToLower(s.what[:1])+s.what[1:], err)
		}
		d.report.StepsTaken = append(d.report.StepsTaken, takenIn{s.what, time.Since(begun).Milliseconds()})
		if look := s.look; look != "" && !d.JSON {
			if strings.Contains(look, "%s") {
				look = fmt.Sprintf(look, d.caseID)
			}
			fmt.Fprintf(e.stdout, "       look: %s\n", d.console(look))
		}
	}
	return nil
}

// say tells a line of what happened.
func (d *demo) say(format string, args ...any) {
	if !d.JSON {
		fmt.Fprintf(d.e.stdout, "       "+format+"\n", args...)
	}
}

func (d *demo) console(path string) string {
	return strings.Replace(strings.Replace(d.base, "127.0.0.1", "console.localhost", 1), "localhost:", "localhost:", 1) + path
}

// key is where the key file of a person of the office lies.
func (d *demo) key(name string) string { return filepath.Join(d.Data, "keys", name+".key") }

// ringfence runs a command of this program as an operator would, and returns what it
// printed. Exit codes other than those that are allowed are errors.
func (d *demo) ringfence(as string, args ...string) (string, error) {
	return d.command(as, exitDone, args...)
}

func (d *demo) command(as string, want int, args ...string) (string, error) {
	full := append(append([]string{}, args...), "--data", d.Data)
	if as != "" {
		full = append(full, "--as", d.key(as))
	}
	return d.expect(want, full)
}

// plain is ringfence for commands that need no data folder.
func (d *demo) plain(args ...string) (string, error) { return d.expect(exitDone, args) }

func (d *demo) expect(want int, full []string) (string, error) {
	var out, said bytes.Buffer
	e := &env{ctx: d.e.ctx, stdout: &out, stderr: &said, now: d.clock.now}
	if code := run(e, full); code != want {
		return "", fmt.Errorf("ringfence %.300s: exit %d: %s%s", strings.Join(full, " "), code, out.String(), said.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// asJSON runs a command and reads what it says.
func (d *demo) asJSON(as string, into any, args ...string) error {
	out, err := d.ringfence(as, append(args, "--json")...)
	if err == nil {
		err = json.Unmarshal([]byte(out), into)
	}
	return err
}

// start enrolls the office, sets down what an operator sets down before there is
// trouble, and starts the service.
func (d *demo) start() error {
	for name, text := range map[string]string{
		"guard.json":         `{"limits":{"tries_per_minute":100000,"invite_tries_per_minute":100000}}`, // everybody is on this machine
		"terms.txt":          demoTerms,
		"cases/notices.json": `{"issuer":"chat.example","page":"chat.example/notices","lead_hours":0,"helplines":[{"name":"Example Helpline","region":"world","daily":100000,"address":"helpline.example"}]}`,
	} {
		path := filepath.Join(d.Data, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.MkdirAll(filepath.Join(d.Data, "keys"), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return err
		}
	}
	for _, p := range [][]string{{"lena", "lead"}, {"cass", "counsel"}, {"omar", "reviewer", "--languages", "ar,en,es,fa,fr,he"}, {"nora", "reviewer", "--languages", "en,fr"}} {
		if _, err := d.ringfence("", "case", "key", p[0], "--out", d.key(p[0])); err != nil {
			return err
		}
		if _, err := d.ringfence("", append([]string{"case", "enroll", d.key(p[0]) + ".pub", "--role"}, p[1:]...)...); err != nil {
			return err
		}
	}
	relay, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	at := relay.LocalAddr().String()
	if err := relay.Close(); err != nil {
		return err
	}
	serve := &serveCommand{dataFolder: dataFolder{d.Data}, Listen: d.Listen, Relay: at, KeepCalls: "90d", Terms: filepath.Join(d.Data, "terms.txt")}
	var said lockedText
	e := &env{ctx: d.e.ctx, stdout: &said, stderr: &said, now: d.clock.now}
	go func() { d.served <- serve.Run(e) }()
	d.base = "http://" + d.Listen
	for range 600 {
		select {
		case err := <-d.served:
			d.served <- err
			return fmt.Errorf("the service ended: %w: %s", err, said.String())
		case <-time.After(50 * time.Millisecond):
		}
		if r, err := http.Get(d.base + "/v1/server"); err == nil {
			return r.Body.Close()
		}
	}
	return errors.New("the service does not answer")
}

// lockedText is what the service says, which several write.
type lockedText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps it.
func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is all of it.
func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// leave closes what is open, and waits for the service.
func (d *demo) leave() {
	for _, p := range append(d.targets, d.attackers...) {
		p.close()
	}
	if d.base != "" {
		<-d.served
	}
}

// sayWhere says what there is to be looked at.
func (d *demo) sayWhere(e *env) {
	link, err := d.ringfence("", "console-link", "--name", "lena", "--url", d.console("/"))
	if err != nil {
		link = err.Error()
	}
	if d.JSON {
		return
	}
	fmt.Fprintf(e.stdout, "\n  The story is told. It stays up until you press Ctrl+C.\n\n  console    %s\n             (signs in lena, who leads the case; once, within ten minutes)\n  the case   %s\n  wordings   %s/notices\n", link, d.console("/cases/"+d.caseID), d.base)
	for _, x := range d.report.Editions {
		fmt.Fprintf(e.stdout, "  %-10s %s\n", x.Edition, x.Path)
	}
}

const demoTerms = `2026-01
Terms of service of chat.example (simulated)

You may use this service to write to people and to call them.
You may not use it to put software on somebody's device, to call people in order to do them harm,
to reverse engineer it for such a purpose, or to act for somebody who is excluded from it.
`
