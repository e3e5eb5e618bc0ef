package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/verify"
)

// openCase begins the case, and brings in what the guard and the hunt have.
func (d *demo) openCase() error {
	var begun struct{ ID string }
	if err := d.asJSON("lena", &begun, "case", "new", "Calls of May (simulated)"); err != nil {
		return err
	}
	d.caseID, d.report.Case = begun.ID, begun.ID
	var got struct{ Exhibits []struct{ ID, Name string } }
	bring := []string{"case", "import", d.caseID, "--campaign", d.campaign}
	if d.archived {
		file, err := d.reveal()
		if err != nil {
			return err
		}
		bring = append(bring, "--revealed", file)
	}
	if err := d.asJSON("lena", &got, bring...); err != nil {
		return err
	}
	for _, x := range got.Exhibits {
		d.exhibits["campaign"] = x.ID // the last one is for everybody: pseudonyms
	}
	number, err := d.incident()
	if err != nil {
		return err
	}
	if err := d.asJSON("lena", &got, "case", "import", d.caseID, "--incident", fmt.Sprint(number)); err != nil {
		return err
	}
	if len(got.Exhibits) > 0 {
		d.exhibits["incident"] = got.Exhibits[len(got.Exhibits)-1].ID
	}
	if err := d.whoTheyAre(); err != nil {
		return err
	}
	d.say("%s has %d people under pseudonyms", d.caseID, d.report.Found)
	return nil
}

// reveal turns the pseudonyms of the archive back: one person asks, another agrees,
// and it stands in a log before anything is shown.
func (d *demo) reveal() (file string, err error) {
	for _, name := range []string{"ann", "ben"} {
		out, err := d.plain("hunt", "key", name, "--out", d.key(name), "--json")
		if err != nil {
			return "", err
		}
		var made struct{ Key string }
		if err := json.Unmarshal([]byte(out), &made); err != nil {
			return "", err
		}
		if _, err := d.ringfence("", "hunt", "enroll", made.Key); err != nil {
			return "", err
		}
	}
	ask := []string{"calls", "reveal", "--case", d.caseID, "--json"}
	for _, p := range d.pseudonyms {
		ask = append(ask, "--pseudonym", p)
	}
	if _, err := d.ringfence("ann", ask...); err == nil {
		return "", errors.New("one person alone turned pseudonyms back")
	} else if query := queryForm.FindString(err.Error()); query == "" {
		return "", err
	} else if _, err := d.ringfence("ben", "hunt", "approve", query); err != nil {
		return "", err
	}
	out, err := d.ringfence("ann", ask...)
	if err != nil {
		return "", err
	}
	d.say("two people agreed to turn %d pseudonyms of the archive back; it is in the log", len(d.pseudonyms))
	file = filepath.Join(d.Data, "revealed.json")
	return file, os.WriteFile(file, []byte(out), 0o600)
}

var queryForm = regexp.MustCompile(`Q-\d{4}-\d{4}`)

// whoTheyAre records what is known of the people: where they live, as their accounts
// say, and what a helpline knows of some. Names stay sealed.
func (d *demo) whoTheyAre() error {
	return d.withCase(func(c *casefile.Case, h *casefile.Hand) error {
		people, err := c.Records(d.e.ctx, fact.KindPerson)
		if err != nil {
			return err
		}
		unseal, err := c.Unseal(h)
		if err != nil {
			return err
		}
		country := map[string]string{}
		for _, p := range d.targets {
			country[p.account.String()] = p.country
		}
		var all []casefile.Record
		for i, r := range people {
			var p fact.Person
			var who fact.Identity
			if err := json.Unmarshal(r.Body, &p); err != nil {
				return err
			}
			b, err := unseal(p.Sealed)
			if err == nil {
				err = json.Unmarshal(b, &who)
			}
			if err != nil {
				return err
			}
			p.Country, p.Language = country[who.Account], []string{"es", "en", "ar", "ar", "es", "fr"}[i%6]
			if i < d.Civil {
				p.Class, p.KnownBy = "civil society", "Example Helpline"
				p.High = i%10 == 0
			}
			if r.Body, err = json.Marshal(p); err != nil {
				return err
			}
			all = append(all, casefile.Record{Kind: r.Kind, ID: r.ID, Tier: r.Tier, Exhibits: r.Exhibits, Body: r.Body})
		}
		_, err = c.Put(d.e.ctx, h, all...)
		return err
	})
}

// accounts records more of the attackers' accounts than their calls.
func (d *demo) accounts(what func(p *simulated, a *fact.Account)) error {
	return d.withCase(func(c *casefile.Case, h *casefile.Hand) error {
		records, err := c.Records(d.e.ctx, fact.KindAccount)
		if err != nil {
			return err
		}
		unseal, err := c.Unseal(h)
		if err != nil {
			return err
		}
		var all []casefile.Record
		for _, r := range records {
			var a fact.Account
			var who fact.Identity
			if err := json.Unmarshal(r.Body, &a); err != nil {
				return err
			}
			b, err := unseal(a.Sealed)
			if err == nil {
				err = json.Unmarshal(b, &who)
			}
			if err != nil {
				return err
			}
			i := slices.IndexFunc(d.attackers, func(p *simulated) bool { return p.account.String() == who.Account })
			if i < 0 {
				continue
			}
			what(d.attackers[i], &a)
			if r.Body, err = json.Marshal(a); err != nil {
				return err
			}
			all = append(all, casefile.Record{Kind: r.Kind, ID: r.ID, Tier: r.Tier, Exhibits: r.Exhibits, Body: r.Body})
		}
		_, err = c.Put(d.e.ctx, h, all...)
		return err
	})
}

// withCase works on the case as the lead.
func (d *demo) withCase(do func(*casefile.Case, *casefile.Hand) error) error {
	room, err := casefile.Open(filepath.Join(d.Data, "cases"), version, d.clock.now)
	if err != nil {
		return err
	}
	defer room.Close()
	b, err := os.ReadFile(d.key("lena"))
	if err != nil {
		return err
	}
	h, err := casefile.ReadHand(b)
	if err != nil {
		return err
	}
	c, err := room.Case(d.e.ctx, d.caseID)
	if err != nil {
		return err
	}
	return errors.Join(do(c, h), c.Close())
}

// newestOf is the fact of a kind that was recorded last.
func newestOf[F any](d *demo, k fact.Kind) (f F, err error) {
	err = d.withCase(func(c *casefile.Case, _ *casefile.Hand) error {
		all, err := c.Records(d.e.ctx, k)
		if err == nil && len(all) == 0 {
			err = fmt.Errorf("the case has no %s", k)
		}
		if err != nil {
			return err
		}
		return json.Unmarshal(all[len(all)-1].Body, &f)
	})
	return f, err
}

// put records facts as the lead.
func (d *demo) put(exhibits []string, facts ...fact.Fact) error {
	return d.withCase(func(c *casefile.Case, h *casefile.Hand) error {
		var all []casefile.Record
		for _, f := range facts {
			r, err := casefile.NewRecord(f, exhibits...)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		_, err := c.Put(d.e.ctx, h, all...)
		return err
	})
}

// recordFacts writes down the response, and what the case file says in words.
func (d *demo) recordFacts() error {
	d.clock.pass(24 * time.Hour)
	now := d.clock.now().UTC()
	day := func(before int) string { return now.AddDate(0, 0, -before).Format(time.DateOnly) }
	var facts []fact.Fact
	for i, w := range []struct {
		who, task string
		hours     float64
	}{{"engineer on call", "finding out what the calls were", 9}, {"engineer", "holding the calls against what the hunt found", 7.5}, {"security lead", "leading the response", 11}, {"counsel", "notices, and what may be kept for how long", 6}, {"examiner", "examining a phone", 4.25}} {
		facts = append(facts, fact.Hours{Day: day(5 - i), Who: w.who, Task: w.task, Minutes: quarters(w.hours), Rate: 12_000, Currency: "USD"})
	}
	facts = append(facts,
		fact.Cost{Day: day(1), What: "storage for records of calls that must be kept", Amount: 148_050, Currency: "USD"},
		fact.Server{Name: "demo", Role: "signalling", City: "this machine", Country: "US", From: now.AddDate(0, -1, 0), Events: d.report.Calls, Basis: "simulated: one process on one machine"},
		fact.Terms{Version: "2026-01", From: now.AddDate(0, -1, 0), Clauses: []string{"You may not use it to put software on somebody's device, to call people in order to do them harm, to reverse engineer it for such a purpose, or to act for somebody who is excluded from it."}},
		fact.Infrastructure{Type: "domain", Value: "update.paleheron.example", Owner: "a reseller (fictitious)", Role: "named in the list of indicators"},
		fact.Party{Name: "chat.example", Role: "operator of the service", Text: "runs the messenger through which the calls came (simulated)"},
		fact.Party{Name: "Pale Heron Ltd", Role: "vendor", Text: "a fictitious company that sells a fictitious product called Heron"},
		fact.Deadline{Day: now.AddDate(0, 0, 30).Format(time.DateOnly), What: "reply of the vendor to the letter"})
	if err := d.put(nil, facts...); err != nil {
		return err
	}
	if err := d.letter(); err != nil {
		return err
	}
	print, err := d.print()
	if err != nil {
		return err
	}
	err = d.accounts(func(p *simulated, a *fact.Account) {
		a.Created, a.Print, a.Terms = p.joined, print, []fact.Acceptance{{Version: "2026-01", At: p.joined}}
		if p.from != "" {
			a.Networks = []string{p.from[:strings.LastIndexByte(p.from, '.')] + ".0/24"}
		}
	})
	if err != nil {
		return err
	}
	return d.words()
}

// letter tells the vendor to stop, and asks for a reply.
func (d *demo) letter() error {
	path := filepath.Join(d.Data, "letter-to-vendor.txt")
	d.noticed = d.clock.now().UTC()
	text := "To Pale Heron Ltd (fictitious)\n\nOn our service accounts called people who did not know them. Stop it, keep your records, and tell us what you know of it.\nWe print your answer in full.\n\nchat.example (simulated), " + d.noticed.Format(time.DateOnly) + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	var added struct{ Exhibits []struct{ ID string } }
	err := d.asJSON("cass", &added, "case", "add", d.caseID, path, "--source", "counsel of chat.example", "--basis", "own correspondence", "--tier", "public")
	if err == nil && len(added.Exhibits) > 0 {
		d.exhibits["letter"] = added.Exhibits[0].ID
	}
	return err
}

// words are the paragraphs of the case file.
func (d *demo) words() error {
	x := func(names ...string) (ids []string) {
		for _, n := range names {
			if id := d.exhibits[n]; id != "" {
				ids = append(ids, id)
			}
		}
		return ids
	}
	for i, p := range []struct {
		section string
		alleges bool
		text    string
		rests   []string
	}{
		{"summary", true, fmt.Sprintf("In the course of some days %d accounts of this service called %d people, of whom none knew the caller. None of the calls was meant to be talked in: each was one of a few offers, and then the account turned to the next person.", d.report.Accounts, d.report.Found), x("campaign")},
		{"summary", true, "No call of the campaign rang. The service does not let a call ring that comes from somebody whom the person called has not accepted, and tells the phone nothing of the caller's choosing before it is answered.", x("campaign", "incident")},
		{"unknown", false, "It is not known what would have followed if a call had been answered: the callers sent nothing but the offer, because the service takes nothing else. It is not known who gave the order.", nil},
		{"unknown", false, "One phone was examined. What was found on it is not shown to have come through this service.", nil},
		{"parties", false, "Pale Heron Ltd is a fictitious company. Nothing in this file is about a company, a government or a person that exists.", nil},
		{"jurisdiction", true, "All offers of the campaign were handled by the server named in this section.", x("campaign")},
		{"service", false, "To call somebody, a device sends an offer to the signalling server. It names who is called and whether with picture, and nothing else. The server makes the ring itself. Sound and picture flow through a relay once the call is answered.", nil},
		{"service", true, "The accounts used a client that shows itself as another program than the service's own, and that no other account of the service uses.", x("campaign")},
		{"authorisation", true, "Each of the accounts accepted the terms of service, version 2026-01, before its first call. The terms forbid calling people in order to do them harm.", x("campaign")},
		{"method", false, "The campaign was found by the service's own hunt from call records, without a look at anything that people wrote or said. The analysts' steps stand in the ledger of this case, signed.", nil},
		{"harm", true, "The response took the work of five people, and storage for the records that must be kept.", x("campaign")},
		{"remediation", false, "The accounts are banned, and so is the print of their client: a new account that shows it is flagged, and a person decides.", nil},
		{"relief", false, "An order is sought that those responsible do not use the service, and keep no data of the people who were called.", nil},
		{"reply", false, "The vendor was asked for a reply. None had come when this edition was made.", nil},
	} {
		if err := d.put(p.rests, fact.Paragraph{Section: p.section, Order: i + 1, Text: p.text, Allegation: p.alleges}); err != nil {
			return fmt.Errorf("paragraph %d: %w", i+1, err)
		}
	}
	return nil
}

// notice has a notice written, reviewed in each language and approved by two.
func (d *demo) notice() error {
	d.clock.pass(24 * time.Hour)
	notify := func(who string, args ...string) error {
		_, err := d.ringfence(who, append([]string{"case", "notify", d.caseID}, args...)...)
		return err
	}
	steps := [][]string{{"lena", "--draft"}}
	for _, tag := range []string{"ar", "en", "es", "fa", "he"} {
		steps = append(steps, []string{"omar", "--review", tag})
	}
	steps = append(steps, []string{"nora", "--review", "fr"}, []string{"lena", "--approve"}, []string{"cass", "--approve"},
		[]string{"lena", "--told", "Example Helpline", "--from", d.clock.now().UTC().Format(time.DateOnly)})
	for _, s := range steps {
		if err := notify(s[0], s[1:]...); err != nil {
			return err
		}
	}
	d.say("six languages, each approved word for word by somebody fluent in it")
	return nil
}

// told sends the notice; a quarter of the people open it, and some of them answer.
func (d *demo) told() error {
	d.clock.pass(24 * time.Hour)
	var sent struct {
		Sent struct{ Now, Undelivered, Waiting int }
	}
	if err := d.asJSON("lena", &sent, "case", "notify", d.caseID, "--send", "--batch", "500", "--every", "0s", "--spread", "0s"); err != nil {
		return err
	}
	d.report.Told = sent.Sent.Now
	if sent.Sent.Undelivered > 0 || sent.Sent.Waiting > 0 {
		return fmt.Errorf("%d could not be reached and %d wait", sent.Sent.Undelivered, sent.Sent.Waiting)
	}
	d.clock.pass(8 * time.Hour)
	for i := 0; i < len(d.targets); i += 4 {
		if err := d.readsNotice(d.targets[i], i%8 == 0, i%12 == 0); err != nil {
			return fmt.Errorf("%s: %w", d.targets[i].name, err)
		}
		d.clock.pass(2 * time.Minute)
	}
	var got struct{ Collected struct{ Read, Answered int } }
	if err := d.asJSON("lena", &got, "case", "notify", d.caseID, "--collect"); err != nil {
		return err
	}
	d.report.Read = got.Collected.Read
	d.say("%d have it, %d have opened it, %d consents were given; each device checked both signatures", d.report.Told, d.report.Read, got.Collected.Answered)
	d.clock.pass(2 * 24 * time.Hour)
	return nil
}

// readsNotice opens a person's device, which checks the notice, and reads it.
func (d *demo) readsNotice(p *simulated, counted, examined bool) error {
	defer p.close()
	if err := p.open(""); err != nil {
		return err
	}
	c := p.device
	if err := c.RefreshSecurity(d.e.ctx); err != nil {
		return err
	}
	s := c.Security()
	if len(s.Notices) == 0 && s.Forged == 0 {
		return nil // the campaign does not name this person
	}
	if len(s.Notices) != 1 || s.Forged > 0 {
		return fmt.Errorf("the device shows %d notices, and %d are not genuine", len(s.Notices), s.Forged)
	}
	code := s.Notices[0].Code
	if err := c.ReadSecurity(d.e.ctx, code); err != nil {
		return err
	}
	for what, yes := range map[string]bool{"counted": counted, "examination": examined} {
		if !yes {
			continue
		}
		if err := c.AnswerSecurity(d.e.ctx, code, what, true); err != nil {
			return err
		}
	}
	return nil
}

// export writes the case file in two editions, and has them verified by the part of
// this program that others can read whole.
func (d *demo) export() error {
	for _, edition := range []string{"court", "public"} {
		path := filepath.Join(d.Out, fmt.Sprintf("%s-%s.zip", d.caseID, edition))
		if _, err := d.ringfence("cass", "case", "export", d.caseID, "--edition", edition, "--out", path, "--reason", "the demo"); err != nil {
			return err
		}
		r, err := verify.File(path, verify.Options{})
		if err != nil {
			return err
		}
		var wrong []string
		for _, c := range r.Checks {
			wrong = slices.Concat(wrong, c.Faults)
		}
		if len(wrong) > 0 {
			return fmt.Errorf("%s: %s", path, strings.Join(wrong, "; "))
		}
		d.report.Editions = append(d.report.Editions, edited{edition, path, len(r.Checks)})
		d.say("%s: %d checks, all of them passed", filepath.Base(path), len(r.Checks))
	}
	d.clock.pass(storyBegins) // what is left of it: it is the present
	return nil
}
