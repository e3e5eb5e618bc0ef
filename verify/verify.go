package verify

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Options of a verification.
type Options struct {
	// Key is the verifier key of the service, as somebody trusted gave it; "" takes
	// the one in the case file, which then shows only that it agrees with itself.
	Key string

	// Progress is told how many bytes were read since the last time; may be nil.
	Progress func(int64)
}

// Check is one thing that was looked at.
type Check struct {
	Name   string   `json:"name"`
	Says   string   `json:"says"` // what was found, in words
	Faults []string `json:"faults"`
}

// Report is what a verification found.
type Report struct {
	Version   int         `json:"version"`
	File      string      `json:"file"`
	Case      string      `json:"case"`
	Edition   string      `json:"edition"`
	Origin    string      `json:"origin"` // of the case's ledger
	Entries   int64       `json:"entries"`
	Exhibits  int         `json:"exhibits"`
	Root      string      `json:"root"` // of the ledger, base64
	Key       string      `json:"key"`  // of the service, with which its signatures agree
	KeyGiven  bool        `json:"key_given"`
	Whole     bool        `json:"whole"`
	Checks    []Check     `json:"checks"`
	Witnesses []Witnessed `json:"witnesses"`
	Stamps    []string    `json:"stamps"` // tokens of time-stamp authorities in it, for openssl ts -verify
}

// Witnessed is that a witness cosigned the state of the service's log.
type Witnessed struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// File verifies an exported case file: a zip file, or the folder that was in it.
// The error says that there was nothing to look at.
func File(name string, o Options) (*Report, error) {
	if o.Progress == nil {
		o.Progress = func(int64) {}
	}
	b, wrong, end, err := openBag(name, o.Progress)
	if err != nil {
		return nil, err
	}
	defer end()
	v := &verifier{bag: b, r: &Report{Version: 1, File: name, Checks: []Check{}, Witnesses: []Witnessed{}, Stamps: []string{}}, persons: map[string][]person{}, passkeys: map[string][]passkey{}, states: map[string]Checkpoint{}}
	v.check("archive", "nothing is in it that an export does not write", wrong)
	v.check("bag", fmt.Sprintf("%d files are as the manifests say", len(b.sums)), b.manifests())
	v.service(o)
	v.ledger()
	v.exhibits()
	v.r.Stamps = append(v.r.Stamps, slices.DeleteFunc(b.under("data/service/stamps"), func(p string) bool { return path.Ext(p) != ".tsr" })...)
	v.r.Whole = !slices.ContainsFunc(v.r.Checks, func(c Check) bool { return len(c.Faults) > 0 })
	return v.r, nil
}

type verifier struct {
	*bag
	r        *Report
	key      string // base64 of the service's public key, with its kind
	entries  []Entry
	persons  map[string][]person   // by name
	passkeys map[string][]passkey  // by name
	heads    map[int64]string      // root by size of the case's log, from the service's log
	states   map[string]Checkpoint // whose signature was checked, by their bytes
	genesis  string                // origin of the case's log, from the service's log
}

// passkey is one of a person that stands in the service's log.
type passkey struct {
	id, party string
	spki      []byte
}

// person is somebody whose key stands in the service's log.
type person struct {
	note.Verifier
	from, until time.Time
}

func (v *verifier) check(name, says string, faults []string) {
	if faults == nil {
		faults = []string{}
	}
	v.r.Checks = append(v.r.Checks, Check{name, says, faults})
}

// verifierOf is the verifier of a log of the service: each log has a name of its
// own, and all have one key.
func (v *verifier) verifierOf(origin string) (note.Verifier, error) {
	b, err := base64.StdEncoding.DecodeString(v.key)
	if err != nil || len(b) != 33 || b[0] != 1 {
		return nil, errors.New("the service's key is no Ed25519 key")
	}
	text, err := note.NewEd25519VerifierKey(origin, b[1:])
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(text)
}

// service looks at the service-wide log: that the case's ledger was begun in it,
// whose keys are enrolled, and which state of the ledger stands in it.
func (v *verifier) service(o Options) {
	var faults []string
	err := func() error {
		text, err := v.read("data/service/key.txt")
		if err != nil {
			return err
		}
		v.r.Key = strings.TrimSpace(string(text))
		if v.r.KeyGiven = o.Key != ""; v.r.KeyGiven && o.Key != v.r.Key {
			return fmt.Errorf("the service's key is %.200q, and not the one that was given", v.r.Key)
		}
		own, err := note.NewVerifier(v.r.Key)
		if err != nil {
			return fmt.Errorf("data/service/key.txt: %w", err)
		}
		v.key = strings.SplitN(v.r.Key, "+", 3)[2]
		faults = v.serviceLog(own)
		return nil
	}()
	if err != nil {
		faults = append(faults, err.Error())
	}
	v.check("service", fmt.Sprintf("%d states of the ledger stand in the log of the service, which signed them", len(v.heads)), faults)
	v.witnesses()
}

func (v *verifier) serviceLog(own note.Verifier) (faults []string) {
	v.heads = map[int64]string{}
	proved := map[int64]bool{}
	err := v.lines("data/service/entries.jsonl", func(e Entry) error {
		p, err := v.proof(fmt.Sprintf("data/service/proofs/%06d.tlog-proof", e.N))
		if err != nil {
			return err
		}
		if p.Index != e.N {
			return fmt.Errorf("entry %d of the service's log has the proof of another", e.N)
		}
		if err := p.Check(e.Hash(), own); err != nil {
			return fmt.Errorf("entry %d of the service's log is not proved to stand in it: %w", e.N, err)
		}
		proved[e.N] = true
		return v.take(e)
	})
	if err != nil {
		faults = append(faults, err.Error())
	}
	if len(proved) == 0 {
		faults = append(faults, "nothing of the service's log is there")
	}
	return faults
}

// take reads an entry of the service's log.
func (v *verifier) take(e Entry) error {
	switch e.Text("action") {
	case "open case":
		v.genesis, v.r.Case = e.Text("origin"), e.Text("case")
	case "head":
		if n, ok := e.Number("size"); ok {
			v.heads[n] = e.Text("root")
		}
	case "enroll":
		key, err := note.NewVerifier(e.Text("key"))
		at, err2 := time.Parse(time.RFC3339Nano, e.Text("at"))
		if err != nil || err2 != nil || key.Name() != e.Text("name") {
			return fmt.Errorf("entry %d of the service's log enrolls no person's key", e.N)
		}
		v.persons[key.Name()] = append(v.persons[key.Name()], person{Verifier: key, from: at})
	case "passkey":
		spki, err := base64.StdEncoding.DecodeString(e.Text("key"))
		if err != nil {
			return fmt.Errorf("entry %d of the service's log has no passkey", e.N)
		}
		v.passkeys[e.Text("name")] = append(v.passkeys[e.Text("name")], passkey{e.Text("credential"), e.Text("party"), spki})
	case "delegate":
		return v.delegate(e)
	case "withdraw":
		at, err := time.Parse(time.RFC3339Nano, e.Text("at"))
		all := v.persons[e.Text("name")]
		if err != nil || len(all) == 0 {
			return fmt.Errorf("entry %d of the service's log withdraws nobody's key", e.N)
		}
		for i := range all {
			if all[i].until.IsZero() || at.Before(all[i].until) {
				all[i].until = at
			}
		}
	}
	return nil
}

// delegate takes the key of a session, if a passkey of the person gave it the right
// to sign.
func (v *verifier) delegate(e Entry) error {
	wrong := fmt.Errorf("entry %d of the service's log delegates to no key", e.N)
	key, err := note.NewVerifier(e.Text("key"))
	from, err2 := time.Parse(time.RFC3339Nano, e.Text("at"))
	until, err3 := time.Parse(time.RFC3339Nano, e.Text("until"))
	var a Assertion
	err4 := json.Unmarshal(e.Open["assertion"].Value, &a)
	if err != nil || err2 != nil || err3 != nil || err4 != nil || key.Name() != e.Text("name") {
		return wrong
	}
	own, err := note.NewVerifier(v.r.Key)
	if err != nil {
		return err
	}
	for _, p := range v.passkeys[e.Text("name")] {
		if p.id != e.Text("credential") {
			continue
		}
		if err := a.Verify(p.spki, p.party, Delegation(own.Name(), e.Text("key"), until)); err != nil {
			return fmt.Errorf("entry %d of the service's log: %w", e.N, err)
		}
		v.persons[key.Name()] = append(v.persons[key.Name()], person{key, from, until})
		return nil
	}
	return wrong
}

func (v *verifier) witnesses() {
	var faults []string
	checkpoint, err := v.read("data/service/checkpoint")
	if err != nil {
		faults = append(faults, err.Error())
	}
	keys, _ := v.read("data/service/witnesses.txt")
	for line := range strings.Lines(string(keys)) {
		w, err := NewWitness(strings.TrimSpace(line))
		if err != nil {
			faults = append(faults, err.Error())
		} else if at := w.Time(checkpoint); !at.IsZero() {
			v.r.Witnesses = append(v.r.Witnesses, Witnessed{w.Name(), at})
		}
	}
	if own, err := note.NewVerifier(v.r.Key); err == nil {
		c, err := OpenCheckpoint(checkpoint, own)
		if err != nil {
			faults = append(faults, "data/service/checkpoint: "+err.Error())
		}
		if text, err := v.read("data/service/checkpoint.txt"); err != nil || string(text) != CheckpointText(c.Origin, c.Tree) {
			faults = append(faults, "data/service/checkpoint.txt, which is time-stamped, is not the text of the checkpoint")
		}
	}
	says := "no witness has cosigned the service's log: that it was not made anew rests on the service's word"
	if n := len(v.r.Witnesses); n > 0 {
		says = fmt.Sprintf("%d witnesses have cosigned the service's log", n)
	}
	v.check("witnesses", says, faults)
}

func (v *verifier) proof(p string) (Proof, error) {
	b, err := v.read(p)
	if err != nil {
		return Proof{}, err
	}
	one, err := ParseProof(b)
	if err != nil {
		return one, fmt.Errorf("%s: %w", p, err)
	}
	return one, nil
}

// lines reads a file of entries, one a line.
func (v *verifier) lines(p string, do func(Entry) error) error {
	b, err := v.bag.fs.Open(p)
	if err != nil {
		return err
	}
	defer b.Close()
	s := bufio.NewScanner(b)
	s.Buffer(make([]byte, 1<<16), MaxLine+1)
	for n := 1; s.Scan(); n++ {
		e, err := ReadEntry(bytes.Clone(s.Bytes()))
		if err == nil {
			err = do(e)
		}
		if err != nil {
			return fmt.Errorf("%s, line %d: %w", p, n, err)
		}
	}
	return s.Err()
}

// ledger looks at the case's own log: every entry, who signed it, and that the
// whole is the one whose state stands in the service's log.
func (v *verifier) ledger() {
	var tree Tree
	hashes := []tlog.Hash{}
	signed, faults := 0, []string(nil)
	err := v.lines("data/ledger/entries.jsonl", func(e Entry) error {
		if e.N != int64(len(v.entries)) {
			return fmt.Errorf("entry %d stands where entry %d should", e.N, len(v.entries))
		}
		v.entries = append(v.entries, e)
		tree.Add(e.Hash())
		stored, err := tlog.StoredHashesForRecordHash(e.N, e.Hash(), hashReader(hashes))
		if err != nil {
			return err
		}
		hashes = append(hashes, stored...)
		if shown := e.Text("log"); shown != "" && shown != v.genesis {
			return fmt.Errorf("entry %d is of another ledger", e.N)
		}
		if e.Note == "" {
			if e.Text("actor") != "" {
				return fmt.Errorf("entry %d shows who acted, and is not signed", e.N)
			}
			return nil // who acted is withheld
		}
		signed++
		return v.signature(e)
	})
	if err != nil {
		faults = append(faults, err.Error())
	}
	t := tree.Tree()
	v.r.Entries, v.r.Root = t.N, base64.StdEncoding.EncodeToString(t.Hash[:])
	faults = append(faults, v.head(t)...)
	faults = append(faults, v.tiles(t.N, hashes)...)
	says := fmt.Sprintf("%d entries, %d signed by the persons who acted", t.N, signed)
	if int(t.N) > signed {
		says += "; the other signatures are withheld in this edition"
	}
	v.check("ledger", says, faults)
}

// head tells whether this state of the ledger is the one that the service signed
// and that stands in its log.
func (v *verifier) head(t tlog.Tree) (faults []string) {
	own, err := v.verifierOf(v.genesis)
	if err != nil {
		return []string{"the ledger's key: " + err.Error()}
	}
	text, err := v.read("data/ledger/checkpoint")
	if err != nil {
		return []string{err.Error()}
	}
	c, err := OpenCheckpoint(text, own)
	if err != nil {
		return []string{"data/ledger/checkpoint: " + err.Error()}
	}
	v.r.Origin = c.Origin
	if c.Tree != t {
		faults = append(faults, "the entries are not those that the service signed")
	}
	root := base64.StdEncoding.EncodeToString(c.Hash[:])
	if v.heads[c.N] != root {
		faults = append(faults, "this state of the ledger does not stand in the service's log")
	}
	return faults
}

func (v *verifier) signature(e Entry) error {
	name, err := signer(e.Note)
	if err != nil {
		return fmt.Errorf("entry %d: %w", e.N, err)
	}
	at, err := time.Parse(time.RFC3339Nano, e.Text("at"))
	if err != nil || e.Text("actor") != name {
		return fmt.Errorf("entry %d: it is signed by %q, and shows no time or another actor", e.N, name)
	}
	for _, p := range v.persons[name] {
		if at.Before(p.from) || !p.until.IsZero() && at.After(p.until) {
			continue
		}
		n, err := note.Open([]byte(e.Note), note.VerifierList(p))
		if err == nil && n.Text == SignedText(v.genesis, e.N, e.Hash()) {
			return nil
		}
	}
	return fmt.Errorf("entry %d: it is not signed by a key that %q had then", e.N, name)
}

// signer is the name in a note's only signature.
func signer(text string) (string, error) {
	_, sigs, ok := strings.Cut(text, "\n\n")
	name, rest, ok2 := strings.Cut(strings.TrimPrefix(sigs, "— "), " ")
	if !ok || !ok2 || strings.Count(rest, "\n") != 1 {
		return "", errors.New("its signature is not that of one person")
	}
	return name, nil
}
