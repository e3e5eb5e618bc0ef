package service

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
)

const (
	maxRangeAccounts = 100
	rangeLife        = 10 * time.Minute
	maxChallenges    = 64
	bindingLabel     = "EXPORTER-ringfence-range"

	serverContext = "ringfence range server v1\x00"
	rangeContext  = "ringfence range client v1\x00"
)

// proof holds the challenges of the test range that are open.
type proof struct {
	mu   sync.Mutex
	live map[[32]byte]challenge
}

type challenge struct {
	theirs  [32]byte // the range's nonce
	binding [32]byte
	expires time.Time
}

func (p *proof) add(n [32]byte, c challenge, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.live) >= maxChallenges {
		for k, old := range p.live {
			if now.After(old.expires) {
				delete(p.live, k)
			}
		}
	}
	if len(p.live) >= maxChallenges {
		return false
	}
	p.live[n] = c
	return true
}

func (p *proof) take(n [32]byte, now time.Time) (challenge, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.live[n]
	delete(p.live, n)
	return c, ok && now.Before(c.expires)
}

// binding ties a proof to the connection that it is given on: what both ends of
// TLS export (RFC 5705), or, without TLS, zeros, which are good on loopback only.
func binding(r *http.Request) (b [32]byte, ok bool) {
	if r.TLS == nil {
		return b, remote(r).Addr().Unmap().IsLoopback()
	}
	exported, err := r.TLS.ExportKeyingMaterial(bindingLabel, nil, len(b))
	copy(b[:], exported)
	return b, err == nil
}

func remote(r *http.Request) netip.AddrPort {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a
}

var errNotYours = &problem{http.StatusForbidden, "not_yours", "the proof does not hold: this is another server, another key or another connection", "run the range on the machine and with the data folder of your own server"}

// rangeChallenge proves to the test range that this server holds the admin key,
// and names the relay addresses that may be aimed at.
func (r *request) rangeChallenge() (any, error) {
	var in struct {
		Nonce string `json:"nonce"`
	}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	var theirs, ours [32]byte
	bound, ok := binding(r.Request)
	if fixed(in.Nonce, theirs[:]) != nil || !ok {
		return nil, errNotYours
	}
	r.event.Spends = []guard.Spend{r.s.tries(r.event.Addr)}
	if err := r.judge(errTooMany); err != nil {
		return nil, err
	}
	r.s.fill(ours[:])
	now := r.s.config.Now()
	if !r.s.proof.add(ours, challenge{theirs, bound, now.Add(time.Minute)}, now) {
		return nil, errTooMany
	}
	relay, list := []string{}, ""
	if r.s.relay != nil {
		relay = r.s.relay.URIs()
	}
	for _, uri := range relay {
		list += uri + "\n"
	}
	addresses := sha256.Sum256([]byte(list))
	text := proofText(serverContext, theirs, ours, bound, addresses[:])
	return map[string]any{
		"nonce": b64.EncodeToString(ours[:]), "relay": relay, "signature": b64.EncodeToString(ed25519.Sign(r.s.keys.Admin, text)),
	}, nil
}

// proofText is what is signed.
func proofText(context string, theirs, ours, bound [32]byte, end []byte) []byte {
	b := append([]byte(context), theirs[:]...)
	b = append(append(b, ours[:]...), bound[:]...)
	return append(b, end...)
}

// rangeOpen gives the test range invites for accounts of its own. The key opens
// nothing else, and lifts no limit.
func (r *request) rangeOpen() (any, error) {
	var in struct {
		Nonce     string `json:"nonce"`
		Challenge string `json:"challenge"`
		Accounts  uint32 `json:"accounts"`
		Signature string `json:"signature"`
	}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	var theirs, ours [32]byte
	var signature [64]byte
	if fixed(in.Nonce, theirs[:]) != nil || fixed(in.Challenge, ours[:]) != nil || fixed(in.Signature, signature[:]) != nil {
		return nil, errNotYours
	}
	bound, ok := binding(r.Request)
	c, live := r.s.proof.take(ours, r.s.config.Now())
	text := proofText(rangeContext, theirs, ours, bound, binary.BigEndian.AppendUint32(nil, in.Accounts))
	public := r.s.keys.Admin.Public().(ed25519.PublicKey)
	r.event.Range = true
	r.event.Authentic = ok && live && c.theirs == theirs && c.binding == bound && ed25519.Verify(public, text, signature[:])
	if !r.event.Authentic {
		r.event.Spends = []guard.Spend{r.s.tries(r.event.Addr)}
	}
	if err := r.judge(errNotYours); err != nil {
		return nil, err
	}
	if in.Accounts < 1 || in.Accounts > maxRangeAccounts {
		return nil, errMalformed
	}
	return r.rangeInvites(int(in.Accounts))
}

func (r *request) rangeInvites(n int) (any, error) {
	until := r.s.config.Now().Add(rangeLife)
	run := runName(until)
	codes := make([]string, n)
	for i := range codes {
		codes[i] = newCode()
		err := r.s.store.AddInvite(r.Context(), store.Invite{Hash: sha256.Sum256([]byte(codes[i])), Expires: until, Run: run})
		if err != nil {
			return nil, err
		}
	}
	return map[string]any{"invites": codes, "until": until.UnixMilli()}, nil
}

// runName names a run of the range by its end, so that what it left can be
// found when that has come.
func runName(until time.Time) string { return "range-" + strconv.FormatInt(until.UnixNano(), 10) }

func runOver(run string, now time.Time) bool {
	until, err := strconv.ParseInt(strings.TrimPrefix(run, "range-"), 10, 64)
	return err != nil || now.UnixNano() >= until
}

// endRuns deletes the accounts that runs of the range have left behind.
func (s *Service) endRuns(ctx context.Context) error {
	runs, err := s.store.Runs(ctx)
	errs := []error{err}
	for _, run := range runs {
		if !runOver(run, s.config.Now()) {
			continue
		}
		accounts, err := s.store.AccountsOfRun(ctx, run)
		errs = append(errs, err)
		for _, a := range accounts {
			errs = append(errs, s.deleteAccount(ctx, a))
		}
	}
	return errors.Join(errs...)
}
