package document

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/attribution"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/casefile/judging"
	"github.com/ringfence/ringfence/casefile/notice"
	"github.com/ringfence/ringfence/verify"
)

// The sample is the story of 2019 on simulated people, with a vendor that does not
// exist: calls whose settings carried code, stopped in May, and what followed.

const sampleOrigin = "ringfence.example/case/5d2c0c1e8a1f4b7790aa31cd"

func day(month time.Month, d, hour, minute int) time.Time {
	return time.Date(2019, month, d, hour, minute, 0, 0, time.UTC)
}

// story collects a source as a case would.
type story struct {
	t testing.TB
	s Source
}

func (y *story) entry(when time.Time, actor, role string, f map[string]any) int64 {
	y.t.Helper()
	f["at"], f["actor"], f["role"], f["log"], f["tool"] = when.Format(time.RFC3339Nano), actor, role, sampleOrigin, "ringfence 1.0 (sample)"
	open, n := map[string]verify.Opening{}, int64(len(y.s.Entries))
	for name, v := range f {
		b, err := json.Marshal(v)
		if err != nil {
			y.t.Fatal(err)
		}
		salt := sha256.Sum256(fmt.Appendf(nil, "sample %d %s", n, name)) // not random: the sample is the same every time
		open[name] = verify.Opening{Salt: salt[:], Value: b}
	}
	leaf, err := verify.NewLeaf(open)
	if err != nil {
		y.t.Fatal(err)
	}
	y.s.Entries = append(y.s.Entries, verify.Entry{N: n, Leaf: leaf, Open: open})
	return n
}

func (y *story) exhibit(when time.Time, name, source, basis, kind string, tier casefile.Tier, content string, inputs ...string) string {
	y.t.Helper()
	a, b := sha256.Sum256([]byte(content)), sha3.Sum256([]byte(content))
	x := casefile.Exhibit{ID: fmt.Sprintf("E-%04d", len(y.s.Exhibits)+1), Name: name, Source: source, Basis: basis, Kind: kind, Tier: tier, Size: int64(len(content)), SHA256: hex.EncodeToString(a[:]),
		SHA3: hex.EncodeToString(b[:]), By: "nora", At: when, Inputs: inputs, Tool: "ringfence 1.0 (sample)", Proved: day(6, 20, 3, 0)}
	action := "acquire"
	if inputs != nil {
		action = "derive"
	}
	x.Entry = y.entry(when, x.By, "analyst", map[string]any{"action": action, "exhibit": x.ID, "name": name, "source": source, "basis": basis, "tier": tier, "size": x.Size, "sha256": x.SHA256, "sha3_256": x.SHA3})
	y.s.Exhibits = append(y.s.Exhibits, x)
	return x.ID
}

func (y *story) put(when time.Time, id string, f fact.Fact, exhibits ...string) {
	y.t.Helper()
	if err := f.Check(); err != nil {
		y.t.Fatalf("%s: %v", id, err)
	}
	b, err := json.Marshal(f)
	if err != nil {
		y.t.Fatal(err)
	}
	y.record(when, f.Kind(), id, b, exhibits...)
}

func (y *story) record(when time.Time, k fact.Kind, id string, body []byte, exhibits ...string) {
	n := y.entry(when, "nora", "analyst", map[string]any{"action": "record", "kind": k, "subject": id, "tier": casefile.Court, "inputs": exhibits, "body": json.RawMessage(body)})
	y.s.Records[k] = append(y.s.Records[k], casefile.Record{Kind: k, ID: id, Tier: casefile.Court, Exhibits: exhibits, Body: body, By: "nora", At: when, Entry: n})
}

// sample is the whole case, as the edition of the court has it.
func sample(t testing.TB) Source {
	y := &story{t, Source{Edition: "court", Made: day(6, 21, 14, 0), By: "lena", Tool: "ringfence 1.0 (sample)", Records: map[fact.Kind][]casefile.Record{}}}
	y.s.Case = casefile.Summary{ID: "K-2019-0001", Title: "Calls of May", Opened: day(5, 3, 9, 0), By: "nora"}
	y.s.Persons = []casefile.Person{{Name: "nora", Role: casefile.Analyst}, {Name: "omar", Role: casefile.Reviewer}, {Name: "lena", Role: casefile.Lead}, {Name: "cass", Role: casefile.Counsel}}
	y.s.SelfTests = []SelfTest{{"1,000 simulated attacks in 100,000 simulated ordinary calls", "998 held back, none of the ordinary calls", day(4, 30, 12, 0)}}
	y.entry(day(5, 3, 9, 0), "nora", "analyst", map[string]any{"action": "open case", "title": "Calls of May"})
	y.exhibit(day(5, 3, 9, 20), "call-records.jsonl", "records of the service", "own records of the service", "calls", casefile.Court, "call records")
	y.exhibit(day(5, 3, 10, 5), "refused-packets.pcap", "relay rel-2", "own records of the service", "capture", casefile.Court, "packets")
	y.exhibit(day(5, 16, 11, 0), "phone-T-0007.tar", "phone of T-0007", "consent:C-12", "", casefile.Court, "acquisition")
	y.exhibit(day(5, 16, 15, 30), "check-T-0007.json", "check of E-0003", "consent:C-12", "report", casefile.Court, "report", "E-0003")
	y.exhibit(day(5, 20, 9, 0), "terms-acceptance.csv", "records of the service", "own records of the service", "records", casefile.Court, "acceptance")
	y.exhibit(day(5, 29, 17, 0), "letter-to-vendor.pdf", "counsel", "correspondence", "", casefile.Public, "letter")
	y.exhibit(day(6, 2, 8, 0), "registry-extract.txt", "public registries", "public", "", casefile.Public, "registry")
	y.facts()
	y.people()
	y.telling()
	y.words()
	y.judged()
	y.s.Case.Exhibits, y.s.Case.Entries = len(y.s.Exhibits), int64(len(y.s.Entries))
	y.s.Ledger = Ledger{Origin: sampleOrigin, Key: "ringfence.example+1c2d3e4f+AZjxQk9iQm9ndXNLZXlGb3JUaGVTYW1wbGVPbmx5MDAw", Root: y.root(), Entries: int64(len(y.s.Entries))}
	return y.s
}

// root is the hash of the sample's ledger.
func (y *story) root() string {
	var kept []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) (got []tlog.Hash, err error) {
		for _, i := range at {
			got = append(got, kept[i])
		}
		return got, nil
	})
	for _, e := range y.s.Entries {
		more, err := tlog.StoredHashes(e.N, e.Leaf, read)
		if err != nil {
			y.t.Fatal(err)
		}
		kept = append(kept, more...)
	}
	h, err := tlog.TreeHash(int64(len(y.s.Entries)), read)
	if err != nil {
		y.t.Fatal(err)
	}
	return h.String()
}

func (y *story) facts() {
	packet := hex.EncodeToString(append([]byte("OFFER settings=\x90\x90\x90\x90\xeb\x1f"), bytes.Repeat([]byte{0x41}, 64)...))
	for i := range 6 {
		when := day(5, 2+i, 7+i, 11)
		y.put(when.Add(time.Hour), fmt.Sprintf("I-%04d", i+1), fact.Incident{From: when, Until: when.Add(9 * time.Minute), What: "an offer whose settings are longer than the protocol permits, and hold machine code", Rules: []string{"R01", "R07"},
			Account: fmt.Sprintf("A-%04d", i%3+1), Target: fmt.Sprintf("T-%04d", i+2), Calls: 3 + i, Stopped: i > 1, Server: fmt.Sprintf("S-%04d", i%2+1), Packets: []string{packet}}, "E-0001", "E-0002")
	}
	y.put(day(5, 14, 9, 0), "C-2019-0001", fact.Campaign{From: day(4, 29, 5, 10), Until: day(5, 10, 22, 40), Summary: "unanswered calls from accounts that call nobody else, with the same odd settings", Strength: "strong",
		Calls: 2913, HeldBack: 2460, Targets: 1400, Classes: map[string]int{"civil society": 100, "not known": 1300}, Countries: map[string]int{"MX": 456, "IN": 121, "BH": 82, "MA": 69, "PK": 58, "ID": 54, "IL": 51, "SA": 31, "FR": 7, "HU": 3, "CD": 1},
		Accounts: []string{"A-0001", "A-0002", "A-0003"}, Prints: []string{"9f86d081884c7d65"}, Networks: []string{"203.0.113.0/24"}, Reasons: []string{"the same print of the client, which no other account has", "the same three relays", "no call was answered"},
		Against: []string{"two accounts share a print and never called the same person"}}, "E-0001")
	for i, c := range []string{"CY", "NL", "SE"} {
		y.put(day(5, 14, 10, i), fmt.Sprintf("A-%04d", i+1), fact.Account{Role: "caller", Created: day(1, 9+i, 8, 0), First: day(4, 29+i%2, 5, 10), Last: day(5, 10, 20+i, 0), Calls: 971, Print: "9f86d081884c7d65", Networks: []string{fmt.Sprintf("203.0.113.%d/32", 10+i)}, Countries: []string{c},
			Terms: []fact.Acceptance{{Version: "2018-05", At: day(1, 9+i, 8, 1)}}, Banned: day(5, 13, 18, 0), Tag: "0011223344556677"}, "E-0001", "E-0005")
	}
	for i, h := range []fact.Infrastructure{{Type: "domain", Value: "update.paleheron.example", Country: "NL", Owner: "a reseller", Role: "staging"}, {Type: "host", Value: "203.0.113.10", Country: "CY", Owner: "Example Hosting", Role: "caller's network"},
		{Type: "network", Value: "203.0.113.0/24", Country: "CY", Owner: "Example Hosting"}, {Type: "certificate", Value: hex.EncodeToString(bytes.Repeat([]byte{0xa7}, 32)), Role: "of the staging host"}, {Type: "relay", Value: "198.51.100.4", Country: "SE", Role: "relay of the attacker's choosing"}} {
		h.First, h.Last = day(4, 20+i, 0, 0), day(5, 12, i, 0)
		y.put(day(6, 2, 9, i), fmt.Sprintf("H-%04d", i+1), h, "E-0001", "E-0007")
	}
	y.put(day(5, 20, 9, 0), "S-0001", fact.Server{Name: "sig-1", Role: "signalling", City: "Prineville", Country: "US", From: day(1, 1, 0, 0), Events: 1710, Basis: "list of racks of 2019-01"}, "E-0001")
	y.put(day(5, 20, 9, 1), "S-0002", fact.Server{Name: "rel-2", Role: "relay", City: "Ashburn", Country: "US", From: day(1, 1, 0, 0), Events: 1203, Basis: "list of racks of 2019-01"}, "E-0001")
	y.put(day(5, 20, 9, 2), "V-0001", fact.Terms{Version: "2018-05", From: day(1, 1, 0, 0), Clauses: []string{"You must not reverse engineer our services, nor gain or try to gain access to them in an unauthorised manner.", "You must not send malware, or harm our users."}}, "E-0005")
	for i, w := range []string{"engineer", "engineer", "security lead", "counsel"} {
		y.put(day(5, 30, 9, i), fmt.Sprintf("W-%04d", i+1), fact.Hours{Day: fmt.Sprintf("2019-05-%02d", 3+i), Who: w, Task: []string{"finding the cause", "writing and shipping the change", "leading the response", "notices"}[i], Minutes: 480 - 45*i, Rate: 12_000, Currency: "USD"})
	}
	y.put(day(5, 30, 10, 0), "L-0001", fact.Cost{Day: "2019-05-28", What: "two more servers for records of calls", Amount: 148_050, Currency: "USD"})
	y.put(day(6, 12, 9, 0), "O-0001", fact.Conduct{Notice: day(5, 29, 17, 0), At: day(6, 11, 4, 2), What: "an account of the same print signs up, and calls two persons who had been targets"}, "E-0001", "E-0006")
	for i, p := range []fact.Party{{Name: "Example Messenger", Role: "operator of the service", Text: "runs the messenger through which the calls came"}, {Name: "Pale Heron Ltd", Role: "vendor", Text: "a fictitious company that sells a fictitious product called Heron"},
		{Name: "users of the service", Role: "targets as a class", Text: "about 1,400 accounts, known here by pseudonyms"}} {
		y.put(day(6, 1, 9, i), fmt.Sprintf("P-%04d", i+1), p, "E-0007")
	}
}

func (y *story) people() {
	for i := range 12 {
		p := fact.Person{Class: "not known", Country: "MX", Language: "es", First: day(5, 1+i%6, 6, 0), Last: day(5, 8, 6, i), Attempts: 2 + i%4, Notified: day(5, 29, 10, i), Examined: "not asked", Counted: "not asked", Tag: fmt.Sprintf("%032x", 0xabc000+i)}
		if i < 7 {
			p.Class, p.KnownBy, p.Country, p.Language, p.Counted = "civil society", "the person", []string{"IN", "MA", "MX"}[i%3], "ar", "given"
		}
		if i == 6 {
			p.Examined, p.Read = "given", day(5, 29, 18, 3)
		}
		y.put(day(5, 15, 9, i), fmt.Sprintf("T-%04d", i+1), p)
	}
	y.put(day(5, 16, 16, 0), "D-0001", fact.Device{Person: "T-0007", Model: "phone of 2017", OS: "Android 8.1", Taken: day(5, 16, 11, 0), Verdict: "attempted", Traces: day(5, 6, 12, 0), Available: "system log of three days, crash reports, no network log"}, "E-0003", "E-0004")
	y.put(day(5, 16, 16, 1), "D-0002", fact.Device{Person: "T-0003", OS: "iOS 12.2", Verdict: "not examined"})
	y.put(day(5, 16, 16, 2), "F-0001", fact.Finding{Device: "D-0001", At: day(5, 6, 12, 12), Severity: "high", What: "the messenger crashed while a call rang", Where: "data/tombstones/tombstone_04, line 12", Indicator: "", Explanation: "the address of the crash lies within the bytes that the offer carried"}, "E-0004")
}

// judged is what the office of the sample judges: a cluster and a product, and no more.
func (y *story) judged() {
	j := attribution.Template("Who is behind the calls of May?")
	j.Evidence = []attribution.Evidence{
		{ID: "V-01", Text: "the accounts share a client print that no other account of the service has", Exhibits: []string{"E-0001"}, Grade: "A1", BaseRate: 0.000_002, Measured: "among all accounts of the service, 2019-05-10"},
		{ID: "V-02", Text: "the address of the crash on a phone lies within the bytes that the offer carried", Exhibits: []string{"E-0004"}, Grade: "B2"},
		{ID: "V-03", Text: "the staging host is rented from a reseller whom the vendor uses", Exhibits: []string{"E-0007"}, Grade: "C3", Class: true, Forgeable: "anybody who rents there"},
		{ID: "V-04", Text: "somebody who gives no name says which government it was", Exhibits: []string{"E-0006"}, Grade: "F6"},
	}
	for i, rows := range []map[string]string{{"V-01": "CC II II II N", "V-02": "C I I I N", "V-04": "C C C C N"}, {"V-01": "C C I I N", "V-02": "CC C II II N", "V-03": "C C C I N"}} {
		r := &j.Rungs[i]
		r.Likelihood, r.Confidence, r.Change = []string{"almost certain", "likely"}[i], "high", []string{"a client with this print that belongs to somebody else"}
		r.Gaps, r.Assumptions = []string{"no sample of what would have been delivered"}, []string{"the clocks of the service were right"}
		for _, e := range j.Evidence {
			for n, mark := range strings.Fields(rows[e.ID]) {
				r.Cells = append(r.Cells, attribution.Cell{Evidence: e.ID, Hypothesis: r.Hypotheses[n].ID, Mark: mark, Why: "as E-0001 shows"})
			}
		}
	}
	j.Rungs[1].Dissent = []attribution.Dissent{{By: "omar", Opinion: "disagree", Text: "the second source says little about the product"}}
	j.Reviews = []attribution.Review{{By: "omar", At: "2019-06-15T10:00:00Z", Hash: j.Hash(), Opinion: "agree", Text: "of the cluster"}}
	from := attribution.Provenance{Inputs: map[string][]string{}, Source: map[string]string{}, Authors: []string{"nora"}, Who: []string{"omar", "lena", "cass"}}
	for _, x := range y.s.Exhibits {
		from.Inputs[x.ID], from.Source[x.ID] = x.Inputs, x.Source
	}
	b, err := json.Marshal(judging.Version{Judgement: j, Result: j.Judge(from)})
	if err != nil || j.Check() != nil {
		y.t.Fatal(err, j.Check())
	}
	y.record(day(6, 15, 9, 0), fact.KindJudgement, judging.ID, b, "E-0001", "E-0004", "E-0006", "E-0007")
}

// telling are some of the steps by which people were told.
func (y *story) telling() {
	for i, step := range []notice.Step{{Kind: notice.HelplineTold, Helpline: "a helpline", Count: 1400, From: "2019-05-29"}, {Kind: notice.Hold, Reason: "counsel reads the text once more"}, {Kind: notice.Release, Reason: "counsel has read it", Held: 1}} {
		step.Plan, step.By, step.At = "N-2019-0001", "lena", day(5, 27+i, 9, 0)
		if err := step.Check(); err != nil {
			y.t.Fatal(err)
		}
		b, err := json.Marshal(step)
		if err != nil {
			y.t.Fatal(err)
		}
		y.record(step.At, fact.KindNotice, step.Plan, b)
	}
}

func (y *story) words() {
	n := 0
	add := func(section string, alleged bool, text string, exhibits ...string) {
		n++
		y.put(day(6, 10, 9, n), fmt.Sprintf("G-%04d", n), fact.Paragraph{Section: section, Order: n, Text: text, Allegation: alleged}, exhibits...)
	}
	add("summary", true, "Between 2019-04-29 and 2019-05-10 about 1,400 accounts were called with call offers that carried code in their settings.", "E-0001", "E-0002")
	add("summary", false, "The calls did not need to be answered. A change to the service on 2019-05-10 ended them.")
	add("unknown", false, "It is not known how many devices were infected: two were offered for an examination, one was examined.")
	add("parties", true, "Pale Heron Ltd, a fictitious company, advertised a product called Heron that \"needs no click\".", "E-0007")
	add("jurisdiction", true, "The offers passed through servers in Prineville and Ashburn, in the United States.", "E-0001")
	add("service", false, "To call somebody, a device sends an offer through the signalling server. It names codecs and settings. The other device rings; sound flows through a relay once the call is answered.")
	add("service", true, "The accounts A-0001 to A-0003 used a client that is not the service's own: its offers have settings that the service's client cannot make.", "E-0001", "E-0002")
	add("authorisation", true, "The settings exceeded the length that the protocol permits, and were made so as to pass the signalling server as ordinary ones.", "E-0002")
	add("conduct", true, "After the letter of 2019-05-29 an account with the same print signed up and called two of the targets again.", "E-0001", "E-0006")
	add("method", false, "Nobody who worked on the case has an interest in any of the companies named. The work was paid for by the operator of the service.")
	add("harm", true, "The response took four persons' work over several days.", "E-0001")
	add("remediation", false, "The service refuses such offers since 2019-05-10. The accounts were banned on 2019-05-13.")
	add("relief", false, "An order is sought that the vendor and those who act with it do not use the service.")
	add("reply", false, "The vendor was asked for a reply on 2019-05-29. None had come when this edition was made.")
	add("unknown", false, "قالت إحدى المستهدفات إن هاتفها رنّ ليلاً مرات عدة (T-0007) دون أن تجيب.")
}

// forEverybody is the sample as an edition for everybody would be filtered.
func forEverybody(t testing.TB) Source {
	s := sample(t)
	s.Edition, s.Case.Title, s.Case.By = "public", "", ""
	withheld := map[string]bool{}
	s.Exhibits = slices.DeleteFunc(s.Exhibits, func(x casefile.Exhibit) bool { withheld[x.ID] = x.Tier != casefile.Public; return withheld[x.ID] })
	for i := range s.Persons {
		s.Persons[i].Name = ""
	}
	for i, e := range s.Entries {
		open := map[string]verify.Opening{}
		for name, o := range e.Open {
			if slices.Contains([]string{"action", "at", "log", "tool", "role", "exhibit", "tier", "kind"}, name) {
				open[name] = o
			} else {
				s.Withheld = append(s.Withheld, Withheld{e.N, e.Text("exhibit"), name, "it is for the court and the parties"})
			}
		}
		s.Entries[i].Open = open
	}
	slices.SortFunc(s.Withheld, func(a, b Withheld) int {
		return bytes.Compare(fmt.Appendf(nil, "%06d%s", a.Entry, a.Field), fmt.Appendf(nil, "%06d%s", b.Entry, b.Field))
	})
	return s
}
