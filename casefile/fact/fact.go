// Package fact is what a case knows: incidents and campaigns, accounts and
// infrastructure, devices and persons, and what a court asks for beside them -
// where servers stood, which terms were accepted, what the response cost, what was
// done after notice.
//
// Each fact is one record of a case's ledger; a newer one of the same id replaces
// it, and the older stays in the ledger. Persons are known by pseudonyms: no fact
// has a name, a number or an address of one in the open.
package fact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind is what a fact is about.
type Kind string

// The kinds, and what their ids begin with.
const (
	KindIncident       Kind = "incident"       // I-0001
	KindCampaign       Kind = "campaign"       // C-2026-0001, as the hunt calls it
	KindFinding        Kind = "finding"        // F-0001
	KindAccount        Kind = "account"        // A-0001
	KindInfrastructure Kind = "infrastructure" // H-0001
	KindDevice         Kind = "device"         // D-0001
	KindPerson         Kind = "person"         // T-0001
	KindHours          Kind = "hours"          // W-0001
	KindCost           Kind = "cost"           // L-0001
	KindTerms          Kind = "terms"          // V-0001
	KindServer         Kind = "server"         // S-0001
	KindConduct        Kind = "conduct"        // O-0001
	KindParty          Kind = "party"          // P-0001
	KindParagraph      Kind = "paragraph"      // G-0001
	KindJudgement      Kind = "judgement"      // J-0001: package casefile/attribution
	KindNotice         Kind = "notice"         // N-2026-0001: a step of package casefile/notice
	KindRoster         Kind = "roster"         // R-2026-0001: who a notice goes to, sealed
	KindDeadline       Kind = "deadline"       // X-0001
)

// Fact is one of the types below.
type Fact interface {
	Kind() Kind
	Check() error
}

// Incident is verdicts on calls that a person should look at.
type Incident struct {
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	What    string    `json:"what"`
	Rules   []string  `json:"rules"`             // that decided: R01
	Account string    `json:"account,omitempty"` // A-0001: who called
	Target  string    `json:"target,omitempty"`  // T-0001
	Calls   int       `json:"calls"`
	Stopped bool      `json:"stopped"`           // nothing of the caller's choosing reached the callee
	Server  string    `json:"server,omitempty"`  // S-0001: where it was handled
	Packets []string  `json:"packets,omitempty"` // hex of what was refused, at most a few
}

// Campaign is what belongs together of incidents and calls.
type Campaign struct {
	From      time.Time      `json:"from"`
	Until     time.Time      `json:"until"`
	Summary   string         `json:"summary"`
	Strength  string         `json:"strength"` // as the hunt says it: strong, moderate, weak
	Calls     int            `json:"calls"`
	HeldBack  int            `json:"held_back"`
	Targets   int            `json:"targets"`
	Classes   map[string]int `json:"classes,omitempty"`   // of targets: civil society, other
	Countries map[string]int `json:"countries,omitempty"` // of targets, ISO 3166-1 alpha-2
	Accounts  []string       `json:"accounts,omitempty"`  // A-0001
	Prints    []string       `json:"prints,omitempty"`    // of clients, as the guard calls them
	Networks  []string       `json:"networks,omitempty"`
	Reasons   []string       `json:"reasons,omitempty"` // why they belong together
	Against   []string       `json:"against,omitempty"` // what speaks against it
}

// Finding is a trace on a device.
type Finding struct {
	Device      string    `json:"device"` // D-0001
	At          time.Time `json:"at,omitzero"`
	Severity    string    `json:"severity"` // as check says it
	What        string    `json:"what"`
	Where       string    `json:"where"`               // file, table, row
	Indicator   string    `json:"indicator,omitempty"` // the published sign that matched, and its source
	Explanation string    `json:"explanation,omitempty"`
}

// Account is one that took part in an attack.
type Account struct {
	Role      string       `json:"role"` // caller, taken over, or another one in a few words
	Created   time.Time    `json:"created,omitzero"`
	First     time.Time    `json:"first,omitzero"` // calls
	Last      time.Time    `json:"last,omitzero"`
	Calls     int          `json:"calls"`
	Print     string       `json:"print,omitempty"` // of its client
	Networks  []string     `json:"networks,omitempty"`
	Countries []string     `json:"countries,omitempty"`
	Terms     []Acceptance `json:"terms,omitempty"`
	Banned    time.Time    `json:"banned,omitzero"`
	Tag       string       `json:"tag,omitempty"`
	Sealed    []byte       `json:"sealed,omitempty"`
}

// Acceptance is that an account accepted a version of the terms of service.
type Acceptance struct {
	Version string    `json:"version"`
	At      time.Time `json:"at"`
}

// Infrastructure is a host, a domain, a certificate or a relay.
type Infrastructure struct {
	Type    string    `json:"type"` // host, network, domain, certificate, relay
	Value   string    `json:"value"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
	Country string    `json:"country,omitempty"`
	Owner   string    `json:"owner,omitempty"` // as registries say it
	Role    string    `json:"role,omitempty"`
}

// Device is one that was examined, or should be.
type Device struct {
	Person    string    `json:"person"` // T-0001
	Model     string    `json:"model,omitempty"`
	OS        string    `json:"os,omitempty"`
	Taken     time.Time `json:"taken,omitzero"` // when the acquisition was made
	Verdict   string    `json:"verdict"`        // one of Verdicts
	Traces    time.Time `json:"traces,omitzero"`
	Available string    `json:"available,omitempty"` // which logs there were
}

// Verdicts on a device. That nothing was found proves little.
var Verdicts = []string{"infected", "attempted", "no finding", "inconclusive", "not examined"}

// Person is somebody whom a campaign was aimed at. Who it is stands in Sealed.
type Person struct {
	Class    string    `json:"class"`              // civil society, other, or not known
	KnownBy  string    `json:"known_by,omitempty"` // how the class is known: with the person, never guessed from its data
	Country  string    `json:"country,omitempty"`
	Language string    `json:"language,omitempty"`
	First    time.Time `json:"first,omitzero"` // attempts
	Last     time.Time `json:"last,omitzero"`
	Attempts int       `json:"attempts"`
	Notified time.Time `json:"notified,omitzero"`
	Read     time.Time `json:"read,omitzero"`
	High     bool      `json:"high_risk,omitempty"` // a partner makes a second contact
	Examined string    `json:"examined,omitempty"`  // consent: given, withdrawn, or not asked
	Counted  string    `json:"counted,omitempty"`
	Tag      string    `json:"tag,omitempty"`    // the same for the same person, for those with the case's key (Case.Tag)
	Sealed   []byte    `json:"sealed,omitempty"` // age, to the case's sealed key: Identity
}

// Identity is who somebody is: what is sealed of a person or an account.
type Identity struct {
	Account string `json:"account,omitempty"` // of the service
	Name    string `json:"name,omitempty"`
	Contact string `json:"contact,omitempty"`
	Notes   string `json:"notes,omitempty"`
}

// Classes of targets.
var Classes = []string{"civil society", "other", "not known"}

// Hours is work on the response.
type Hours struct {
	Day      string `json:"day"` // 2006-01-02
	Who      string `json:"who"` // a role or a person of the service
	Task     string `json:"task"`
	Minutes  int    `json:"minutes"`
	Rate     int64  `json:"rate,omitempty"`     // an hour, in hundredths of the currency
	Currency string `json:"currency,omitempty"` // ISO 4217
}

// Cost is what the response cost beside hours.
type Cost struct {
	Day      string `json:"day"`
	What     string `json:"what"`
	Amount   int64  `json:"amount"` // in hundredths of the currency
	Currency string `json:"currency"`
}

// Terms is a version of the terms of service.
type Terms struct {
	Version string    `json:"version"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until,omitzero"`
	Clauses []string  `json:"clauses"` // those that matter here, word for word
}

// Server is where a server stood: jurisdiction may turn on it.
type Server struct {
	Name    string    `json:"name"`
	Role    string    `json:"role"` // signalling, relay
	City    string    `json:"city"`
	Country string    `json:"country"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until,omitzero"`
	Events  int       `json:"events"` // of this case that it handled
	Basis   string    `json:"basis"`  // how this is known
}

// Conduct is what was done after somebody was told to stop.
type Conduct struct {
	At     time.Time `json:"at"`
	Notice time.Time `json:"notice"` // when they were told
	What   string    `json:"what"`
}

// Party is who sues, is sued, or is named.
type Party struct {
	Name string `json:"name"`
	Role string `json:"role"` // operator of the service, vendor, customer, targets as a class
	Text string `json:"text"`
}

// Paragraph is one of the case file, in the words of who wrote it.
type Paragraph struct {
	Section    string `json:"section"` // one of Sections
	Order      int    `json:"order"`
	Text       string `json:"text"`
	Allegation bool   `json:"allegation"` // then it must rest on exhibits
}

// Sections of a case file to which persons write paragraphs.
var Sections = []string{"summary", "unknown", "parties", "jurisdiction", "service", "authorisation", "conduct", "method", "harm", "remediation", "relief", "reply"}

// Deadline is a day by which something is due.
type Deadline struct {
	Day  string `json:"day"`
	What string `json:"what"`
	Done bool   `json:"done"`
}

// Kind implements Fact.
func (Incident) Kind() Kind { return KindIncident }

// Kind implements Fact.
func (Campaign) Kind() Kind { return KindCampaign }

// Kind implements Fact.
func (Finding) Kind() Kind { return KindFinding }

// Kind implements Fact.
func (Account) Kind() Kind { return KindAccount }

// Kind implements Fact.
func (Infrastructure) Kind() Kind { return KindInfrastructure }

// Kind implements Fact.
func (Device) Kind() Kind { return KindDevice }

// Kind implements Fact.
func (Person) Kind() Kind { return KindPerson }

// Kind implements Fact.
func (Hours) Kind() Kind { return KindHours }

// Kind implements Fact.
func (Cost) Kind() Kind { return KindCost }

// Kind implements Fact.
func (Terms) Kind() Kind { return KindTerms }

// Kind implements Fact.
func (Server) Kind() Kind { return KindServer }

// Kind implements Fact.
func (Conduct) Kind() Kind { return KindConduct }

// Kind implements Fact.
func (Party) Kind() Kind { return KindParty }

// Kind implements Fact.
func (Paragraph) Kind() Kind { return KindParagraph }

// Kind implements Fact.
func (Deadline) Kind() Kind { return KindDeadline }

// MaxBody is how long a fact may be as JSON, in bytes.
const MaxBody = 1 << 20

// new makes an empty fact of a kind; nil for a kind that is another package's.
var makers = map[Kind]func() Fact{
	KindIncident: func() Fact { return new(Incident) }, KindCampaign: func() Fact { return new(Campaign) }, KindFinding: func() Fact { return new(Finding) },
	KindAccount: func() Fact { return new(Account) }, KindInfrastructure: func() Fact { return new(Infrastructure) }, KindDevice: func() Fact { return new(Device) },
	KindPerson: func() Fact { return new(Person) }, KindHours: func() Fact { return new(Hours) }, KindCost: func() Fact { return new(Cost) },
	KindTerms: func() Fact { return new(Terms) }, KindServer: func() Fact { return new(Server) }, KindConduct: func() Fact { return new(Conduct) },
	KindParty: func() Fact { return new(Party) }, KindParagraph: func() Fact { return new(Paragraph) }, KindDeadline: func() Fact { return new(Deadline) },
}

// Prefixes are what the ids of a kind begin with.
var Prefixes = map[Kind]string{
	KindIncident: "I", KindCampaign: "C", KindFinding: "F", KindAccount: "A", KindInfrastructure: "H", KindDevice: "D", KindPerson: "T", KindHours: "W",
	KindCost: "L", KindTerms: "V", KindServer: "S", KindConduct: "O", KindParty: "P", KindParagraph: "G", KindJudgement: "J", KindNotice: "N", KindRoster: "R", KindDeadline: "X",
}

var idForm = regexp.MustCompile(`^([A-Z])-(?:\d{4}-)?\d{4,9}$`)

// IsID tells whether s is an id of a kind.
func IsID(k Kind, s string) bool {
	m := idForm.FindStringSubmatch(s)
	return m != nil && m[1] == Prefixes[k]
}

// Read reads a fact of a kind. Fields that it has not are refused.
func Read(k Kind, body []byte) (Fact, error) {
	make, ok := makers[k]
	if !ok {
		return nil, fmt.Errorf("%.40q is no kind of fact", k)
	}
	if len(body) > MaxBody {
		return nil, fmt.Errorf("a fact of %d bytes, at most %d", len(body), MaxBody)
	}
	f := make()
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("%s: %w", k, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: something follows it", k)
	}
	if err := f.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", k, err)
	}
	return f, nil
}

func text(what, s string, most int) error {
	if strings.TrimSpace(s) == "" || len(s) > most || !utf8.ValidString(s) {
		return fmt.Errorf("%s is not text of 1 to %d bytes", what, most)
	}
	return nil
}

func oneOf(what, s string, of []string) error {
	if !slices.Contains(of, s) {
		return fmt.Errorf("%s is %.40q, want one of: %s", what, s, strings.Join(of, ", "))
	}
	return nil
}

func id(what string, k Kind, s string, needed bool) error {
	if (needed || s != "") && !IsID(k, s) {
		return fmt.Errorf("%s is %.40q, want an id like %s-0001", what, s, Prefixes[k])
	}
	return nil
}

func span(from, until time.Time) error {
	if from.IsZero() || until.Before(from) && !until.IsZero() {
		return errors.New("its times do not follow one another")
	}
	return nil
}

func day(s string) error {
	if t, err := time.Parse(time.DateOnly, s); err != nil || t.Format(time.DateOnly) != s {
		return fmt.Errorf("the day is %.20q, want 2026-11-23", s)
	}
	return nil
}

var (
	countryForm  = regexp.MustCompile(`^[A-Z]{2}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

func country(s string, needed bool) error {
	if (needed || s != "") && !countryForm.MatchString(s) {
		return fmt.Errorf("the country is %.20q, want two capital letters (ISO 3166-1)", s)
	}
	return nil
}
