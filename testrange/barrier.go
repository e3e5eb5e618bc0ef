package testrange

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/wire/call"
)

// No case waits for a time to pass and then says that nothing came: on a machine
// that is busy nothing comes in any time. It sends something honest behind the
// attack on the same way, and looks at what came before that.

// dealtWith returns when the server has dealt with everything that a person sent
// on its device socket. The server reads a socket in order and answers a ping
// (RFC 6455 §5.5.2) when it comes to it.
func (p *Person) dealtWith(ctx context.Context) error {
	for end := time.Now().Add(long); ; {
		w := p.tap.current.Load()
		pinger, ok := w.Socket.(interface{ Ping(context.Context) error })
		if !ok {
			return errors.New(p.Name + " has a socket that cannot ping")
		}
		err := pinger.Ping(ctx)
		if err == nil {
			return nil
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return fmt.Errorf("%s cannot reach the server: %w", p.Name, err)
		}
		time.Sleep(20 * time.Millisecond) // the server closed the socket: the client is about to open another
	}
}

// write lets one of two contacts write an honest letter to the other, and
// returns when it is there. The server writes what calls cause before letters,
// so that all of it is on the reader's tape then.
func (s *Stage) write(ctx context.Context, from, to *Person) error {
	mark, text := to.events.mark(), "still there "+rand.Text()
	err := s.patiently(ctx, func() error {
		_, err := from.Send(ctx, to.Me().Account, text)
		return err
	})
	if err != nil {
		return fmt.Errorf("an honest letter after the attack: %w", err)
	}
	arrived := func(e client.Event) bool { return e.Kind == client.MessageEvent && e.Message.Text == text }
	if _, ok := to.events.await(ctx, mark, 2*long, arrived); !ok {
		return fmt.Errorf("after the attack %s could not be reached any more: that nothing came proves nothing", to.Name)
	}
	return nil
}

// heard returns what reached one of two contacts on the path of calls since a
// mark, after everything that an attacker sent has been dealt with. With the
// error that the listener lost its socket comes what reached it before.
func (s *Stage) heard(ctx context.Context, attacker, other, listener *Person, mark int) ([][]byte, error) {
	if err := attacker.dealtWith(ctx); err != nil {
		return nil, err
	}
	if err := s.write(ctx, other, listener); err != nil {
		return nil, err
	}
	var all [][]byte
	for _, b := range listener.tape.since(mark) {
		switch {
		case isType(call.TypeWelcome)(b):
			return all, fmt.Errorf("%s lost its socket and came back in between: that nothing came proves nothing", listener.Name)
		case !elsewhere(b):
			all = append(all, b)
		}
	}
	return all, nil
}

// elsewhere tells whether a message belongs to a path of its own: letters and
// notices of the server have validators and limits for themselves.
func elsewhere(b []byte) bool { return isType(call.TypeLetter, call.TypeDrained, call.TypeNotice)(b) }

// first returns the first of some messages that is of one of some types; nil
// when none is.
func first(messages [][]byte, types ...byte) []byte {
	for _, b := range messages {
		if isType(types...)(b) {
			return b
		}
	}
	return nil
}
