package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/store"
)

const (
	watchedPhones = 20 // of targets, that are on while the campaign runs
	offersAtOnce  = 4  // of an account in a minute, below what the guard lets everybody do
)

// attackAccounts is from how many accounts the calls come.
func (d *demo) attackAccounts() int { return min(14, max(4, d.Targets/10)) }

// attackDays is over how many days the calls are spread: twelve, as in 2019, or
// fewer where there are few people.
func (d *demo) attackDays() int { return max(1, min(12, d.Targets/30)) }

// attempt is one call that the attackers make.
type attempt struct {
	by   int
	whom *simulated
}

// attack rings everybody from a few accounts that are made for it, over some days in
// what are office hours somewhere, up to three times each.
func (d *demo) attack() error {
	for i := range d.attackAccounts() {
		from := ""
		if runtime.GOOS == "linux" { // all of 127.0.0.0/8 is this machine there
			from = fmt.Sprintf("127.66.%d.10", i%3)
		}
		d.attackers = append(d.attackers, d.simulated(fmt.Sprintf("caller_%02d", i+1), attackProgram, from, ""))
	}
	if err := d.join(d.attackers); err != nil {
		return err
	}
	watched := d.targets[:min(watchedPhones, len(d.targets))]
	for _, p := range slices.Concat(d.attackers, watched) {
		if err := p.open(""); err != nil {
			return err
		}
		if err := p.device.Connect(d.e.ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	for day := range d.attackDays() {
		if err := d.attackDay(d.planned(day)); err != nil {
			return err
		}
	}
	for _, p := range watched {
		if n := len(p.rings); n > 0 {
			return fmt.Errorf("the phone of %s rang %d times", p.name, n)
		}
		p.close()
	}
	d.say("%d calls at %d people; of %d phones that were on, none rang", d.tried, len(d.targets), len(watched))
	return nil
}

// planned are the attempts of a day, at a part of the people.
func (d *demo) planned(day int) (all []attempt) {
	for i := day; i < len(d.targets); i += d.attackDays() {
		by := d.random.IntN(len(d.attackers))
		for range 1 + d.random.IntN(3) {
			all = append(all, attempt{by, d.targets[i]})
		}
	}
	d.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// attackDay makes the attempts of a day, and lets the rest of it go by.
func (d *demo) attackDay(all []attempt) error {
	begun := d.clock.now()
	for len(all) > 0 {
		var later []attempt
		done := map[int]int{}
		for _, a := range all {
			if done[a.by] == offersAtOnce {
				later = append(later, a)
				continue
			}
			done[a.by]++
			if err := d.attackers[a.by].tries(a.whom); err != nil {
				return fmt.Errorf("%s: %w", d.attackers[a.by].name, err)
			}
			d.tried++
		}
		all = later
		time.Sleep(150 * time.Millisecond) // the service takes them in
		d.clock.pass(time.Duration(3+d.random.IntN(12)) * time.Minute)
	}
	d.clock.pass(24*time.Hour - d.clock.now().Sub(begun))
	return nil
}

// huntsFor is how long the hunt over all records is waited for: those of the last
// minutes reach the archive after a minute.
const huntsFor = 100 * time.Second

// found waits for what the hunt found while the calls came, and lets it go through
// all records, to name everybody.
func (d *demo) found() error {
	var best hunt.Campaign
	for begun, n := time.Now(), 0; len(best.Targets) < len(d.targets) && time.Since(begun) < huntsFor; n++ {
		if n > 0 {
			time.Sleep(time.Second)
		}
		if n%5 == 4 {
			if _, err := d.command("", exitFound, "hunt", "find"); err != nil && d.e.ctx.Err() != nil {
				return d.e.ctx.Err() // otherwise there is nothing in the archive yet
			}
		}
		was := len(best.Targets)
		c, err := d.newest()
		if err != nil {
			return err
		}
		if best = c; was == 0 && len(best.Targets) > 0 {
			d.say("while the calls came it named %d people, and held back every further call of the accounts", len(best.Targets))
		}
	}
	if best.ID == "" {
		return errors.New("the hunt has found nothing")
	}
	d.campaign, d.report.Campaign, d.report.Found, d.report.Accounts = best.ID, best.ID, len(best.Targets), len(best.Accounts)
	d.report.Calls = len(best.Attempts)
	if d.archived = pseudonymForm.MatchString(best.Accounts[0]); d.archived {
		d.pseudonyms = slices.Clone(best.Accounts)
		for _, t := range best.Targets {
			d.pseudonyms = append(d.pseudonyms, t.ID)
		}
	}
	for outcome, n := range best.Outcomes {
		if outcome != "answered" && outcome != "connected" {
			d.report.Stopped += n
		}
	}
	d.say("%s: %d of %d people, by %d accounts, %s; %d calls, of which %d went no further", best.ID, len(best.Targets), len(d.targets), len(best.Accounts), best.Strength, len(best.Attempts), d.report.Stopped)
	for _, why := range best.Why[:min(3, len(best.Why))] {
		d.say("  %s", why)
	}
	return nil
}

// newest is the campaign with the most targets that is kept.
func (d *demo) newest() (best hunt.Campaign, err error) {
	var list struct{ Campaigns []json.RawMessage }
	if err := d.asJSON("", &list, "hunt", "list"); err != nil {
		return best, err
	}
	for _, b := range list.Campaigns {
		var c hunt.Campaign
		if err := json.Unmarshal(b, &c); err != nil {
			return best, err
		}
		if len(c.Targets) > len(best.Targets) {
			best = c
		}
	}
	return best, nil
}

// incident is a verdict of the guard on one of the attackers' calls.
func (d *demo) incident() (int64, error) {
	st, err := store.Open(d.Data, d.clock.now)
	if err != nil {
		return 0, err
	}
	defer st.Close()
	all, err := st.Verdicts(d.e.ctx, guard.Filter{Account: d.attackers[0].account}, guard.Newest(50))
	if err != nil {
		return 0, err
	}
	for _, v := range all {
		if !v.Call.IsZero() && !v.Passed() {
			return v.Number, nil
		}
	}
	if len(all) > 0 {
		return all[0].Number, nil
	}
	return 0, errors.New("the guard has no verdict on the attackers' calls")
}

// ban shuts the attackers out, and lets one of them come back with another account.
func (d *demo) ban() error {
	by := []string{"--reason", "took part in " + d.campaign + ", which called " + fmt.Sprint(d.report.Found) + " people who did not know the caller", "--case", d.caseID, "--evidence", d.exhibits["campaign"], "--by", "lena"}
	for _, a := range d.attackers {
		a.close()
		if _, err := d.ringfence("", append([]string{"ban", "add", "account", a.account.String(), "--until", "365d"}, by...)...); err != nil {
			return err
		}
	}
	print, err := d.print()
	if err != nil {
		return err
	}
	if _, err := d.ringfence("", append([]string{"ban", "add", "print", print, "--and", "cass"}, by...)...); err != nil {
		return err
	}
	d.say("print %s is banned by two people", print)
	if _, err := d.ringfence("", append([]string{"ban", "add", "terms", "Pale Heron Ltd (fictitious)", "--terms", "2026-01"}, by...)...); err != nil {
		return err
	}
	if _, err := d.ringfence("lena", "case", "import", d.caseID, "--bans"); err != nil {
		return err
	}
	d.clock.pass(24 * time.Hour)
	time.Sleep(2 * time.Second) // the service sees what another process did
	return d.comeBack()
}

// print is that of the attackers' client.
func (d *demo) print() (string, error) {
	var seen struct {
		Prints []struct{ Kind, Value string }
	}
	if err := d.asJSON("", &seen, "ban", "prints", d.attackers[0].name); err != nil {
		return "", err
	}
	for _, p := range seen.Prints {
		if p.Kind == string(guard.BanPrint) {
			return p.Value, nil
		}
	}
	return "", errors.New("the attackers' client showed no print")
}

// comeBack is a new account of the banned print.
func (d *demo) comeBack() error {
	again := d.simulated("caller_again", attackProgram, d.attackers[0].from, "")
	if err := d.join([]*simulated{again}); err != nil {
		return err
	}
	if err := again.open(""); err != nil {
		return err
	}
	defer again.close()
	if err := again.device.Connect(d.e.ctx); err != nil {
		return err
	}
	var flags struct{ Open int }
	for range 60 {
		out, err := d.command("", exitFound, "ban", "flags", "--json")
		if err == nil {
			err = json.Unmarshal([]byte(out), &flags)
		}
		if err == nil && flags.Open > 0 {
			break
		}
		time.Sleep(250 * time.Millisecond)
	}
	if flags.Open == 0 {
		return errors.New("the new account of the banned print was not flagged")
	}
	d.report.Evasion = flags.Open
	if err := d.put([]string{d.exhibits["campaign"], d.exhibits["letter"]}, fact.Conduct{Notice: d.noticed, At: d.clock.now().UTC(), What: "an account with the print of the campaign's client signs up"},
		fact.Paragraph{Section: "conduct", Order: 100, Text: "After the letter to the vendor an account with the print of the campaign's client signed up. It was flagged, and its calls ring only with people who know it.", Allegation: true}); err != nil {
		return err
	}
	d.say("%d new account is flagged: its calls ring only with people who know it, until a person decides", flags.Open)
	return nil
}

// hours is a number of minutes of work, told to a quarter of an hour.
func quarters(hours float64) int { return int(math.Round(hours*4)) * 15 }
