// Package notice plans and writes the security notices that a service sends to
// the persons whom a campaign was aimed at.
//
// It writes the words from a few facts, in languages whose text a fluent reviewer
// has approved (Write, Check); it keeps the plan of sending them, which is folded
// from steps that each stand as a signed entry in the ledger of the case (Plan,
// Step); it keeps apart what is known of each person (Roster), orders them into
// batches (Schedule), and hands the notices over (Dispatch).
//
// A mistake here hurts people. So the words say what was seen and what to do, and
// not who did it, where, how it was found, or who else was a target; nobody alone
// can send; those who will be asked for help are told first; and no step, error or
// log has a name in it: a person is a salted commitment outside the Roster.
//
// The form that devices verify is that of package wire/notice.
package notice

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Outcome is what came of the attempt, as far as the service can see.
type Outcome string

// The outcomes. Nobody but an examiner of the phone can say more.
const (
	Blocked  Outcome = "blocked"
	Possible Outcome = "possibly delivered"
)

// Seen is what was seen, in the one form of words that each language has for it.
type Seen string

// SeenCall is calls made to attack the phone, which nobody had to answer.
const SeenCall Seen = "call"

// Action is something that the service did about it.
type Action string

// The actions that the texts can tell of.
const (
	Stopped Action = "stopped" // further calls of the kind
	Changed Action = "changed" // the service, so that the way is closed
	Kept    Action = "kept"    // a protected record of what was seen
)

// Facts are what a notice is written from: of the campaign, never of one person.
type Facts struct {
	Issuer    string     `json:"issuer"` // the service, as people know it
	From      string     `json:"from"`   // first day of the attempts, 2006-01-02
	Until     string     `json:"until"`  // last day
	Outcome   Outcome    `json:"outcome"`
	Seen      Seen       `json:"seen"`
	Did       []Action   `json:"did"`
	Helplines []Helpline `json:"helplines"`
	Page      string     `json:"page"` // where every wording is public, without a scheme: chat.example/notices
}

// Helpline is who helps persons in confidence.
type Helpline struct {
	Name      string   `json:"name"`                // by which it is found
	Region    string   `json:"region"`              // one of Regions
	Countries []string `json:"countries,omitempty"` // ISO 3166-1 alpha-2, whose people turn to it first; none: all others
	Daily     int      `json:"daily"`               // how many persons it can take in a day
	Address   string   `json:"address,omitempty"`   // shown on the person's page, never in a notice
}

// Regions are where a helpline helps.
var Regions = []string{"world", "africa", "americas", "asia", "europe", "mena"}

// DefaultHelplines are used where an operator names none. Access Now's helpline is
// free for civil society and answers around the clock in any country
// (https://www.accessnow.org/help/). How many persons it can take in a day was not
// agreed with it: an operator agrees on a number and configures that.
var DefaultHelplines = []Helpline{{Name: "Access Now Digital Security Helpline", Region: "world", Daily: 10, Address: "accessnow.org/help"}}

// Bounds of the facts.
const (
	MaxHelplines = 6
	MaxWindow    = 400 * 24 * time.Hour
)

var (
	issuerForm  = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{M}\p{N} .-]{1,60}[\p{L}\p{M}\p{N}]$`)
	pageForm    = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]{1,5})?(/[a-z0-9-]+)*$`)
	helperForm  = regexp.MustCompile(`^\p{L}[\p{L}\p{M} &'-]{1,78}\p{L}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Check refuses facts that no notice can be written from, or that would bring in
// what a notice must not have.
func (f Facts) Check() error {
	if !utf8.ValidString(f.Issuer) || !issuerForm.MatchString(f.Issuer) || digits(f.Issuer) > 4 {
		return errors.New("notice: the issuer is not a name of 3 to 62 letters, with at most 4 digits")
	}
	if len(f.Page) > 100 || !pageForm.MatchString(f.Page) {
		return errors.New("notice: the public page is not an address like chat.example/notices, without https")
	}
	if f.Outcome != Blocked && f.Outcome != Possible {
		return fmt.Errorf("notice: the outcome is %.20q, want %q or %q; more cannot be known without the phone", f.Outcome, Blocked, Possible)
	}
	if f.Seen != SeenCall {
		return fmt.Errorf("notice: there are no words for having seen %.20q, only for %q", f.Seen, SeenCall)
	}
	if err := f.checkWindow(); err != nil {
		return err
	}
	seen := map[Action]bool{}
	for _, a := range f.Did {
		if seen[a] || !slices.Contains([]Action{Stopped, Changed, Kept}, a) {
			return fmt.Errorf("notice: there are no words for having done %.20q, or it stands there twice", a)
		}
		seen[a] = true
	}
	if len(f.Did) == 0 {
		return errors.New("notice: it must say what was done; name at least one action")
	}
	return f.checkHelplines()
}

func (f Facts) checkWindow() error {
	from, err := day(f.From)
	if err != nil {
		return err
	}
	until, err := day(f.Until)
	if err != nil {
		return err
	}
	if until.Before(from) || until.Sub(from) > MaxWindow {
		return fmt.Errorf("notice: the window from %s to %s is not 0 to 400 days long", f.From, f.Until)
	}
	return nil
}

func (f Facts) checkHelplines() error {
	if len(f.Helplines) == 0 || len(f.Helplines) > MaxHelplines {
		return fmt.Errorf("notice: %d helplines, want 1 to %d", len(f.Helplines), MaxHelplines)
	}
	names, open := map[string]bool{}, false
	for _, h := range f.Helplines {
		if !utf8.ValidString(h.Name) || !helperForm.MatchString(h.Name) || names[h.Name] {
			return fmt.Errorf("notice: %.80q is no name of a helpline (3 to 80 letters), or it stands there twice", h.Name)
		}
		if !slices.Contains(Regions, h.Region) {
			return fmt.Errorf("notice: %.20q is no region of a helpline; there are %s", h.Region, strings.Join(Regions, ", "))
		}
		if h.Daily < 1 || len(h.Address) > 200 || strings.ContainsFunc(h.Address, unicode.IsControl) {
			return fmt.Errorf("notice: helpline %q needs the number of persons it can take in a day, and an address of at most 200 bytes in one line", h.Name)
		}
		for _, c := range h.Countries {
			if !countryForm.MatchString(c) {
				return fmt.Errorf("notice: %.10q is no country of a helpline, want two letters of ISO 3166-1", c)
			}
		}
		names[h.Name], open = true, open || len(h.Countries) == 0
	}
	if !open {
		return errors.New("notice: every helpline is for some countries only; one must be for all others")
	}
	return nil
}

// helplineFor is the helpline that a person of this country is expected to turn to.
func (f Facts) helplineFor(country string) Helpline {
	for _, h := range f.Helplines {
		if slices.Contains(h.Countries, country) {
			return h
		}
	}
	return f.Helplines[slices.IndexFunc(f.Helplines, func(h Helpline) bool { return len(h.Countries) == 0 })]
}

func (f Facts) helpline(name string) (Helpline, bool) {
	i := slices.IndexFunc(f.Helplines, func(h Helpline) bool { return h.Name == name })
	if i < 0 {
		return Helpline{}, false
	}
	return f.Helplines[i], true
}

func day(s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("notice: %.20q is no day, want 2026-11-23", s)
	}
	return t, nil
}

func digits(s string) (n int) {
	for _, r := range s {
		if unicode.IsNumber(r) {
			n++
		}
	}
	return n
}
