package guard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Limits are the numbers of the rules. All of them can be changed while the
// service runs.
type Limits struct {
	OffersPerMinute       int `json:"offers_per_minute"`         // of one caller
	OffersPerPairMinute   int `json:"offers_per_pair_minute"`    // of one caller to one callee
	OffersToCalleeMinute  int `json:"offers_to_callee_minute"`   // of all callers to one callee
	HandInsPerTokenMinute int `json:"hand_ins_per_token_minute"` // letters with one delivery token
	LettersPerMailbox     int `json:"letters_per_mailbox"`       // waiting for one device
	BytesPerMailbox       int `json:"bytes_per_mailbox"`         // waiting for one device
	KnocksPerDay          int `json:"knocks_per_day"`            // of one account
	KnocksPerInviteDay    int `json:"knocks_per_invite_day"`     // of all accounts invited by one account
	KnocksToAccountDay    int `json:"knocks_to_account_day"`     // to one account
	ReportsPerDay         int `json:"reports_per_day"`           // strange calls and knocks: of one account
	TriesPerMinute        int `json:"tries_per_minute"`          // sign-ins, invites: of one address
	InviteTriesPerMinute  int `json:"invite_tries_per_minute"`   // invites and registrations: of all addresses together
	RequestsPerMinute     int `json:"requests_per_minute"`       // of one account
	KeysPerContactDay     int `json:"keys_per_contact_day"`      // one-time keys of one account to one contact
	RestartsPerMinute     int `json:"restarts_per_minute"`       // ICE restarts of one party in one call, and requests for them
	RestartsPerHour       int `json:"restarts_per_hour"`         // the same, over a long call
	AllocationsPerLeg     int `json:"allocations_per_leg"`       // relay
	PacketsPerSecond      int `json:"packets_per_second"`        // relay, one leg
	PacketSize            int `json:"packet_size"`               // relay, bytes
	RelayTriesPerMinute   int `json:"relay_tries_per_minute"`    // relay, requests of one address that has no allocation
}

// Config is what an operator can change without a restart; it is read from
// guard.json in the data folder.
type Config struct {
	Limits       Limits   `json:"limits"`
	Off          []string `json:"off"`           // switchable rules that are off
	MinimumBuild uint32   `json:"minimum_build"` // clients below it may not call or answer; 0 is no build
}

// DefaultConfig returns the configuration of a server that nobody changed.
func DefaultConfig() Config {
	return Config{
		Off: []string{}, MinimumBuild: 1,
		Limits: Limits{
			OffersPerMinute: 10, OffersPerPairMinute: 5, OffersToCalleeMinute: 20,
			HandInsPerTokenMinute: 600, LettersPerMailbox: 20000, BytesPerMailbox: 64 << 20,
			KnocksPerDay: 30, KnocksPerInviteDay: 100, KnocksToAccountDay: 50, ReportsPerDay: 50,
			TriesPerMinute: 60, InviteTriesPerMinute: 6000, RequestsPerMinute: 600, KeysPerContactDay: 20,
			RestartsPerMinute: 10, RestartsPerHour: 60,
			AllocationsPerLeg: 8, PacketsPerSecond: 2000, PacketSize: 1480, RelayTriesPerMinute: 1200,
		},
	}
}

// ParseConfig reads a configuration. What it does not name keeps its default;
// a name that it does not know is refused.
func ParseConfig(b []byte) (Config, error) {
	c := DefaultConfig()
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("guard configuration: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Config{}, errors.New("guard configuration: something stands behind the document")
	}
	return c, c.Check()
}

// Check refuses what cannot be meant: limits below one, rules that do not exist
// or cannot be switched.
func (c Config) Check() error {
	b, err := json.Marshal(c.Limits)
	if err != nil {
		return err
	}
	var numbers map[string]int
	if err := json.Unmarshal(b, &numbers); err != nil {
		return err
	}
	for name, n := range numbers {
		if n < 1 {
			return fmt.Errorf("guard configuration: %s is %d, want 1 or more", name, n)
		}
	}
	for _, id := range c.Off {
		r, ok := Lookup(id)
		if !ok {
			return fmt.Errorf("guard configuration: there is no rule %q", id)
		}
		if !r.Switchable {
			return fmt.Errorf("guard configuration: rule %s cannot be switched off", id)
		}
	}
	if len(c.Off) != len(slices.Compact(slices.Sorted(slices.Values(c.Off)))) {
		return errors.New("guard configuration: a rule is named twice")
	}
	return nil
}
