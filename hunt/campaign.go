// Package hunt finds campaigns among call records: accounts that together try
// to reach people who do not know them, again and again, and never to talk.
package hunt

import "time"

// Strength says how sure it is that a group of accounts is a campaign.
type Strength string

// The strengths. Strong means: chance does not make such a group among as many
// calls, and none of the innocent explanations that we know fits it.
const (
	Weak     Strength = "weak"
	Moderate Strength = "moderate"
	Strong   Strength = "strong"
)

// Campaign is a group of accounts, and whom they tried to reach.
type Campaign struct {
	ID       string    `json:"id"` // "C-2026-0007" once it is kept
	Accounts []string  `json:"accounts"`
	Targets  []Target  `json:"targets"`
	From     time.Time `json:"from"` // the first attempt at a target
	To       time.Time `json:"to"`   // the last one
	Features []Feature `json:"features"`
	Strength Strength  `json:"strength"`
	Against  []string  `json:"against"` // what speaks against, in sentences

	// What a person sees, in words and to be drawn.
	Why       []string        `json:"why"`
	Prints    []string        `json:"prints"`
	Networks  []string        `json:"networks"`
	Countries map[string]int  `json:"countries"` // targets by country
	Attempts  []Attempt       `json:"attempts"`  // at targets, by time
	Outcomes  map[string]int  `json:"outcomes"`  // attempts by outcome
	Hours     [24]int         `json:"hours"`     // attempts by hour of the day, UTC
	Without   map[string]bool `json:"without"`   // feature -> does the group still stand without it
}

// Target is somebody whom the campaign tried to reach.
type Target struct {
	ID       string    `json:"id"`
	Attempts int       `json:"attempts"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Country  string    `json:"country,omitempty"`
	Contact  bool      `json:"contact,omitempty"` // by an account that it had accepted
}

// Attempt is one call of a campaign.
type Attempt struct {
	Time    time.Time `json:"time"`
	Account string    `json:"account"`
	Target  string    `json:"target"`
	Outcome string    `json:"outcome"`
	RingMS  int32     `json:"ring_ms"`
}

// Feature is something that the accounts share.
type Feature struct {
	Name            string  `json:"name"`  // "client print", "network", "rhythm", ...
	Value           string  `json:"value"` // as in the records
	ShareInCampaign float64 `json:"share_in_campaign"`
	ShareInAll      float64 `json:"share_in_all"`
	Words           string  `json:"words"` // the two shares, said in a sentence
}

// Result is what a hunt found.
type Result struct {
	Version   int              `json:"version"`
	Campaigns []Campaign       `json:"campaigns"`
	Records   int64            `json:"records"`
	Rejected  int64            `json:"rejected"`
	Reasons   map[string]int64 `json:"reasons,omitempty"` // of the rejected
	Unread    []string         `json:"unread,omitempty"`
	Absent    []string         `json:"absent,omitempty"`    // columns without which features are missing
	Explained map[string]int   `json:"explained,omitempty"` // groups that stand out and are no campaign, by what explains them
	Seconds   float64          `json:"seconds"`
}
