package sipguard

import "sync/atomic"

// counters are what is counted and not recorded one by one.
type counters struct {
	calls, answered, refused, stray, strangers atomic.Int64
	packets, early, elsewhere, bad, flood      atomic.Int64
}

// Counts are what happened since the guard began.
type Counts struct {
	Calls     int64 `json:"calls"`
	Answered  int64 `json:"answered"`
	Refused   int64 `json:"refused"`   // messages and calls
	Stray     int64 `json:"stray"`     // messages that belong to nothing
	Strangers int64 `json:"strangers"` // datagrams on the inside from somebody else than the service
	Packets   int64 `json:"packets"`   // of media that passed
	Early     int64 `json:"early"`     // of the caller's before the answer: dropped
	Elsewhere int64 `json:"elsewhere"` // from another address than the signalled one: dropped
	Bad       int64 `json:"bad"`       // that are no RTP or RTCP of the call: dropped
	Flood     int64 `json:"flood"`     // beyond the rate of a leg: dropped
}

// Counts returns them.
func (g *Guard) Counts() Counts {
	c := &g.count
	return Counts{
		c.calls.Load(), c.answered.Load(), c.refused.Load(), c.stray.Load(), c.strangers.Load(),
		c.packets.Load(), c.early.Load(), c.elsewhere.Load(), c.bad.Load(), c.flood.Load(),
	}
}
