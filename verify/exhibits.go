package verify

import (
	"fmt"
	"path"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// exhibits compares the exhibits in the bag, and the whole of the edition, with
// what the ledger says of them.
func (v *verifier) exhibits() {
	var faults []string
	taken := map[string]Entry{} // by exhibit number
	var export Entry
	for _, e := range v.entries {
		switch e.Text("action") {
		case "acquire", "derive":
			taken[e.Text("exhibit")] = e
		case "export":
			export = e
		}
	}
	for _, p := range v.under("data/exhibits") {
		number, _, _ := strings.Cut(strings.TrimPrefix(p, "data/exhibits/"), "/")
		e, ok := taken[number]
		switch {
		case !ok:
			faults = append(faults, p+" is in no entry of the ledger")
		case e.Text("sha256") != v.sums[p]:
			faults = append(faults, fmt.Sprintf("%s is not what was taken in as %s: entry %d of the ledger has another SHA-256", p, number, e.N))
		default:
			v.r.Exhibits++
		}
	}
	faults = append(faults, v.proofs(taken)...)
	if v.r.Edition = export.Text("edition"); export.Text("contents") != v.contents() {
		faults = append(faults, "the files are not those that were exported: their list has not the hash that is signed in the ledger")
	}
	v.check("exhibits", fmt.Sprintf("%d exhibits are what was taken in, of %d in the ledger; the edition is %q", v.r.Exhibits, len(taken), v.r.Edition), faults)
}

// proofs looks at the proof that each exhibit has for itself.
func (v *verifier) proofs(taken map[string]Entry) (faults []string) {
	own, err := v.verifierOf(v.genesis)
	if err != nil {
		return nil // said with the ledger
	}
	for _, p := range v.under("data/ledger/proofs") {
		if err := v.exhibitProof(p, taken, own); err != nil {
			faults = append(faults, err.Error())
		}
	}
	return faults
}

func (v *verifier) exhibitProof(p string, taken map[string]Entry, own note.Verifier) error {
	number, isProof := strings.CutSuffix(path.Base(p), ".tlog-proof")
	e, ok := taken[strings.TrimSuffix(number, ".leaf.json")]
	switch {
	case !ok:
		return fmt.Errorf("%s is the proof of no exhibit", p)
	case !isProof:
		if b, err := v.read(p); err != nil || string(b) != string(e.Leaf) {
			return fmt.Errorf("%s is not the leaf of entry %d", p, e.N)
		}
		return nil
	}
	one, err := v.proof(p)
	if err != nil {
		return err
	}
	state, seen := v.states[string(one.Checkpoint)] // nearly all have the same
	if !seen {
		if state, err = OpenCheckpoint(one.Checkpoint, own); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		v.states[string(one.Checkpoint)] = state
	}
	if err := one.checkIn(state, e.Hash()); err != nil || one.Index != e.N {
		return fmt.Errorf("%s does not prove entry %d: %v", p, e.N, err)
	}
	return nil
}
