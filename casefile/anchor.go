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
	"slices"

	"github.com/ringfence/ringfence/casefile/stamp"
	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// AuthoritiesName is the file in which an operator sets down time-stamp authorities,
// in the folder of the cases: a JSON list of objects with name, url and roots, the
// name of a PEM file beside it.
const AuthoritiesName = "authorities.json"

// maxAuthorities bounds the file, in bytes, and each of its PEM files.
const maxAuthorities = 1 << 20

// Authorities are the time-stamp authorities that are set down.
func (r *Room) Authorities() (all []stamp.Authority, err error) {
	b, err := os.ReadFile(filepath.Join(r.dir, AuthoritiesName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && len(b) > maxAuthorities {
		err = fmt.Errorf("it has %d bytes, at most %d", len(b), maxAuthorities)
	}
	var list []struct{ Name, URL, Roots string }
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		err = d.Decode(&list)
	}
	for _, one := range list {
		var roots []byte
		if err == nil {
			err = oneLine("the name of an authority", one.Name, 100)
		}
		if err == nil {
			roots, err = os.ReadFile(filepath.Join(r.dir, filepath.Base(one.Roots)))
		}
		a := stamp.Authority{Name: one.Name, URL: one.URL}
		if err == nil {
			a.Roots, err = stamp.ReadRoots(roots)
		}
		all = append(all, a)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", AuthoritiesName, err)
	}
	return all, nil
}

// Stamp has the authorities that are set down stamp the state of the service's log, if
// they have not. One that cannot be reached is named in pending, and asked again the
// next time; it holds up nothing.
func (r *Room) Stamp(ctx context.Context, client *http.Client) (made int, pending []string, err error) {
	all, err := r.Authorities()
	if err != nil || len(all) == 0 {
		return 0, nil, err
	}
	state, err := r.State(ctx)
	if err != nil {
		return 0, nil, err
	}
	there, err := r.Stamps(ctx, state)
	if err != nil {
		return 0, nil, err
	}
	text := []byte(verify.CheckpointText(r.origin, state.Tree))
	for _, a := range all {
		if slices.ContainsFunc(there, func(s ledger.Stamp) bool { return s.Authority == a.Name }) {
			continue
		}
		t, err := stamp.Request(ctx, client, a, text)
		if err != nil {
			pending = append(pending, "time stamp of "+a.Name+": "+err.Error())
			continue
		}
		if err := r.log.PutStamp(ctx, ledger.Stamp{Size: state.N, Authority: a.Name, At: t.At, Token: t.Response, Chain: t.Chain}); err != nil {
			return made, pending, err
		}
		made++
	}
	return made, pending, nil
}

// checkStamps verifies the time stamps over a state of the service's log.
func (r *Room) checkStamps(ctx context.Context, size int64, text string, all []stamp.Authority) (faults []string, err error) {
	stamps, err := r.log.Stamps(ctx, size)
	for _, s := range stamps {
		i := slices.IndexFunc(all, func(a stamp.Authority) bool { return a.Name == s.Authority })
		if i < 0 {
			continue // an authority that is set down no more
		}
		if _, err := stamp.Verify(s.Token, []byte(text), all[i]); err != nil {
			faults = append(faults, fmt.Sprintf("the time stamp over the service's log with %d entries: %v", size, err))
		}
	}
	return faults, err
}
