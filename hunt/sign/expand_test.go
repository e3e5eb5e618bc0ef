package sign

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
)

// town is a small world of which the ties are known.
type town struct {
	rng *rand.Rand
	all []record.Record
}

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func newTown(seed uint64) *town { return &town{rng: rand.New(rand.NewPCG(seed, 4))} }

// call adds a call that nobody answers, to somebody who has not accepted it.
func (w *town) call(caller, callee, print, network string) *record.Record {
	w.all = append(w.all, record.Record{
		Time: noon.Add(time.Duration(w.rng.Int64N(int64(12 * 24 * time.Hour)))).UnixNano(), Call: fmt.Sprint("c", len(w.all)),
		Caller: caller, Callee: callee, CallerPrint: print, CallerNetwork: network,
		Outcome: record.Missed, Contact: record.Stranger, CallerAge: record.NoAge, RingMS: 9000,
	})
	return &w.all[len(w.all)-1]
}

// people are ordinary accounts: two prints, forty networks and a VPN, contacts
// whom they call, and strangers whom they do not reach.
func (w *town) people(n int) {
	for i := range n {
		name, print, network := fmt.Sprint("person", i), "android 5", fmt.Sprint("AS", 64500+i%40)
		if i%5 < 2 {
			print = "ios 7"
		}
		if i%10 == 0 {
			network = "AS-VPN"
		}
		for range 4 {
			w.call(name, fmt.Sprint("person", w.rng.IntN(n)), print, network)
			c := w.call(name, fmt.Sprint("person", (i+w.rng.IntN(9)+1)%n), print, network)
			c.Contact, c.Outcome, c.TalkMS = record.Accepted, record.Answered, 60_000
		}
		if i%2 == 0 {
			w.call(name, "celebrity", print, network)
		}
	}
}

// files writes the records as Parquet, in some files.
func (w *town) files(t testing.TB) (*record.Files, []string) {
	t.Helper()
	slices.SortStableFunc(w.all, func(a, b record.Record) int { return int(max(min(a.Time-b.Time, 1), -1)) })
	dir := t.TempDir()
	for part := range slices.Chunk(w.all, len(w.all)/3+1) {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.parquet", part[0].Time)))
		if err != nil {
			t.Fatal(err)
		}
		to, err := record.NewWriter(f, record.Parquet)
		if err != nil {
			t.Fatal(err)
		}
		if err := to.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return reopened(t, dir)
}

func reopened(t testing.TB, dir string) (*record.Files, []string) {
	t.Helper()
	files, err := record.Open([]string{dir}, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return files, files.Paths()
}

// campaign adds eight accounts with a print of their own, and a ninth without;
// each of sixty targets is tried by two or three of them, and so is a celebrity.
func (w *town) campaign() {
	for i := range 60 {
		for _, n := range []int{i % 8, (i*3 + 1) % 8} {
			for range 1 + w.rng.IntN(3) {
				w.call(fmt.Sprint("bad", n), fmt.Sprint("victim", i), "android 5x", "AS-VPN")
			}
		}
		if i%6 == 0 {
			w.call("bad8", fmt.Sprint("victim", i), "android 5", "AS64500")
		}
	}
	for n := range 9 {
		w.call(fmt.Sprint("bad", n), "celebrity", "android 5x", "AS-VPN").CallerPrint = []string{"android 5x", "android 5"}[n/8]
	}
}

func expanded(t testing.TB, w *town, signs ...string) Expansion {
	t.Helper()
	all, err := ParseSigns(signs)
	if err != nil {
		t.Fatal(err)
	}
	source, files := w.files(t)
	r, err := Expand(context.Background(), source, files, all, Options{Workers: 2, Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// found returns the accounts of a strength that is more than weak, and all targets.
func found(r Expansion) (accounts, targets []string) {
	for _, a := range r.Accounts {
		if a.Strength != hunt.Weak {
			accounts = append(accounts, a.ID)
		}
	}
	for _, t := range r.Targets {
		targets = append(targets, t.ID)
	}
	slices.Sort(accounts)
	slices.Sort(targets)
	return accounts, targets
}

func numbered(name string, n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint(name, i))
	}
	slices.Sort(all)
	return all
}

// From any sign of it the whole campaign comes out, and nobody else: not by the
// celebrity, nor by the VPN, nor by the print that others have.
func TestExpand(t *testing.T) {
	for _, sign := range []string{"account:bad3", "target:victim7", "print:android 5x", "account:bad8"} {
		w := newTown(1)
		w.people(4000)
		w.campaign()
		r := expanded(t, w, sign)
		accounts, targets := found(r)
		if want := numbered("bad", 9); !slices.Equal(accounts, want) {
			t.Errorf("%s: accounts %v, want %v", sign, accounts, want)
		}
		targets = slices.DeleteFunc(targets, func(s string) bool { return s == "celebrity" })
		if want := numbered("victim", 60); !slices.Equal(targets, want) {
			t.Errorf("%s: targets %v, want %v", sign, targets, want)
		}
		checkPaths(t, r)
	}
}

// Every path begins at a sign, goes on where it was, and ends where it should.
func checkPaths(t *testing.T, r Expansion) {
	t.Helper()
	check := func(id Sign, path []Step) {
		at := id
		for _, s := range slices.Backward(path) {
			if s.To != at || s.Why == "" || s.Strength == "" || s.From.Value == "" {
				t.Errorf("%s: step %+v does not lead there", id, s)
			}
			at = s.From
		}
		if !slices.Contains(r.Signs, at) {
			t.Errorf("%s: its path begins at %s", id, at)
		}
	}
	for _, a := range r.Accounts {
		check(Sign{Account, a.ID}, a.Path)
	}
	for _, a := range r.Targets {
		check(Sign{Target, a.ID}, a.Path)
	}
}

// What too many have is told, with how many.
func TestNotFollowed(t *testing.T) {
	w := newTown(2)
	w.people(4000)
	w.campaign()
	r := expanded(t, w, "account:bad3", "print:ios 7")
	of := map[string]Unfollowed{}
	for _, u := range r.NotFollowed {
		of[string(u.Kind)+":"+u.Value] = u
	}
	for sign, share := range map[string]float64{"print:ios 7": 0.4, "network:AS-VPN": 0.1, "target:celebrity": 0.5} {
		if got := of[sign]; got.Share < share*0.9 || got.Share > share*1.1 || got.Why == "" {
			t.Errorf("%s: %+v, want a share of %g", sign, got, share)
		}
	}
	var text strings.Builder
	if err := r.Print(&text); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "print:ios 7 is not followed, because 40 % of all accounts have it.") {
		t.Error(text.String())
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// A household shares a few private numbers and the famous ones; a call centre
// tries so many that some are the same.
func TestInnocent(t *testing.T) {
	w := newTown(3)
	w.people(4000)
	w.campaign()
	for _, who := range []string{"mother", "father"} {
		for _, whom := range []string{"plumber", "neighbour", "celebrity"} {
			w.call(who, whom, "ios 7", "AS64501")
		}
		for i := range 6 {
			w.call(who, fmt.Sprint("person", i*7), "ios 7", "AS64501").Callee = fmt.Sprint(who, "'s ", i)
		}
	}
	for i := range 1200 {
		w.call("centre", fmt.Sprint("person", i), "desk 1", "AS64999")
	}
	for i := range 20 {
		w.call("centre", fmt.Sprint("victim", i), "desk 1", "AS64999")
	}
	if accounts, _ := found(expanded(t, w, "account:father")); !slices.Equal(accounts, []string{"father"}) {
		t.Errorf("the father is tied to %v", accounts)
	}
	if accounts, _ := found(expanded(t, w, "account:bad0", "account:bad1")); !slices.Equal(accounts, numbered("bad", 9)) {
		t.Errorf("the campaign is tied to %v", accounts)
	}
}

// An account that was taken over calls its contacts with a rare client.
func TestTakenOver(t *testing.T) {
	w := newTown(4)
	w.people(4000)
	w.campaign()
	for i := range 5 {
		w.call("person77", fmt.Sprint("friend", i), "android 5x", "AS64577").Contact = record.Accepted
		w.call("person77", fmt.Sprint("aunt", i), "android 5", "AS64577").Contact = record.Accepted
		c := w.call("bad1", fmt.Sprint("talker", i), "android 5x", "AS-VPN")
		c.Outcome, c.TalkMS = record.Answered, 12_000
	}
	accounts, targets := found(expanded(t, w, "print:android 5x"))
	if !slices.Contains(accounts, "person77") || !slices.Contains(targets, "friend3") || !slices.Contains(targets, "talker2") || slices.Contains(targets, "aunt3") {
		t.Errorf("accounts %v, targets %v", accounts, targets)
	}
}

func TestParseSign(t *testing.T) {
	for text, want := range map[string]Sign{"account:X": {Account, "X"}, "target:a:b": {Target, "a:b"}, "print:Z 1": {Print, "Z 1"}, "network:AS64500": {Network, "AS64500"}} {
		if s, err := ParseSign(text); err != nil || s != want || s.String() != text {
			t.Errorf("%s: %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "X", "account:", "person:X", "account:a\nb", "account:" + strings.Repeat("a", maxValue+1), "account:\xff"} {
		if s, err := ParseSign(text); err == nil {
			t.Errorf("%q: %v", text, s)
		}
	}
	list := filepath.Join(t.TempDir(), "known")
	if err := os.WriteFile(list, []byte("# known\nX\n\n Y \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := ParseSigns([]string{"target:Z", "account:@" + list})
	if err != nil || !slices.Equal(all, []Sign{{Target, "Z"}, {Account, "X"}, {Account, "Y"}}) {
		t.Error(all, err)
	}
	if _, err := ParseSigns([]string{"account:@" + filepath.Dir(list)}); err == nil {
		t.Error("a folder is no list")
	}
}

func FuzzParseSign(f *testing.F) {
	f.Add("account:X")
	f.Add("print:a:b")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSign(text)
		if err == nil && s.String() != text {
			t.Errorf("%q became %q", text, s)
		}
	})
}
