package simulate

import (
	"testing"

	"github.com/ringfence/ringfence/hunt/record"
)

// In the harder world nothing that can be seen in one record is a campaign's
// alone: innocent people miss calls after a short ring, have clients that hardly
// anybody has, and try strangers again and again.
func TestHarderWorld(t *testing.T) {
	_, truth, all := made(t, Options{Users: 60_000, Days: 6, Calls: 240_000, Seed: 5, Harder: true, Campaigns: []string{"missed-call-2019"}})
	other := map[string]bool{}
	for _, c := range truth.Campaigns {
		for _, a := range c.Accounts {
			other[a] = true
		}
	}
	for _, l := range truth.Lookalikes {
		for _, a := range l.Accounts {
			other[a] = true
		}
	}
	var people, strangers, missed, short, unknown, answered int
	users := map[string]map[string]bool{} // of a client
	tried := map[[2]string]int{}          // strangers in vain
	for _, r := range all {
		if other[r.Caller] {
			continue
		}
		people++
		if users[r.CallerPrint] == nil {
			users[r.CallerPrint] = map[string]bool{}
		}
		users[r.CallerPrint][r.Caller] = true
		switch {
		case r.Outcome == record.Answered:
			answered++
		case r.Outcome == record.Missed:
			missed++
			if r.RingMS < 8000 {
				short++
			}
		}
		switch {
		case r.Contact == record.Unknown:
			unknown++
		case r.Contact == record.Stranger:
			strangers++
			if r.Outcome != record.Answered {
				tried[[2]string{r.Caller, r.Callee}]++
			}
		}
	}
	rare, again := 0, 0
	for _, u := range users {
		if len(u) < 100 {
			rare++
		}
	}
	for _, n := range tried {
		if n > 2 {
			again++
		}
	}
	within := func(what string, part, whole int, least, most float64) {
		t.Helper()
		if s := float64(part) / float64(whole); s < least || s > most {
			t.Errorf("%s: %.4f, want %.4f to %.4f", what, s, least, most)
		}
	}
	within("calls of people, of those asked for", people, 240_000, .85, 1.3)
	within("answered", answered, people, .5, .72)
	within("to strangers", strangers, people, .05, .1)
	within("short rings, of missed calls", short, missed, .08, .25)
	within("of which it is not known whether the callee knows the caller", unknown, people, .008, .016)
	within("strangers tried three times in vain, of those tried in vain", again, len(tried), .02, .3)
	if rare < 300 {
		t.Errorf("%d clients have fewer than a hundred users", rare)
	}
}
