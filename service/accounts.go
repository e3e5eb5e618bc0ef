package service

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

const (
	sessionLife = 90 * 24 * time.Hour
	inviteLife  = 14 * 24 * time.Hour
	nonceLife   = time.Minute
	maxNonces   = 50_000
)

var names = regexp.MustCompile(`^[a-z0-9_]{3,20}$`)

type deviceKeys struct {
	Ed25519    string `json:"ed25519"`
	Curve25519 string `json:"curve25519"`
	Signature  string `json:"signature"`
}

// server tells who the server is and what it demands of clients.
func (r *request) server() (any, error) {
	_, signed := r.s.signed.current()
	return map[string]any{
		"server_id": b64.EncodeToString(r.s.ServerID()), "version": r.s.config.Version,
		"build": r.s.guard.Config().MinimumBuild, "open": r.s.config.Open, "settings": b64.EncodeToString(signed),
	}, nil
}

// register makes an account, or gives an account another device.
func (r *request) register() (any, error) {
	var in struct {
		Invite string     `json:"invite"`
		Name   string     `json:"name"`
		Device deviceKeys `json:"device"`
		Terms  string     `json:"terms"` // hash of the terms that the person accepts
	}
	r.event.Spends = []guard.Spend{r.s.tries(r.event.Addr), r.s.inviteTries()}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	// The code itself goes into no verdict: it opens the server.
	r.event.Bytes = []byte("POST /v1/register name=" + cut(in.Name, 40))
	reg, err := r.registration(in.Invite, in.Device)
	if err != nil {
		return nil, err
	}
	recovery, err := r.checkInvite(reg)
	if err != nil {
		return nil, err
	}
	if !recovery && !names.MatchString(in.Name) {
		return nil, r.refused(&wire.Refusal{Rule: "R7", Clause: "docs/protocol.md, Names and keys", Reason: "a name of other characters or length"}, errName)
	}
	if !recovery && !r.event.Range { // a new device has the terms of its account
		if reg.Terms, err = r.s.termsAccepted(in.Terms); err != nil {
			return nil, err
		}
	}
	reg.Name = in.Name
	token := make([]byte, 32)
	r.s.fill(token)
	reg.Session, reg.Expires = sha256.Sum256(token), r.s.config.Now().Add(sessionLife)
	account, replaced, err := r.s.store.Register(r.Context(), reg)
	switch {
	case errors.Is(err, store.ErrInvite):
		return nil, errInvite
	case errors.Is(err, store.ErrNameTaken):
		return nil, errTaken
	case err != nil:
		return nil, err
	}
	if !replaced.IsZero() {
		if err := r.s.deviceReplaced(r.Context(), account, replaced); err != nil {
			return nil, err
		}
	}
	return map[string]any{"account": account.ID, "device": account.Device, "token": b64.EncodeToString(token)}, nil
}

// inviteTries is the budget that all addresses share for trying invites. An
// address that has spent its own takes nothing from it. Who has an account is
// not held up by it, whoever spends it.
func (s *Service) inviteTries() guard.Spend {
	return guard.Spend{Name: "invites tried from all addresses", Limit: s.guard.Limits().InviteTriesPerMinute, Per: time.Minute}
}

// registration reads the keys and the invite of a registration.
func (r *request) registration(invite string, d deviceKeys) (store.Registration, error) {
	reg := store.Registration{Account: r.s.id(), Device: r.s.id()}
	err := errors.Join(fixed(d.Ed25519, reg.Ed25519[:]), fixed(d.Curve25519, reg.Curve25519[:]), fixed(d.Signature, reg.Signature[:]))
	if err != nil {
		return reg, r.refused(&wire.Refusal{Rule: "R3", Clause: "docs/protocol.md, Names and keys", Reason: "keys of another length or spelling"}, errMalformed)
	}
	signed := append([]byte("ringfence device v1\x00"), reg.Ed25519[:]...)
	signed = append(signed, reg.Curve25519[:]...)
	if !ed25519.Verify(reg.Ed25519[:], signed, reg.Signature[:]) {
		r.event.Authentic = false
		return reg, r.judge(errMalformed)
	}
	if invite != "" {
		hash := sha256.Sum256([]byte(invite))
		reg.Invite = &hash
	}
	return reg, nil
}

// checkInvite draws on the budgets and finds out whether the invite is good,
// and whether it is for an account that exists.
func (r *request) checkInvite(reg store.Registration) (recovery bool, err error) {
	if reg.Invite == nil {
		r.event.Authentic = r.s.config.Open
		return false, r.judge(errInvite)
	}
	invite, err := r.s.store.InviteFor(r.Context(), *reg.Invite)
	if err != nil && !errors.Is(err, store.ErrInvite) {
		return false, err
	}
	r.event.Authentic, r.event.Range = err == nil, invite.Run != ""
	return !invite.For.IsZero(), r.judge(errInvite)
}

// deviceReplaced clears what the old device had and warns the contacts.
func (s *Service) deviceReplaced(ctx context.Context, a store.Account, old wire.ID) error {
	s.hub.end(a.ID, "replaced")
	if err := s.endCallOf(ctx, a.ID); err != nil {
		return err
	}
	if err := s.office.Drop(old); err != nil {
		return err
	}
	contacts, err := s.store.Contacts(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, c := range contacts {
		if c.Accepted {
			if err := s.tell(ctx, c.Account, store.Notice{Kind: "keys_changed", Account: a.ID, Name: a.Name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// nonces are the sign-in challenges that have not been answered.
type nonces struct {
	mu   sync.Mutex
	live map[[32]byte]nonce
}

type nonce struct {
	account wire.ID
	expires time.Time
}

// add remembers a nonce; when there are too many, those that have expired go,
// and then any: whoever floods the server with challenges loses his own.
func (n *nonces) add(value [32]byte, v nonce, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.live) >= maxNonces {
		for k, old := range n.live {
			if len(n.live) < maxNonces/2 {
				break
			}
			if !now.Before(old.expires) || len(n.live) >= maxNonces {
				delete(n.live, k)
			}
		}
	}
	n.live[value] = v
}

// take returns whose nonce it is, once.
func (n *nonces) take(value [32]byte, now time.Time) (wire.ID, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.live[value]
	delete(n.live, value)
	return v.account, ok && now.Before(v.expires)
}

// challenge gives a nonce to sign, to anybody and for any account: whether
// there is one shows only to who has its key.
func (r *request) challenge() (any, error) {
	var in struct {
		Account wire.ID `json:"account"`
	}
	r.event.Spends = []guard.Spend{r.s.tries(r.event.Addr)}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	if err := r.judge(errTooMany); err != nil {
		return nil, err
	}
	var value [32]byte
	r.s.fill(value[:])
	now := r.s.config.Now()
	r.s.nonces.add(value, nonce{in.Account, now.Add(nonceLife)}, now)
	return map[string]string{"nonce": b64.EncodeToString(value[:])}, nil
}

// signIn gives a session to who signs the nonce with the device's key.
func (r *request) signIn() (any, error) {
	var in struct {
		Account   wire.ID `json:"account"`
		Nonce     string  `json:"nonce"`
		Signature string  `json:"signature"`
		Appeal    string  `json:"appeal"` // against the ban of this account
	}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	var value [32]byte
	var signature [64]byte
	if fixed(in.Nonce, value[:]) != nil || fixed(in.Signature, signature[:]) != nil {
		return nil, r.refused(&wire.Refusal{Rule: "R3", Clause: "docs/protocol.md, HTTP", Reason: "nonce or signature of another length or spelling"}, errMalformed)
	}
	of, ok := r.s.nonces.take(value, r.s.config.Now())
	a, err := r.s.store.Account(r.Context(), in.Account)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	signed := append([]byte("ringfence session v1\x00"), r.s.ServerID()...)
	signed = append(append(signed, in.Account[:]...), value[:]...)
	// The signature is verified for an account that does not exist as well, so
	// that the answer takes the same time.
	genuine := ed25519.Verify(a.Ed25519[:], signed, signature[:])
	r.event.Account, r.event.Range = a.ID, a.Run != ""
	r.event.Authentic = err == nil && ok && of == in.Account && genuine && !a.Blocked
	if !r.event.Authentic {
		r.event.Spends = []guard.Spend{r.s.tries(r.event.Addr)}
	}
	if err == nil && ok && of == in.Account && genuine && a.Blocked {
		return nil, r.refusedFor(a.ID, in.Appeal)
	}
	if err := r.judge(errUnproven); err != nil {
		return nil, err
	}
	token := make([]byte, 32)
	r.s.fill(token)
	err = r.s.store.AddSession(r.Context(), sha256.Sum256(token), a.ID, a.Device, r.s.config.Now().Add(sessionLife))
	return map[string]any{"token": b64.EncodeToString(token), "device": a.Device}, err
}

// signOut ends the session, and the device's connection with it.
func (r *request) signOut() (any, error) {
	err := r.s.store.EndSession(r.Context(), r.session)
	r.s.hub.end(r.account.ID, "signed out")
	return nil, err
}

// deleteAccount deletes all there is of an account. Verdicts and call records
// stay for their time: they are evidence for others.
func (r *request) deleteAccount() (any, error) {
	return nil, r.s.deleteAccount(r.Context(), r.account)
}

func (s *Service) deleteAccount(ctx context.Context, a store.Account) error {
	if err := s.endCallOf(ctx, a.ID); err != nil {
		return err
	}
	// The letters go before the account and those that came meanwhile after it:
	// were the server killed in between, it could be asked again.
	if err := s.office.Drop(a.Device); err != nil {
		return err
	}
	contacts, err := s.store.DeleteAccount(ctx, a.ID)
	if err != nil {
		return err
	}
	s.hub.end(a.ID, "deleted")
	if err := s.office.Drop(a.Device); err != nil {
		return err
	}
	for _, c := range contacts {
		if err := s.tell(ctx, c, store.Notice{Kind: "removed", Account: a.ID, Name: a.Name}); err != nil {
			return err
		}
	}
	return nil
}

func (r *request) showAccount() (any, error) {
	n, err := r.s.store.CountOneTimeKeys(r.Context(), r.account.Device)
	return map[string]any{"account": r.account.ID, "name": r.account.Name, "device": r.account.Device, "one_time_keys": n}, err
}

// AddInvite makes an invite, for a new person or, with a name, for a new device
// of an account, and returns its code. It works on the store alone, so that it
// can be used while the service runs or not.
func AddInvite(ctx context.Context, st *store.Store, forName string, now time.Time) (code string, err error) {
	i := store.Invite{Expires: now.Add(inviteLife)}
	if forName != "" {
		a, err := st.AccountByName(ctx, forName)
		if err != nil {
			return "", err
		}
		i.For = a.ID
	}
	code = newCode()
	i.Hash = sha256.Sum256([]byte(code))
	return code, st.AddInvite(ctx, i)
}

// newCode makes an invite code of 120 random bits, in groups of four.
func newCode() string {
	b := make([]byte, 15)
	_, _ = rand.Read(b) // never fails
	text := strings.ToLower(base32.StdEncoding.EncodeToString(b))
	var groups []string
	for ; len(text) > 0; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(groups, "-")
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
