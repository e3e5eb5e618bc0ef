//go:build weakened

package relay

import (
	"sync"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"

	"github.com/ringfence/ringfence/wire/call"
)

// weakness is what a build with the tag "weakened" does without its barriers:
// it exists to prove that each of them holds on its own, and is never shipped.
type weakness struct {
	mu   sync.Mutex
	last []byte // the message that is being handled
}

func (w *weakness) see(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = append(w.last[:0], b...)
}

// weaklyVerified returns, with R20 out, the key that the message was signed
// with, whoever's it is.
func (r *Relay) weaklyVerified(user string) []byte {
	if !r.config.Guard.Weak("R20") {
		return nil
	}
	r.weak.mu.Lock()
	m := &stun.Message{Raw: append([]byte(nil), r.weak.last...)}
	r.weak.mu.Unlock()
	if m.Decode() != nil {
		return nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, s := range r.calls {
		for _, l := range s.legs {
			if key := turn.GenerateAuthKey(user, Realm, l.password); stun.MessageIntegrity(key).Check(m) == nil {
				return key
			}
		}
	}
	return nil
}

// weaklyOpened opens, with R1 and R20 out, a call that nobody has answered. The
// password of its legs is the call id.
func (r *Relay) weaklyOpened(user string) (string, []byte, bool) {
	id, leg, ok := parse(user)
	if !ok {
		return "", nil, false
	}
	r.mu.Lock()
	s := r.calls[id]
	if s == nil {
		s = newSession(r, id, true)
		for _, l := range s.legs {
			l.password = id.String()
			l.key = turn.GenerateAuthKey(l.name, Realm, l.password)
		}
		r.calls[id] = s
	}
	r.mu.Unlock()
	if leg == call.Callee {
		return user, s.legs[0].key, true
	}
	return user, s.legs[1].key, true
}

// weaklyKept tells, with R1 out, that a call is kept open when it is hung up.
func (r *Relay) weaklyKept() bool { return r.config.Guard.Weak("R1") }
