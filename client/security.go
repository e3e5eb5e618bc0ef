package client

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/wire/notice"
)

// KeyWait is how long a device has to know the key of an approver before it counts,
// when it came after the first ones: whoever takes a server over cannot make up a
// notice at once, and people see the new key before it is of use.
const KeyWait = 7 * 24 * time.Hour

// Bounds of what a server may say.
const (
	maxApprovers       = 50
	maxSecurityNotices = 100
)

// SecurityKey is the key of a person who approves security notices.
type SecurityKey struct {
	Name  string
	Hash  string // of the key, as a signature shows it
	Since int64  // Unix ms: known to this device
	From  int64  // Unix ms: counts from then on
	Gone  bool   // the server does not have it any more, so it does not count
}

// SecurityNotice is a notice that is genuine: two persons signed it whose keys this
// device knew.
type SecurityNotice struct {
	notice.Notice
	Delivered int64           // Unix ms
	Read      int64           // Unix ms; 0: not yet
	By        []string        // who signed
	Answers   map[string]bool // as they stand: examination, counted, opt_out
}

// Security is what there is about security notices.
type Security struct {
	Notices []SecurityNotice // the newest first
	Forged  int              // claimed to be one, and were not genuine
	Keys    []SecurityKey
}

// approver is a key as it is kept.
type approver struct {
	Key   string `json:"key"`
	Since int64  `json:"since"`          // Unix ms
	First bool   `json:"first"`          // it was there when the device first asked
	Gone  bool   `json:"gone,omitempty"` // the server has taken it away
}

func (a approver) from() int64 {
	if a.First {
		return a.Since
	}
	return a.Since + KeyWait.Milliseconds()
}

// keptNotice is a notice as it is kept, genuine or not.
type keptNotice struct {
	Notice    notice.Notice   `json:"notice"`
	Delivered int64           `json:"delivered"`
	Read      int64           `json:"read"`
	Answers   map[string]bool `json:"answers,omitempty"`
	By        []string        `json:"by,omitempty"` // none: it is not genuine, so far
}

// Security returns what this device knows about security notices.
func (c *Client) Security() Security {
	c.mu.Lock()
	defer c.mu.Unlock()
	var s Security
	for _, k := range c.state.security {
		if len(k.By) == 0 {
			s.Forged++
			continue
		}
		s.Notices = append(s.Notices, SecurityNotice{k.Notice, k.Delivered, k.Read, k.By, k.Answers})
	}
	slices.SortFunc(s.Notices, func(a, b SecurityNotice) int {
		return cmp.Or(cmp.Compare(b.Delivered, a.Delivered), strings.Compare(a.Code, b.Code))
	})
	for _, a := range c.state.approvers {
		if v, err := note.NewVerifier(a.Key); err == nil {
			s.Keys = append(s.Keys, SecurityKey{clean(v.Name(), maxName), fmt.Sprintf("%08x", v.KeyHash()), a.Since, a.from(), a.Gone})
		}
	}
	return s
}

// KnowsCode tells whether a code that somebody was given by another way is that of a
// genuine notice of this account.
func (c *Client) KnowsCode(code string) bool {
	digits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, s)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.state.security {
		if len(k.By) > 0 && digits(code) == digits(k.Notice.Code) {
			return true
		}
	}
	return false
}

type securityLine struct {
	ID        string          `json:"id"`
	Code      string          `json:"code"`
	Text      string          `json:"text"`
	Delivered int64           `json:"delivered"`
	Read      int64           `json:"read"`
	Answers   map[string]bool `json:"answers"`
}

// RefreshSecurity asks the server for the keys of those who approve notices, and for
// what this account was told. It runs by itself when the device connects, and when
// the server says that there is something new.
func (c *Client) RefreshSecurity(ctx context.Context) error {
	c.telling.Lock()
	defer c.telling.Unlock()
	var keys struct {
		Keys []string `json:"keys"`
	}
	if err := c.request(ctx, Request{Method: get, URL: c.server() + "/v1/security-keys"}, &keys); err != nil {
		return err
	}
	if err := c.learnApprovers(ctx, keys.Keys); err != nil {
		return err
	}
	var list struct {
		Notices []securityLine `json:"notices"`
	}
	if err := c.api(ctx, get, "/v1/security-notices", nil, &list); err != nil {
		return err
	}
	if len(list.Notices) > maxSecurityNotices {
		return protocolError(fmt.Errorf("%d security notices", len(list.Notices)))
	}
	for _, l := range list.Notices {
		if err := c.takeSecurity(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// learnApprovers takes the server's list of keys. The first one that has any counts
// at once; a key that comes later waits.
func (c *Client) learnApprovers(ctx context.Context, keys []string) error {
	if len(keys) > maxApprovers {
		return protocolError(fmt.Errorf("%d keys of approvers", len(keys)))
	}
	for _, k := range keys {
		if _, err := note.NewVerifier(k); err != nil {
			return protocolError(errors.New("what it says is the key of an approver is none"))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	was, now := c.state.approvers, c.now()
	all := []approver{}
	for _, a := range was {
		a.Gone = !slices.Contains(keys, a.Key)
		all = append(all, a)
	}
	for _, k := range keys {
		i := slices.IndexFunc(all, func(a approver) bool { return a.Key == k })
		switch {
		case i < 0:
			all = append(all, approver{Key: k, Since: now, First: len(was) == 0})
		case was[i].Gone: // taken away and back again: as good as new
			all[i].Since, all[i].First = now, false
		}
	}
	if len(all) > 2*maxApprovers { // those that are gone the longest are forgotten
		all = slices.DeleteFunc(all, func(a approver) bool { return a.Gone })
	}
	if slices.Equal(was, all) {
		return nil
	}
	c.state.approvers = all
	ch := newChange()
	ch.put(approversName, all)
	ch.emit(Event{Kind: SecurityEvent})
	return c.commit(ctx, ch)
}

// takeSecurity takes one notice of the server's list.
func (c *Client) takeSecurity(ctx context.Context, l securityLine) error {
	c.mu.Lock()
	k := c.state.security[l.Code]
	c.mu.Unlock()
	if k == nil {
		n, err := c.securityText(ctx, l)
		if err != nil {
			return err
		}
		k = &keptNotice{Notice: n, Delivered: l.Delivered}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := *k
	if len(next.By) == 0 {
		next.By, _ = next.Notice.Verify(c.approversNow())
		if len(next.By) < notice.Approvals {
			next.By = nil
		}
	}
	next.Read, next.Answers = max(k.Read, l.Read), l.Answers
	if was := c.state.security[l.Code]; was != nil && same(*was, next) {
		return nil
	}
	ch := newChange()
	ch.security(c.state, next)
	return c.commit(ctx, ch)
}

func same(a, b keptNotice) bool {
	return a.Read == b.Read && slices.Equal(a.By, b.By) && fmt.Sprint(a.Answers) == fmt.Sprint(b.Answers)
}

// securityText fetches the words of a notice, which everybody who has it shares.
func (c *Client) securityText(ctx context.Context, l securityLine) (notice.Notice, error) {
	var out struct {
		Issuer   string                    `json:"issuer"`
		Issued   string                    `json:"issued"`
		Wordings map[string]notice.Wording `json:"wordings"`
		Signed   string                    `json:"signed"`
	}
	if b, err := hex.DecodeString(l.Text); err != nil || len(b) != sha256.Size {
		return notice.Notice{}, protocolError(errors.New("the hash of a security notice is none"))
	}
	if err := c.api(ctx, get, "/v1/security-texts/"+l.Text, nil, &out); err != nil {
		return notice.Notice{}, err
	}
	n := notice.Notice{ID: l.ID, Code: l.Code, Issuer: out.Issuer, Issued: out.Issued, Wordings: out.Wordings, Signed: out.Signed}
	if err := n.Check(); err != nil {
		return n, protocolError(err)
	}
	return n, nil
}

// approversNow are the keys that count. c.mu is held.
func (c *Client) approversNow() (known []note.Verifier) {
	for _, a := range c.state.approvers {
		if a.Gone || a.from() > c.now() {
			continue
		}
		if v, err := note.NewVerifier(a.Key); err == nil {
			known = append(known, v)
		}
	}
	return known
}

func (ch *change) security(s *state, k keptNotice) {
	s.security[k.Notice.Code] = &k
	ch.put(securityPrefix+k.Notice.Code, k)
	ch.emit(Event{Kind: SecurityEvent})
}

// ReadSecurity tells the server that this person has opened a notice.
func (c *Client) ReadSecurity(ctx context.Context, code string) error {
	k, err := c.genuine(code)
	if err != nil || k.Read != 0 {
		return err
	}
	if err := c.api(ctx, post, "/v1/security-notices/"+code+"/read", nil, nil); err != nil {
		return err
	}
	return c.changeSecurity(ctx, code, func(k *keptNotice) { k.Read = c.now() })
}

// AnswerSecurity gives or withdraws a consent: "examination" of the phone, "counted"
// without a name in what is reported, "opt_out" of further notices.
func (c *Client) AnswerSecurity(ctx context.Context, code, what string, yes bool) error {
	if _, err := c.genuine(code); err != nil {
		return err
	}
	in := map[string]any{"what": what, "yes": yes}
	if err := c.api(ctx, post, "/v1/security-notices/"+code+"/answers", in, nil); err != nil {
		return err
	}
	return c.changeSecurity(ctx, code, func(k *keptNotice) {
		answers := map[string]bool{what: yes}
		for w, y := range k.Answers {
			if w != what {
				answers[w] = y
			}
		}
		k.Answers = answers
	})
}

func (c *Client) genuine(code string) (keptNotice, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.state.security[code]
	if k == nil || len(k.By) == 0 {
		return keptNotice{}, &Error{Code: "no_notice", What: "the security notice", Why: errors.New("this account has no genuine one of this code")}
	}
	return *k, nil
}

func (c *Client) changeSecurity(ctx context.Context, code string, how func(*keptNotice)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.state.security[code]
	if k == nil {
		return nil
	}
	next := *k
	how(&next)
	ch := newChange()
	ch.security(c.state, next)
	return c.commit(ctx, ch)
}
