package console

import (
	"context"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/telling"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

// Ledger is where the verdicts are kept.
type Ledger interface {
	// Verdicts returns a page of verdicts. The bytes may be left out.
	Verdicts(context.Context, guard.Filter, guard.Page) ([]guard.Verdict, error)

	// Verdict returns one verdict with its bytes, or guard.ErrNotFound.
	Verdict(ctx context.Context, number int64) (guard.Verdict, error)

	// Tally counts the verdicts that the filter lets through.
	Tally(context.Context, guard.Filter) ([]guard.Tally, error)

	// Watch returns a channel on which something arrives soon after verdicts
	// were added or their counts have changed, until the context is done. It
	// is a sign to look, carries nothing, and several changes may give one
	// sign: so a slow reader misses nothing and holds up nobody.
	Watch(context.Context) <-chan struct{}
}

// People are the accounts, as far as an analyst may see them.
type People interface {
	// Person returns an account, or guard.ErrNotFound (it may be deleted).
	Person(context.Context, wire.ID) (guard.Person, error)

	// Find returns the account of a name, or guard.ErrNotFound.
	Find(ctx context.Context, name string) (guard.Person, error)
}

// Blocks are the accounts that an analyst has shut out.
type Blocks interface {
	// Block ends the account's sessions, sockets and calls and lets it in no
	// more. Blocking a blocked account leaves the first block as it is.
	Block(ctx context.Context, account wire.ID, by, reason string) error

	// Lift ends the block in force, or returns guard.ErrNotFound.
	Lift(ctx context.Context, account wire.ID, by, reason string) error

	// Blocks returns a page of blocks.
	Blocks(context.Context, guard.BlockFilter, guard.Page) ([]guard.Block, error)
}

// Doors let analysts in and out. Tokens and sessions are 32 random bytes in
// base64url, made by the service (NewSignIn(ctx, name) (token, err) there, for
// the command line), and only their hashes are stored. A link is good once and
// for ten minutes.
type Doors interface {
	// Redeem turns the token of a sign-in link into a session, once. The
	// errors are guard.ErrLinkUsed, guard.ErrLinkExpired and guard.ErrNotFound.
	Redeem(ctx context.Context, token string) (session string, err error)

	// Enter makes a session for somebody whose passkey was checked.
	Enter(ctx context.Context, name string) (session string, err error)

	// Analyst returns who holds the session, or guard.ErrNotFound when it has
	// ended.
	Analyst(ctx context.Context, session string) (guard.Analyst, error)

	// End ends the session.
	End(ctx context.Context, session string) error
}

// Keys tell whose one-time keys have run out.
type Keys interface {
	// Dry returns a page of the accounts whose one-time keys ran out, of each
	// the last time that they did.
	Dry(context.Context, guard.DryFilter, guard.Page) ([]guard.DrySpell, error)
}

// Rules tell which configuration of the guard is in force; *guard.Set does.
type Rules interface {
	Config() guard.Config
}

// Messenger brings security notices to accounts, and has what people answered.
type Messenger interface {
	telling.Messenger
	telling.Answers
}

// Desk is all that the console works on.
type Desk struct {
	Ledger Ledger
	People People
	Blocks Blocks
	Doors  Doors
	Keys   Keys
	Rules  Rules

	Cases   *casefile.Room                 // nil: there are no cases
	Notices func() (telling.Config, error) // nil: nothing is set down about notices
	Brings  Messenger                      // nil: notices are sent by the command line only
	Hunt    Hunt                           // nil: there is no live hunt
	Reports Reports                        // nil: nobody can report a call
	Bans    Bans                           // nil: there are no bans
	Flags   Flags                          // nil with Bans
	Prints  Prints                         // nil with Bans
}
