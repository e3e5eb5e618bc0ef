package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/client/keep"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// resident is somebody with a device in this process.
type resident struct {
	*client.Client
	n     *town
	name  string
	rings chan wire.ID
}

// asClient is a transport that shows itself as another program.
type asClient string

// RoundTrip makes a request.
func (a asClient) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", string(a))
	return http.DefaultTransport.RoundTrip(r)
}

// resident opens somebody's device with a client; one that is not there yet is
// registered.
func (n *town) resident(name, program string) *resident {
	n.t.Helper()
	rules, err := guard.New(guard.DefaultConfig(), time.Now, func(guard.Verdict) {})
	if err != nil {
		n.t.Fatal(err)
	}
	state, err := keep.Open(filepath.Join(n.dir, name), nil)
	if err != nil {
		n.t.Fatal(err)
	}
	r := &resident{n: n, name: name, rings: make(chan wire.ID, 100)}
	r.Client, err = client.Open(n.t.Context(), client.Options{Keep: state, Transport: client.NewTransport(&http.Client{Transport: asClient(program)}), Guard: rules})
	if err != nil {
		n.t.Fatal(err)
	}
	go func() {
		for e := range r.Events() {
			if e.Kind == client.RingEvent {
				r.rings <- e.Call
			}
		}
	}()
	n.t.Cleanup(func() { _ = r.Close() }) // some are closed before
	if !r.Me().Registered() {
		invite := n.invite()
		r.patiently(func() error { return r.Register(n.t.Context(), n.url, invite, name) })
	}
	r.patiently(func() error { return r.Connect(n.t.Context()) })
	return r
}

// patiently waits out the limits, which are as they come.
func (r *resident) patiently(try func() error) {
	r.n.t.Helper()
	for {
		err := try()
		var e *client.Error
		if err == nil {
			return
		}
		if !errors.As(err, &e) || e.Status != http.StatusTooManyRequests {
			r.n.t.Fatalf("%s: %v", r.name, err)
		}
		time.Sleep(time.Second)
	}
}

// accepts lets one knock and the other accept.
func (r *resident) accepts(who *resident) {
	r.n.t.Helper()
	r.patiently(func() error { return who.Knock(r.n.t.Context(), r.name) })
	r.eventually(func() bool { return r.contact(who).State == client.Knocked })
	r.patiently(func() error { return r.Accept(r.n.t.Context(), who.Me().Account) })
	who.eventually(func() bool { return who.contact(r).CanWrite })
}

func (r *resident) contact(who *resident) client.Contact {
	for _, c := range r.Contacts() {
		if c.Account == who.Me().Account {
			return c
		}
	}
	return client.Contact{}
}

func (r *resident) eventually(holds func() bool) {
	r.n.t.Helper()
	for range 400 {
		if r.patiently(func() error { return errors.Join(r.Refresh(r.n.t.Context()), r.Sync(r.n.t.Context())) }); holds() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	r.n.t.Fatalf("%s waits in vain", r.name)
}

// tries calls somebody whom it is a stranger to, as no client of ours would.
func (r *resident) tries(whom *resident, counter uint64) {
	r.n.t.Helper()
	r.triesAt(whom.Me().Account, counter)
}

func (r *resident) triesAt(whom wire.ID, counter uint64) {
	r.n.t.Helper()
	nonce, _, err := r.SocketNonce()
	if err != nil {
		r.n.t.Fatal(err)
	}
	m := call.Message{Type: call.TypeOffer, Callee: whom, Media: wire.Video, Counter: counter}
	text := binary.BigEndian.AppendUint64(append([]byte("ringfence offer v1\x00"), nonce[:]...), counter)
	if m.Signature, err = r.Sign(append(append(text, m.Callee[:]...), byte(m.Media))); err == nil {
		err = r.SendRaw(r.n.t.Context(), m.AppendTo(nil))
	}
	if err != nil {
		r.n.t.Fatal(err)
	}
}

// rings calls a contact, and takes it back when it has rung.
func (r *resident) ringsAt(whom *resident) error {
	ctx, cancel := context.WithTimeout(r.n.t.Context(), time.Minute)
	defer cancel()
	id, err := r.Call(ctx, whom.Me().Account, wire.Video)
	if err != nil {
		return err
	}
	select {
	case <-whom.rings:
	case <-ctx.Done():
		return errors.New("the call rings for the caller only")
	}
	return r.Cancel(ctx, id)
}

var campaignLink = regexp.MustCompile(`/campaigns/(C-\d{4}-\d{4})"`)

// campaigns are the ids of campaigns that the console shows.
func (n *town) campaigns() (ids []string) {
	seen := map[string]bool{}
	for _, m := range campaignLink.FindAllStringSubmatch(n.console("/campaigns"), -1) {
		if !seen[m[1]] {
			ids = append(ids, m[1])
		}
		seen[m[1]] = true
	}
	return ids
}

// until waits until the console shows so many campaigns.
func (n *town) until(campaigns int) []string {
	n.t.Helper()
	var ids []string
	for range 60 {
		if ids = n.campaigns(); len(ids) >= campaigns {
			return ids
		}
		time.Sleep(250 * time.Millisecond)
	}
	n.t.Fatalf("after so many targets the console shows %v, want %d campaigns: %s", ids, campaigns, n.console("/campaigns"))
	return nil
}

// Two campaigns against thirty people on a service that runs: one of strangers,
// whom the door holds off, one of contacts whose accounts were taken over. Each
// is found by its tenth target; its calls ring no more; others' do.
func TestCampaignsAreFoundLive(t *testing.T) {
	n := newTown(t)
	// Forty accounts from one address in a minute are more than the limits let in;
	// of calls, all limits are as they come.
	if err := os.WriteFile(filepath.Join(n.dir, "data", "guard.json"), []byte(`{"limits":{"tries_per_minute":10000}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	const ordinary, fork, other = "Mozilla/5.0 ordinary", "fork/1.0", "fork/2.0"
	var targets, strangers, contacts []*resident
	for i := range 30 {
		targets = append(targets, n.resident(fmt.Sprintf("target_%02d", i), ordinary))
	}
	for i := range 6 {
		strangers = append(strangers, n.resident(fmt.Sprintf("stranger_%d", i), fork))
	}
	for i := range 5 {
		contacts = append(contacts, n.resident(fmt.Sprintf("contact_%d", i), ordinary))
	}
	targets[9].accepts(strangers[0])
	for i := range 11 {
		targets[10+i].accepts(contacts[i%5])
	}
	for i := 22; i < 30; i += 2 { // people who call each other
		targets[i].accepts(targets[i+1])
		if err := targets[i+1].ringsAt(targets[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range contacts { // while the accounts are in their owners' hands
		if err := c.ringsAt(targets[10+i]); err != nil {
			t.Fatal(err)
		}
	}

	for i := range 9 {
		strangers[i%6].tries(targets[i], uint64(10+2*i))
		strangers[i%6].tries(targets[i], uint64(11+2*i))
	}
	first := n.until(1)
	refused(t, strangers[0], targets[9])

	for i, c := range contacts {
		c.Close()
		contacts[i] = n.resident(c.name, other)
	}
	for i := range 10 {
		for range 2 {
			if err := contacts[i%5].ringsAt(targets[10+i]); err != nil {
				t.Fatalf("target %d of the contacts: %v", i+1, err)
			}
		}
	}
	ids := n.until(2)
	refused(t, contacts[10%5], targets[20])

	if err := targets[23].ringsAt(targets[22]); err != nil {
		t.Errorf("an ordinary call beside two campaigns: %v", err)
	}
	for _, id := range ids {
		page := n.console("/campaigns/" + id)
		shown := 0
		for _, of := range targets[:21] {
			if strings.Contains(page, of.Me().Account.String()) {
				shown++
			}
		}
		if shown < 9 {
			t.Errorf("the console shows %d targets of %s", shown, id)
		}
	}
	decided(t, n, first[0], strangers[0], targets[9])
	if out, code := n.try("hunt", "--live", "--for", "1s", "--data", filepath.Join(n.dir, "data")); code != exitFound || !strings.Contains(out, ids[0]) || !strings.Contains(out, ids[1]) {
		t.Errorf("hunt --live: exit %d: %s", code, out)
	}
	if ids[0] != first[0] && ids[1] != first[0] {
		t.Errorf("the first campaign was %s, now there are %v", first[0], ids)
	}
}

// decided lets an analyst release a campaign, and hold it back again.
func decided(t *testing.T, n *town, id string, from, at *resident) {
	t.Helper()
	analyst := n.analyst()
	n.page(analyst.PostForm(n.url+"/campaigns/"+id+"/release", url.Values{"reason": {"a drill of ours"}}))
	var err error
	for range 40 { // every machine of the hunt has to hear of it
		if err = from.ringsAt(at); err == nil {
			break
		}
		time.Sleep(250 * time.Millisecond)
	}
	if err != nil {
		t.Errorf("after the release: %v", err)
	}
	page := n.page(analyst.PostForm(n.url+"/campaigns/"+id+"/hold", url.Values{"reason": {"it was none"}}))
	if !strings.Contains(page, "a drill of ours") || !strings.Contains(page, "it was none") {
		t.Error("the decisions are not shown")
	}
	for range 40 {
		if err = from.ringsAt(at); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
	t.Error("a campaign that is held back again rings")
}

// refused fails when a call of a campaign rings.
func refused(t *testing.T, from, at *resident) {
	t.Helper()
	err := from.ringsAt(at)
	var e *client.Error
	if !errors.As(err, &e) || e.Code != client.ReasonCode(call.Refused) {
		t.Errorf("the next target: %v, want a refusal; the console: %s", err, at.n.console("/campaigns"))
	}
	select {
	case <-at.rings:
		t.Error("the next target's phone rang")
	default:
	}
}
