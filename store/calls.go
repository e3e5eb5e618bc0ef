package store

import (
	"context"
	_ "embed"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

//go:embed print.sql
var callerPrint string

//go:embed origin.sql
var callerOrigin string

// Call is a call, as long as it lives and for 14 days after.
type Call struct {
	ID            wire.ID
	Caller        wire.ID
	Callee        wire.ID
	CallerDevice  wire.ID
	CalleeDevice  wire.ID
	Media         wire.Media
	State         guard.State
	Offered       time.Time
	Expires       time.Time // when it stops ringing
	Answered      time.Time
	CallerBuild   uint32
	CallerPrint   string // "": not known
	CallerNetwork string // "AS64500"; "": not known
	CallerCountry string // ISO 3166-1 alpha-2; "": not known
	Range         bool   // made by the test range
}

const callColumns = "id, caller, callee, caller_device, callee_device, media, state, offered, expires, answered, caller_build, in_range, caller_print, caller_network, caller_country"

func readCall(r scanner) (c Call, err error) {
	err = r.Scan(fixed(c.ID[:]), fixed(c.Caller[:]), fixed(c.Callee[:]), fixed(c.CallerDevice[:]), fixed(c.CalleeDevice[:]),
		&c.Media, &c.State, (*stamp)(&c.Offered), (*stamp)(&c.Expires), (*stamp)(&c.Answered), &c.CallerBuild, &c.Range, &c.CallerPrint, &c.CallerNetwork, &c.CallerCountry)
	return c, found(err)
}

const liveOf = "state <> 'ended' AND (caller = ?1 OR callee = ?1)"

// AddCall adds a call, or returns ErrBusy when one of the two has one that has
// not ended.
func (s *Store) AddCall(ctx context.Context, c Call) error {
	return s.writer.do(ctx, func(t *tx) error {
		var busy bool
		if err := t.row(`SELECT EXISTS (SELECT 1 FROM calls WHERE state <> 'ended' AND caller IN (?1, ?2))
			OR EXISTS (SELECT 1 FROM calls WHERE state <> 'ended' AND callee IN (?1, ?2))`, c.Caller[:], c.Callee[:]).Scan(&busy); err != nil {
			return err
		}
		if busy {
			return ErrBusy
		}
		_, err := t.exec("INSERT INTO calls ("+callColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			c.ID[:], c.Caller[:], c.Callee[:], c.CallerDevice[:], c.CalleeDevice[:],
			int(c.Media), string(c.State), ns(c.Offered), ns(c.Expires), ns(c.Answered), c.CallerBuild, c.Range, c.CallerPrint, c.CallerNetwork, c.CallerCountry)
		return err
	})
}

// Call returns a call, or ErrNotFound.
func (s *Store) Call(ctx context.Context, id wire.ID) (Call, error) {
	return readCall(s.read.QueryRowContext(ctx, "SELECT "+callColumns+" FROM calls WHERE id = ?", id[:]))
}

// LiveCall returns the call that an account is in, or ErrNotFound.
func (s *Store) LiveCall(ctx context.Context, account wire.ID) (Call, error) {
	return readCall(s.read.QueryRowContext(ctx, "SELECT "+callColumns+" FROM calls WHERE "+liveOf, account[:]))
}

// LiveCalls returns all calls that have not ended.
func (s *Store) LiveCalls(ctx context.Context) ([]Call, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+callColumns+" FROM calls WHERE state <> 'ended'")
	return rowsOf(rows, err, readCall)
}

// MoveCall moves a call from one state to another, and returns false when it
// was not in the first: of several who try the same, one does it.
func (s *Store) MoveCall(ctx context.Context, id wire.ID, from, to guard.State, at time.Time) (moved bool, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE calls SET state = ?1, answered = CASE WHEN ?1 = 'answered' THEN ?2 ELSE answered END WHERE id = ?3 AND state = ?4",
			string(to), ns(at), id[:], string(from))
		moved = n == 1
		return err
	})
	return moved && err == nil, err
}
