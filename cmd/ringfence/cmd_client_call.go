package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/client/media"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// outcome is what call and answer end with. Times are in milliseconds and null
// where it did not come to that.
type outcome struct {
	State           string `json:"state"` // answered, declined, missed, refused
	RingMS          *int64 `json:"ring_ms"`
	FirstFrameMS    *int64 `json:"first_frame_ms"` // from the answer to the other side's first frame
	PacketsSent     int64  `json:"packets_sent"`
	PacketsReceived int64  `json:"packets_received"`
}

type clientCall struct {
	reporting
	Name  string        `arg:"" help:"The contact."`
	Video bool          `help:"With picture."`
	For   time.Duration `default:"10s" help:"Hang up so long after the answer."`
}

func (k *clientCall) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		ct, err := contact(d, k.Name)
		if err != nil {
			return err
		}
		kind := wire.Sound
		if k.Video {
			kind = wire.Video
		}
		t := &talk{d: d, media: kind, lasts: k.For, began: time.Now()}
		t.id, err = d.Call(e.ctx, ct.Account, kind)
		if state := unanswered(err); state != "" {
			return t.report(e, k.JSON, state)
		}
		if err != nil {
			return err
		}
		state, err := t.calling(e)
		if err != nil {
			return err
		}
		return t.report(e, k.JSON, state)
	})
}

type clientAnswer struct {
	reporting
	Wait    time.Duration `default:"30s" help:"Wait so long for a call."`
	For     time.Duration `default:"10s" help:"Hang up so long after the answer."`
	Decline bool          `help:"Decline it instead."`
}

func (a *clientAnswer) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		ctx, cancel := within(e, a.Wait)
		defer cancel()
		ring, err := await(ctx, d, client.RingEvent, wire.ID{})
		t := &talk{d: d, lasts: a.For, began: time.Now()}
		if errors.Is(err, context.DeadlineExceeded) {
			return t.report(e, a.JSON, "missed")
		}
		if err != nil {
			return err
		}
		t.id, t.media = ring.Call, ring.Media
		if a.Decline {
			if err := d.Decline(e.ctx, t.id); err != nil {
				return err
			}
			return t.report(e, a.JSON, "declined")
		}
		state, err := t.answering(e)
		if err != nil {
			return err
		}
		return t.report(e, a.JSON, state)
	})
}

// talk is one call from its ring to its end.
type talk struct {
	d        *client.Client
	id       wire.ID
	media    wire.Media
	lasts    time.Duration
	began    time.Time // the call was made, or it rang
	answered time.Time
	first    time.Time
	session  *media.Session
}

// states says for scripts how a call that was not answered ended.
var states = map[call.Reason]string{
	call.Declined: "declined", call.Busy: "declined", call.Missed: "missed", call.Cancelled: "missed", call.Elsewhere: "missed",
	call.Refused: "refused", call.Glare: "refused", call.TooMany: "refused",
}

// unanswered turns the refusal of an offer into a state, or "".
func unanswered(err error) string {
	var ce *client.Error
	if !errors.As(err, &ce) {
		return ""
	}
	switch ce.Code {
	case "busy":
		return "declined"
	case "refused", "glare", "too_many":
		return "refused"
	}
	return ""
}

// ended is how the call ended before it was answered.
type ended call.Reason

func (r ended) Error() string { return "the call ended: " + call.Reason(r).String() }

// await waits for an event of the kind about the call. The end of the call ends
// the wait.
func await(ctx context.Context, d *client.Client, kind client.EventKind, id wire.ID) (client.Event, error) {
	for {
		select {
		case ev, ok := <-d.Events():
			switch {
			case !ok:
				return ev, errors.New("the client was closed")
			case ev.Kind == kind && (id.IsZero() || ev.Call == id):
				return ev, nil
			case ev.Kind == client.EndedEvent && ev.Call == id:
				return ev, ended(ev.Reason)
			}
		case <-ctx.Done():
			return client.Event{}, ctx.Err()
		}
	}
}

// calling waits for the answer, and talks.
func (t *talk) calling(e *env) (string, error) {
	ev, err := await(e.ctx, t.d, client.AnsweredEvent, t.id)
	var why ended
	if errors.As(err, &why) && states[call.Reason(why)] != "" {
		return states[call.Reason(why)], nil
	}
	if err != nil {
		if e.ctx.Err() != nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), 2*time.Second)
			defer cancel()
			_ = t.d.Cancel(ctx, t.id) // without it the ring runs out by itself
		}
		return "", err
	}
	t.answered = time.Now()
	if t.session, err = media.New(t.media); err != nil {
		return "", err
	}
	defer t.session.Close()
	if err := t.d.Join(e.ctx, t.id, t.session.Local()); err != nil {
		return "", err
	}
	if err := t.session.Answer(ev.Relay, ev.Remote); err != nil {
		return "", err
	}
	return "answered", t.talk(e)
}

// answering accepts, waits for the caller's parameters, and talks.
func (t *talk) answering(e *env) (state string, err error) {
	if t.session, err = media.New(t.media); err != nil {
		return "", err
	}
	defer t.session.Close()
	t.answered = time.Now()
	relay, err := t.d.Answer(e.ctx, t.id, t.session.Local())
	if err != nil {
		return "", err
	}
	if err := t.session.Offer(relay); err != nil {
		return "", err
	}
	ev, err := await(e.ctx, t.d, client.JoinedEvent, t.id)
	var why ended
	if errors.As(err, &why) {
		return "answered", nil
	}
	if err != nil {
		return "", err
	}
	if err := t.session.Join(ev.Remote); err != nil {
		return "", err
	}
	return "answered", t.talk(e)
}

// talk goes on until its time is over or somebody hangs up.
func (t *talk) talk(e *env) error {
	ctx, cancel := context.WithDeadline(e.ctx, t.answered.Add(t.lasts))
	defer cancel()
	over, events := make(chan struct{}), make(chan client.Event)
	go t.session.Keep(ctx, t.d, t.id, events)
	go t.follow(ctx, over, events)
	defer func() { t.session.Close() }()
	first, hungUp := t.session.First(), false
	for !hungUp && ctx.Err() == nil {
		select {
		case <-first:
			t.first, first = time.Now(), nil
			if err := t.d.Connected(e.ctx, t.id); err != nil {
				first = nil // the other side has just hung up
			}
		case <-over:
			hungUp = true
		case <-t.session.Failed():
			hungUp = true
		case <-ctx.Done():
		}
	}
	cancel()
	// The other side may have hung up at the same moment.
	end, stop := context.WithTimeout(context.WithoutCancel(e.ctx), 2*time.Second)
	defer stop()
	_ = t.d.HangUp(end, t.id)
	return nil
}

// follow hands on what happens to the call, until it is over.
func (t *talk) follow(ctx context.Context, over chan<- struct{}, events chan<- client.Event) {
	defer close(over)
	for {
		var ev client.Event
		ok := false
		select {
		case ev, ok = <-t.d.Events():
		case <-ctx.Done():
		}
		if !ok || ev.Kind == client.EndedEvent && ev.Call == t.id {
			return
		}
		if ev.Call != t.id {
			continue
		}
		select {
		case events <- ev:
		case <-ctx.Done():
		case <-t.session.Failed(): // nobody mends it any more
		}
	}
}

// report prints how the call went.
func (t *talk) report(e *env, asJSON bool, state string) error {
	o := outcome{State: state}
	if !t.id.IsZero() {
		end := t.answered
		if end.IsZero() {
			end = time.Now()
		}
		o.RingMS = ms(end.Sub(t.began))
	}
	if !t.first.IsZero() {
		o.FirstFrameMS = ms(t.first.Sub(t.answered))
	}
	if t.session != nil {
		o.PacketsSent, o.PacketsReceived = t.session.Packets()
	}
	if asJSON {
		return writeJSON(e, o)
	}
	fmt.Fprintf(e.stdout, "%s; rang %s, first frame after %s, %d packets sent, %d received\n", state, spell(o.RingMS), spell(o.FirstFrameMS), o.PacketsSent, o.PacketsReceived)
	return nil
}

func ms(d time.Duration) *int64 {
	n := d.Milliseconds()
	return &n
}

func spell(n *int64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprintf("%d ms", *n)
}
