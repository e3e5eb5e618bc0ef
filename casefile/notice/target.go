package notice

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Class is what a person is, as the person or somebody who knows the person says.
type Class string

// The classes. Civil society is human rights defenders, people of organisations,
// activists, academics, journalists and those placed like them.
const (
	NotKnown     Class = ""
	CivilSociety Class = "civil society"
	Other        Class = "other"
)

// Channel is how a person hears of the notice.
type Channel string

// The channels. The notice itself is in the app in each case.
const (
	InApp   Channel = "app"
	Carried Channel = "carried" // a partner hands over the text of Carry
)

// Target is a person of a plan. It says where a pseudonym is found again, so it is
// sealed apart, as identities are, and stands in no step and no export.
type Target struct {
	Pseudonym string  `json:"pseudonym"` // T-0001
	Salt      string  `json:"salt"`      // 32 random bytes in hex
	Code      string  `json:"code"`      // 4839-2071
	Class     Class   `json:"class,omitempty"`
	KnownBy   string  `json:"known_by,omitempty"` // who said so: "person", or the name of a partner
	Language  string  `json:"language,omitempty"`
	Country   string  `json:"country,omitempty"` // ISO 3166-1 alpha-2; empty: not known
	Channel   Channel `json:"channel"`
	High      bool    `json:"high,omitempty"` // at high risk: a partner makes a second contact
}

// Roster is the sealed list of a plan's targets.
type Roster struct {
	Plan    string   `json:"plan"`
	Seed    string   `json:"seed"` // of Schedule, 32 random bytes in hex
	Targets []Target `json:"targets"`
}

// MaxTargets is how many targets a plan may have; codes stay rare beside it.
const MaxTargets = 100_000

// NewRoster makes an empty list for a plan; random is read for its seed.
func NewRoster(plan string, random io.Reader) (*Roster, error) {
	if !planForm.MatchString(plan) {
		return nil, fmt.Errorf("notice: %.20q is no id of a plan, want N-2026-0001", plan)
	}
	seed, err := randomHex(random)
	return &Roster{Plan: plan, Seed: seed}, err
}

// Add puts a person on the list, with a new salt and a code that no other person
// of the plan has. A person who is there already keeps both; the rest is replaced.
func (r *Roster) Add(t Target, random io.Reader) error {
	if err := t.check(); err != nil {
		return err
	}
	codes := map[string]bool{}
	for i, old := range r.Targets {
		if old.Pseudonym == t.Pseudonym {
			t.Salt, t.Code = old.Salt, old.Code
			r.Targets[i] = t
			return nil
		}
		codes[old.Code] = true
	}
	if len(r.Targets) >= MaxTargets {
		return fmt.Errorf("notice: a plan has at most %d targets", MaxTargets)
	}
	var err error
	if t.Salt, err = randomHex(random); err != nil {
		return err
	}
	for t.Code == "" || codes[t.Code] {
		if t.Code, err = newCode(random); err != nil {
			return err
		}
	}
	r.Targets = append(r.Targets, t)
	return nil
}

// check refuses a person who is not described as the rules want it. The errors name
// nobody.
func (t Target) check() error {
	switch {
	case !line(t.Pseudonym, 40):
		return errors.New("notice: a target has a pseudonym of one line of at most 40 bytes")
	case t.Class != NotKnown && t.Class != CivilSociety && t.Class != Other:
		return fmt.Errorf("notice: %.20q is no class of a target, want %q or %q", t.Class, CivilSociety, Other)
	case (t.Class == NotKnown) != (t.KnownBy == ""):
		return errors.New("notice: a class is what the person or a partner says; name who, and never take it from the person's data")
	case t.KnownBy != "" && !line(t.KnownBy, 80):
		return errors.New("notice: who knows the class is one line of at most 80 bytes")
	case t.Country != "" && !countryForm.MatchString(t.Country):
		return errors.New("notice: the country of a target is two letters of ISO 3166-1, or empty when it is not known")
	case t.Channel != InApp && t.Channel != Carried:
		return fmt.Errorf("notice: %.20q is no channel, want %q or %q", t.Channel, InApp, Carried)
	case len(t.Language) > 12:
		return errors.New("notice: the language of a target is a tag like ar, or empty when it is not known")
	}
	return nil
}

// Commitment stands for the target in steps. Without the salt nobody can tell whom
// it stands for, or try out who it could be; with it anybody can see that it was so.
func (r *Roster) Commitment(t Target) string {
	mac := hmac.New(sha256.New, []byte(t.Salt))
	fmt.Fprintf(mac, "ringfence notice target\n%s\n%s", r.Plan, t.Pseudonym)
	return hex.EncodeToString(mac.Sum(nil))
}

// Find returns the target that a commitment stands for.
func (r *Roster) Find(commitment string) (Target, bool) {
	i := slices.IndexFunc(r.Targets, func(t Target) bool { return r.Commitment(t) == commitment })
	if i < 0 {
		return Target{}, false
	}
	return r.Targets[i], true
}

// Check refuses a list, read from where it is sealed, that would send wrongly.
func (r *Roster) Check() error {
	if !planForm.MatchString(r.Plan) || !hashForm.MatchString(r.Seed) || len(r.Targets) > MaxTargets {
		return errors.New("notice: the list of targets has no plan or no seed, or is too long")
	}
	seen := make(map[string]bool, 3*len(r.Targets))
	for _, t := range r.Targets {
		if err := t.check(); err != nil {
			return err
		}
		if !codeForm(t.Code) || !hashForm.MatchString(t.Salt) {
			return errors.New("notice: a target on the list has no code or no salt")
		}
		for _, key := range []string{"code " + t.Code, "salt " + t.Salt, "name " + t.Pseudonym} {
			if seen[key] {
				return errors.New("notice: two targets on the list have the same code, salt or pseudonym")
			}
			seen[key] = true
		}
	}
	return nil
}

func codeForm(s string) bool {
	return len(s) == 9 && s[4] == '-' && strings.Trim(s[:4]+s[5:], "0123456789") == ""
}

// newCode draws eight digits, each row of them as likely as any other.
func newCode(random io.Reader) (string, error) {
	const all = 100_000_000
	for {
		var b [4]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("notice: no randomness for a code: %w", err)
		}
		if n := binary.BigEndian.Uint32(b[:]); n < all*42 { // 42 times all codes fit into 32 bits
			n %= all
			return fmt.Sprintf("%04d-%04d", n/10_000, n%10_000), nil
		}
	}
}

func randomHex(random io.Reader) (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("notice: no randomness: %w", err)
	}
	return hex.EncodeToString(b), nil
}
