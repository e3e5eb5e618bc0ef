package casefile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ringfence/ringfence/casefile/witness"
	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// WitnessesName is the file in which an operator sets down witnesses, in the folder of
// the cases: a JSON list of objects with url and key.
const WitnessesName = "witnesses.json"

// Witness is one that an operator has set down.
type Witness struct {
	URL string `json:"url"`
	Key string `json:"key"` // verifier key, as ringfence witness prints it
}

// Witnesses are the witnesses that are set down.
func (r *Room) Witnesses() (all []Witness, err error) {
	b, err := os.ReadFile(filepath.Join(r.dir, WitnessesName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		err = d.Decode(&all)
	}
	for _, w := range all {
		if err == nil {
			_, err = verify.NewWitness(w.Key)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", WitnessesName, err)
	}
	return all, nil
}

// WitnessKeys are the verifier keys of the witnesses that are set down.
func (r *Room) WitnessKeys() (keys []string, err error) {
	all, err := r.Witnesses()
	for _, w := range all {
		keys = append(keys, w.Key)
	}
	return keys, err
}

// Anchored is what others said of the state of the service's log now.
type Anchored struct {
	Cosigned int      `json:"cosigned"`
	Stamped  int      `json:"stamped"`
	Pending  []string `json:"pending"` // who could not be reached
}

// Anchor has the witnesses cosign the state of the service's log, and the authorities
// stamp it, as far as they have not. Who cannot be reached is asked the next time. A
// witness that has cosigned another history is an error: witness.ErrConflict.
func (r *Room) Anchor(ctx context.Context, client *http.Client) (a Anchored, err error) {
	a.Pending = []string{}
	all, err := r.Witnesses()
	if err != nil {
		return a, err
	}
	for _, w := range all {
		done, err := r.cosign(ctx, client, w)
		if errors.Is(err, witness.ErrConflict) {
			return a, err
		}
		if err != nil {
			a.Pending = append(a.Pending, "witness "+w.URL+": "+err.Error())
		}
		if done {
			a.Cosigned++
		}
	}
	made, pending, err := r.Stamp(ctx, client)
	a.Stamped, a.Pending = made, append(a.Pending, pending...)
	return a, err
}

// cosign has one witness cosign the state of the log, if it has not.
func (r *Room) cosign(ctx context.Context, client *http.Client, w Witness) (done bool, err error) {
	key, err := verify.NewWitness(w.Key)
	if err != nil {
		return false, err
	}
	state, err := r.State(ctx)
	if err != nil || !key.Time(state.Checkpoint).IsZero() {
		return false, err
	}
	line, err := witness.Ask(ctx, client, w.URL, state.Checkpoint, state.N, func(old int64) (tlog.TreeProof, error) {
		return tlog.ProveTree(state.N, old, r.log.Hashes(ctx))
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", key.Name(), err)
	}
	cosigned := append(bytes.Clone(state.Checkpoint), line...)
	if _, err := verify.OpenCheckpoint(cosigned, r.signer, key); err != nil || key.Time(cosigned).IsZero() {
		return false, fmt.Errorf("%s answered with what is not its signature: %v", key.Name(), err)
	}
	return true, r.log.PutHead(ctx, ledger.Head{Size: state.N, Checkpoint: cosigned})
}
