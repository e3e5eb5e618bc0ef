package acquisition

import "context"

// Open recognises what path is and opens it, and what it holds: an androidqf
// folder gives itself, its bugreport, its backup and its intrusion logs, each
// Within the first. A folder that holds several acquisitions gives each.
//
// Errors: ErrUnknown with what was looked for, ErrLocked, ErrPassword,
// ErrIdentity, ErrLimit, ErrEscape. A nested one that cannot be opened is a
// problem of what holds it, not an error.
func Open(ctx context.Context, path string, o Options) ([]*Acquisition, error) {
	return nil, ErrUnknown
}
