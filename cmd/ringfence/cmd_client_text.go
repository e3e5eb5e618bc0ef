package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/wire"
)

type clientSend struct {
	reporting
	Name string `arg:"" help:"The contact."`
	Text string `arg:"" help:"What to write."`
}

func (s *clientSend) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		ct, err := contact(d, s.Name)
		if err != nil {
			return err
		}
		m, err := d.Send(e.ctx, ct.Account, s.Text)
		if err != nil {
			return err
		}
		if s.JSON {
			return writeJSON(e, map[string]any{"id": m.ID, "to": ct.Username, "sent_at": stamp(m.At)})
		}
		return nil
	})
}

// clientReceive prints each text once. A text is marked as shown after its line
// was written, in one transaction: when the process is killed between the two,
// that one line comes again at the next run, under the same id, and none is
// lost.
type clientReceive struct {
	reporting
	Wait time.Duration `default:"0s" help:"When there is nothing, wait this long for something."`
}

func (r *clientReceive) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		n, err := r.show(e, d)
		if err != nil || n > 0 || r.Wait <= 0 {
			return err
		}
		ctx, cancel := within(e, r.Wait)
		defer cancel()
		for n == 0 && arrival(ctx, d) {
			if n, err = r.show(e, d); err != nil {
				return err
			}
		}
		return e.ctx.Err()
	})
}

// arrival waits until there may be something new.
func arrival(ctx context.Context, d *client.Client) bool {
	for {
		select {
		case ev, ok := <-d.Events():
			if !ok || ev.Kind == client.MessageEvent {
				return ok
			}
		case <-ctx.Done():
			return false
		}
	}
}

// textLine is one line of receive --json, by contract.
type textLine struct {
	From   string  `json:"from"`
	Text   string  `json:"text"`
	SentAt string  `json:"sent_at"`
	ID     wire.ID `json:"id"`
}

type unseen struct {
	from client.Contact
	client.Message
}

// show prints what was not printed yet, in the order in which it came.
func (r *clientReceive) show(e *env, d *client.Client) (int, error) {
	var all []unseen
	for _, ct := range d.Contacts() {
		if ct.Unread == 0 {
			continue
		}
		for _, m := range d.Messages(ct.Account, 0, 1<<30) {
			if !m.Mine && !m.Seen {
				all = append(all, unseen{ct, m})
			}
		}
	}
	slices.SortFunc(all, func(a, b unseen) int { return cmp.Compare(a.Order, b.Order) })
	for _, m := range all {
		if err := r.print(e, m); err != nil {
			return 0, err
		}
		if err := d.MarkShown(e.ctx, m.from.Account, m.ID); err != nil {
			return 0, err
		}
	}
	if len(all) == 0 {
		return 0, nil
	}
	return len(all), d.Sync(e.ctx) // the receipts
}

func (r *clientReceive) print(e *env, m unseen) error {
	if r.JSON {
		return writeJSON(e, textLine{m.from.Username, m.Text, stamp(m.At), m.ID})
	}
	_, err := fmt.Fprintf(e.stdout, "%s  %s: %s\n", stamp(m.At), m.from.Name, plain(m.Text))
	return err
}

// stamp writes Unix milliseconds as RFC 3339 in UTC.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// plain keeps what moves the cursor or colours a terminal out of a text that
// another person wrote.
func plain(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			r = '\uFFFD'
		}
		out = append(out, r)
	}
	return string(out)
}

type clientNotices struct{ reporting }

func (n *clientNotices) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		all, err := d.Notices(e.ctx)
		if err != nil {
			return err
		}
		list := []map[string]any{}
		for _, v := range all {
			list = append(list, noticeLine(v))
		}
		if n.JSON {
			return writeJSON(e, map[string]any{"notices": list})
		}
		for _, v := range all {
			said := ""
			if v.Reported {
				said = ", reported"
			}
			fmt.Fprintf(e.stdout, "%s  %-9s %-5s %s (%d)%s\n", stamp(v.At), v.Kind, v.Media, v.Name, v.Count, said)
		}
		return nil
	})
}
