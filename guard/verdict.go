package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// Verdict is what the guard decided on an event, kept as evidence.
type Verdict struct {
	Number   int64     `json:"number"` // assigned by the store, grows
	At       time.Time `json:"at"`
	Action   Action    `json:"action"`
	Severity Severity  `json:"severity"`
	Rules    []string  `json:"rules"` // those that fired; the first decided
	Kind     Kind      `json:"kind"`
	Account  wire.ID   `json:"account"`
	Target   wire.ID   `json:"target"`
	Call     wire.ID   `json:"call"`
	Address  string    `json:"address"` // network address and port of the sender
	Build    uint32    `json:"build"`
	Clause   string    `json:"clause"`
	Reason   string    `json:"reason"`
	Offset   int       `json:"offset"` // the offending bytes
	Length   int       `json:"length"`
	Bytes    []byte    `json:"bytes"` // exactly what arrived, up to MaxBytes
	Size     int       `json:"size"`  // how much arrived
	SHA256   string    `json:"sha256"`
	Count    int       `json:"count"` // how many alike events it stands for
	Range    bool      `json:"range"` // made by the test range
}

// MaxBytes is how much of an event a verdict keeps. What is longer than that is
// cut, and Size says so; the hash is over everything.
const MaxBytes = 70 << 10

// Passed tells whether the event may go on.
func (v Verdict) Passed() bool { return v.Action == Allow }

// facts starts a verdict with what is known of the event.
func facts(ev *Event) Verdict {
	v := Verdict{
		At: ev.At, Kind: ev.Kind, Account: ev.Account, Target: ev.Target, Call: ev.Call, Build: ev.Build,
		Size: len(ev.Bytes), Count: 1, Range: ev.Range,
	}
	if ev.Addr.IsValid() {
		v.Address = ev.Addr.String()
	}
	return v
}

// keep copies the bytes of the event into the verdict, with their hash.
func (v *Verdict) keep(b []byte) {
	sum := sha256.Sum256(b)
	v.SHA256 = hex.EncodeToString(sum[:])
	v.Bytes = append([]byte(nil), b[:min(len(b), MaxBytes)]...)
}
