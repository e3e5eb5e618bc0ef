package client

import (
	"context"

	"github.com/ringfence/ringfence/wire"
)

// Report tells the server that this person found a call at them strange; Notices
// has the ids of calls. Only the id goes up: who called, and when, the server
// knows, and of what was said or written nothing is sent. Reporting a call again
// changes nothing.
func (c *Client) Report(ctx context.Context, call wire.ID) error {
	return c.api(ctx, post, "/v1/reports", map[string]wire.ID{"call": call}, nil)
}

// ReportKnock tells the server that this person found it strange that an account
// knocks. The knock stays, to be refused.
func (c *Client) ReportKnock(ctx context.Context, account wire.ID) error {
	if err := c.api(ctx, post, "/v1/reports", map[string]wire.ID{"knock": account}, nil); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[account]
	if ct == nil || ct.Reported {
		return nil
	}
	ch := newChange()
	ct.Reported = true
	ch.contact(ct)
	ch.emit(Event{Kind: ContactsEvent})
	return c.commit(ctx, ch)
}
