package report

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/hunt"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// hostile is what a record may hold to deceive whoever reads the report.
const hostile = `<script>alert(1)</script><img src=x onerror=alert(2)>` + "\u202egpj.exe\u2066 \x1b[2J \x00 \xff {{.}}\n"

// campaign makes a campaign of a size, the same each time.
func campaign(n, accounts, targets int, strength hunt.Strength) hunt.Campaign {
	random := rand.New(rand.NewPCG(uint64(n), 7))
	c := hunt.Campaign{ID: fmt.Sprintf("C-2026-%04d", n), Strength: strength, Countries: map[string]int{}, Outcomes: map[string]int{},
		Why:     []string{fmt.Sprintf("%d accounts tried %d people who did not know them; nearly all never answered", accounts, targets), "the accounts share their client print; 40 of the 41 accounts that have it behave like this. Chance does not make such a group."},
		Prints:  []string{"android 2.19.134 opus/sdes order 7f3a"},
		Without: map[string]bool{"client print": true, "rhythm": false},
		Features: []hunt.Feature{
			{Name: "client print", Value: "android 2.19.134 opus/sdes order 7f3a", ShareInCampaign: 1, ShareInAll: 0.0000041, Words: "100 % in the campaign, one in 243902 in all"},
			{Name: "network", Value: "AS64500", ShareInCampaign: 0.61, ShareInAll: 0.002, Words: "61 % in the campaign, 0.2 % in all"},
			{Name: "strangers who never answered", ShareInCampaign: 0.97, ShareInAll: 0.31, Words: "97 % in the campaign, 31 % in all"},
			{Name: "rhythm", Value: "rings about 3s, again after about 6s, about 3 times", ShareInCampaign: 0.9, ShareInAll: 0.00002},
			{Name: "accounts of at most 30 days", ShareInCampaign: 0.8, Words: "32 of 40 of the accounts were made at most 30 days before their first attempt"},
		}}
	if strength != hunt.Strong {
		c.Against = []string{"one in ten of the people it calls answer and talk: a call centre, a support desk or a fraud ring looks like this"}
	}
	for i := range accounts {
		c.Accounts = append(c.Accounts, fmt.Sprintf("p1qr%08xzk%d", random.Uint32(), i))
	}
	for i := range 1 + accounts/8 {
		c.Networks = append(c.Networks, fmt.Sprintf("AS%d", 64500+i))
	}
	codes := []string{"MX", "MX", "MX", "AE", "BH", "MA", "IN", "RW", "TG", "ES", "GB", "US", "KZ", "PS", "IL", "HU", "PL", "SV", "AU", "BR", "ZA", "ZZ"}
	for i := range targets {
		t := hunt.Target{ID: fmt.Sprintf("t%09xq%d", random.Uint64()>>28, i), Country: codes[random.IntN(1+random.IntN(len(codes)))], Contact: i%97 == 5}
		at := noon.Add(time.Duration(random.Int64N(int64(12 * 24 * time.Hour))))
		own := random.IntN(accounts)
		for range 1 + random.IntN(4) {
			by := own
			if random.IntN(6) == 0 {
				by = (own + 1) % accounts
			}
			a := hunt.Attempt{Time: at, Account: c.Accounts[by], Target: t.ID, Outcome: []string{"missed", "missed", "missed", "cancelled", "blocked", "failed", "declined", "answered"}[random.IntN(8)], RingMS: int32(random.IntN(9000))}
			c.Attempts = append(c.Attempts, a)
			c.Outcomes[a.Outcome]++
			c.Hours[at.Hour()*at.Hour()/24]++
			t.Last = at
			at = at.Add(time.Duration(4+random.IntN(9)) * time.Second)
			if t.Attempts++; t.Attempts == 1 {
				t.First = t.Last
			}
		}
		c.Countries[t.Country]++
		c.Targets = append(c.Targets, t)
	}
	slices.SortFunc(c.Attempts, func(a, b hunt.Attempt) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Target, b.Target)) })
	if n := len(c.Attempts); n > 0 {
		c.From, c.To = c.Attempts[0].Time, c.Attempts[n-1].Time
	}
	return c
}

func sample() hunt.Result {
	return hunt.Result{Version: 1, Records: 100_000_000, Rejected: 3, Reasons: map[string]int64{"no time": 3}, Unread: []string{"calls/03.parquet: the footer is cut short"},
		Absent: []string{"caller_network"}, Explained: map[string]int{"people who talk with strangers": 40, "mass calls": 7}, Seconds: 12.3,
		Campaigns: []hunt.Campaign{campaign(7, 40, 1400, hunt.Strong), campaign(8, 6, 70, hunt.Moderate), campaign(9, 2, 4, hunt.Weak)}}
}

// crowded has as many campaigns as a page draws.
func crowded() hunt.Result {
	r := hunt.Result{Version: 1, Records: 1}
	for i := range 200 {
		r.Campaigns = append(r.Campaigns, campaign(i, 3+i%30, 20+i, []hunt.Strength{hunt.Strong, hunt.Moderate, hunt.Weak}[i%3]))
	}
	return r
}

// deceitful has a hostile text wherever there is one.
func deceitful() hunt.Result {
	r := hunt.Result{Campaigns: []hunt.Campaign{campaign(1, 3, 9, hunt.Moderate)}, Unread: []string{hostile}, Absent: []string{hostile}, Reasons: map[string]int64{hostile: 1}, Explained: map[string]int{hostile: 2}}
	c := &r.Campaigns[0]
	c.ID, c.Strength, c.Why, c.Against = hostile, hostile, []string{hostile}, []string{hostile, strings.Repeat("long", 5000)}
	c.Accounts[0], c.Prints, c.Networks = hostile, []string{hostile}, []string{hostile}
	c.Features = []hunt.Feature{{Name: hostile, Value: hostile, Words: hostile, ShareInCampaign: 1}, {Name: hostile, Value: hostile, ShareInCampaign: -3, ShareInAll: 1e300}}
	c.Countries = map[string]int{hostile: 4, "": 2, "xx": -1, "MX": 1}
	for i := range c.Targets {
		c.Targets[i].ID, c.Targets[i].Country = hostile, hostile
	}
	for i := range c.Attempts {
		c.Attempts[i].Target, c.Attempts[i].Account, c.Attempts[i].Outcome, c.Attempts[i].RingMS = hostile, hostile, hostile, -1<<31
	}
	c.Attempts[0].Time = time.Time{} // years before the others
	c.Hours[3] = -5
	return r
}
