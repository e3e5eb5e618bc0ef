package guard

import (
	"time"

	"github.com/ringfence/ringfence/wire"
)

// ManyShare is how many ordinary accounts that share a print or a network make
// it one that is not banned unless that is said on purpose.
const ManyShare = 5

// RangeEvader is the build that every server holds for one of a banned client,
// among the test range's own accounts and nowhere else: so the range can show that
// R26 holds, and needs no ban of anybody.
const RangeEvader uint32 = 0x7ffffffe

// Evasion is the question whether a new account is a banned one under another
// name: it shows the same client print, or comes from the same network. It is a
// flag for a person to look at, and no proof: most who share a print are innocent.
type Evasion struct {
	Number  int64     `json:"number"`
	Ban     string    `json:"ban"`
	Account wire.ID   `json:"account"`
	At      time.Time `json:"at"`
	Kind    BanKind   `json:"kind"`    // what matched
	Value   string    `json:"value"`   // the print or network that is banned
	Shared  int       `json:"shared"`  // ordinary accounts of the same, when it was raised; -1: not known
	Holding bool      `json:"holding"` // its calls to strangers are held back while nobody has decided

	Appeal   string    `json:"appeal,omitempty"` // what the person says
	Appealed time.Time `json:"appealed,omitzero"`

	Decided time.Time       `json:"decided,omitzero"` // zero: open
	Verdict EvasionDecision `json:"decision,omitempty"`
	By      string          `json:"by,omitempty"`
	Reason  string          `json:"reason,omitempty"`
	InForce bool            `json:"in_force"` // the ban that it hangs on is
}

// EvasionDecision is how a flag is decided.
type EvasionDecision string

// The decisions on a flag.
const (
	EvasionBanned EvasionDecision = "banned" // this account is banned, and no other
	EvasionLetGo  EvasionDecision = "let go" // it has nothing to do with the banned one
)

// EvasionFilter narrows the list of flags. A zero field narrows nothing.
type EvasionFilter struct {
	Account wire.ID
	Ban     string
	Open    bool // nobody has decided, and the ban is in force
}
