package casefile

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// maxFaults is how many faults one check lists.
const maxFaults = 100

// Verify reads all of a case and says what in it is not whole: the database, each
// entry and its signature, the states of the ledger that stand in the service's
// log, that log itself, and every blob. It needs no key. progress is told how many
// bytes of blobs were read.
func (c *Case) Verify(ctx context.Context, progress func(int64)) ([]verify.Check, error) {
	var all []verify.Check
	for _, one := range []struct {
		name, says string
		run        func(context.Context) ([]string, error)
	}{
		{"database", "the database files are whole", c.checkFiles},
		{"ledger", "every entry is the one that was signed", c.checkLedger},
		{"service", "the service's log is the one that was signed", c.room.checkLog},
		{"events", "the events are those of their exhibits", c.checkEvents},
		{"exhibits", "every exhibit is as it was taken in", func(ctx context.Context) ([]string, error) { return c.checkBlobs(ctx, progress) }},
	} {
		faults, err := one.run(ctx)
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		if err != nil {
			faults = append(faults, err.Error())
		}
		if len(faults) > maxFaults {
			faults = append(faults[:maxFaults], fmt.Sprintf("and %d more", len(faults)-maxFaults))
		}
		all = append(all, verify.Check{Name: one.name, Says: one.says, Faults: append([]string{}, faults...)})
	}
	if n, err := c.strays(ctx); err != nil {
		return all, err
	} else if n > 0 {
		all[len(all)-1].Says += fmt.Sprintf("; %d files beside them belong to none, as when the program is stopped while something is taken in", n)
	}
	return all, nil
}

func (c *Case) checkFiles(ctx context.Context) ([]string, error) {
	own, err := c.log.Check(ctx)
	if err != nil {
		return own, err
	}
	service, err := c.room.log.Check(ctx)
	for _, w := range service {
		own = append(own, "service: "+w)
	}
	return own, err
}

// checkLedger reads the ledger from its beginning.
func (c *Case) checkLedger(ctx context.Context) (faults []string, err error) {
	persons, err := c.room.Persons(ctx)
	if err != nil {
		return nil, err
	}
	heads, err := c.heads(ctx)
	if err != nil {
		return nil, err
	}
	t, faults, err := walk(ctx, c.log, func(e verify.Entry) error { return c.checkEntry(e, persons) }, func(t tlog.Tree) error {
		if root, ok := heads[t.N]; ok && root != base64.StdEncoding.EncodeToString(t.Hash[:]) {
			return fmt.Errorf("the state of the ledger after %d entries is not the one in the service's log: entries before were changed", t.N)
		}
		delete(heads, t.N)
		return nil
	})
	for size := range heads {
		faults = append(faults, fmt.Sprintf("the service's log knows a state of the ledger with %d entries; it has %d: entries are gone", size, t.N))
	}
	return faults, err
}

// heads are the states of this ledger in the service's log: the root by the size.
func (c *Case) heads(ctx context.Context) (map[int64]string, error) {
	all := map[int64]string{}
	err := c.room.log.Each(ctx, ledger.Query{Action: "head", Subject: c.Origin}, func(e verify.Entry) error {
		if n, ok := e.Number("size"); ok {
			all[n] = e.Text("root")
		}
		return nil
	})
	return all, err
}

// walk reads a log from its beginning: each entry, each state, and that the hashes
// kept are those of the entries.
func walk(ctx context.Context, log *ledger.File, entry func(verify.Entry) error, state func(tlog.Tree) error) (tlog.Tree, []string, error) {
	var tree verify.Tree
	var faults []string
	var hashes []tlog.Hash
	err := log.Each(ctx, ledger.Query{}, func(e verify.Entry) error {
		if n := tree.Tree().N; e.N != n {
			return fmt.Errorf("entry %d stands where entry %d should", e.N, n)
		}
		stored, err := tlog.StoredHashesForRecordHash(e.N, e.Hash(), tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
			all := make([]tlog.Hash, len(at))
			for i, n := range at {
				all[i] = hashes[n]
			}
			return all, nil
		}))
		if err != nil {
			return err
		}
		hashes = append(hashes, stored...)
		tree.Add(e.Hash())
		if err := errors.Join(e.Check(), entry(e)); err != nil {
			faults = append(faults, err.Error())
		}
		if err := state(tree.Tree()); err != nil {
			faults = append(faults, err.Error())
		}
		return nil
	})
	if err != nil {
		return tree.Tree(), faults, err
	}
	n := 0
	err = log.EachHash(ctx, func(at int64, h tlog.Hash) error {
		if at != int64(n) || n >= len(hashes) || h != hashes[n] {
			return fmt.Errorf("the hashes that are kept are not those of the entries, from hash %d on", n)
		}
		n++
		return nil
	})
	if err == nil && n != len(hashes) {
		err = fmt.Errorf("of %d hashes of the tree %d are gone", len(hashes), len(hashes)-n)
	}
	return tree.Tree(), faults, err
}

// checkEntry looks at who signed an entry.
func (c *Case) checkEntry(e verify.Entry, persons []Person) error {
	if withheld := e.Withheld(); len(withheld) > 0 {
		return fmt.Errorf("entry %d: the fields %v are not there", e.N, withheld)
	}
	at, err := time.Parse(time.RFC3339Nano, e.Text("at"))
	if err != nil || e.Text("log") != c.Origin {
		return fmt.Errorf("entry %d is of another ledger, or has no time", e.N)
	}
	for _, p := range persons {
		if p.Name != e.Text("actor") || at.Before(p.Since) || !p.Until.IsZero() && at.After(p.Until) || !p.has(e.Text("key"), at) {
			continue
		}
		v, err := note.NewVerifier(e.Text("key"))
		if err != nil {
			return err
		}
		n, err := note.Open([]byte(e.Note), note.VerifierList(v))
		if err != nil || n.Text != verify.SignedText(c.Origin, e.N, e.Hash()) {
			return fmt.Errorf("entry %d: its signature is not that of %s", e.N, p.Name)
		}
		return nil
	}
	return fmt.Errorf("entry %d: nobody of the name %.80q had its key then", e.N, e.Text("actor"))
}

// checkLog reads the service's log from its beginning: each state that was signed
// must be one that it had.
func (r *Room) checkLog(ctx context.Context) (faults []string, err error) {
	heads, err := r.log.Heads(ctx)
	if err != nil {
		return nil, err
	}
	authorities, err := r.Authorities()
	if err != nil {
		return nil, err
	}
	signed := map[int64]tlog.Hash{}
	for _, h := range heads {
		cp, err := verify.OpenCheckpoint(h.Checkpoint, r.signer)
		if err != nil || cp.N != h.Size {
			faults = append(faults, fmt.Sprintf("the signed state of the service's log with %d entries: %v", h.Size, err))
			continue
		}
		signed[h.Size] = cp.Hash
		wrong, err := r.checkStamps(ctx, h.Size, verify.CheckpointText(r.origin, cp.Tree), authorities)
		if err != nil {
			return faults, err
		}
		faults = append(faults, wrong...)
	}
	t, more, err := walk(ctx, r.log, func(verify.Entry) error { return nil }, func(t tlog.Tree) error {
		if h, ok := signed[t.N]; ok && h != t.Hash {
			return fmt.Errorf("the service's log after %d entries is not the one that was signed: entries before were changed", t.N)
		}
		delete(signed, t.N)
		return nil
	})
	for size := range signed {
		more = append(more, fmt.Sprintf("a state of the service's log with %d entries was signed; it has %d: entries are gone", size, t.N))
	}
	return append(faults, more...), err
}

// checkEvents holds the events that can be searched against their exhibits.
func (c *Case) checkEvents(ctx context.Context) (faults []string, err error) {
	want := map[string]string{}
	exhibits, err := c.Exhibits(ctx, 0, 0)
	if err != nil {
		return nil, err
	}
	for _, x := range exhibits {
		want[x.ID] = x.rows
	}
	sums, err := c.log.EventSums(ctx)
	if err != nil {
		return nil, err
	}
	for id, sum := range sums {
		if want[id] != sum {
			faults = append(faults, fmt.Sprintf("the events of %s are not those that were read from it", id))
		}
		delete(want, id)
	}
	for id, sum := range want {
		if sum != "" {
			faults = append(faults, fmt.Sprintf("the events of %s are gone", id))
		}
	}
	return faults, nil
}

// rowsSum is the hash of events, as an entry says it.
func rowsSum(all []ledger.Event) string {
	h := sha256.New()
	for _, e := range all {
		e.Hash(h)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// checkBlobs reads every blob, as many at once as there are processors.
func (c *Case) checkBlobs(ctx context.Context, progress func(int64)) ([]string, error) {
	exhibits, err := c.Exhibits(ctx, 0, 0)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var faults, whole []string
	work := make(chan Exhibit)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for x := range work {
				err := c.reHash(ctx, x.Blob, func(n int64) { mu.Lock(); progress(n); mu.Unlock() })
				mu.Lock()
				if err == nil {
					whole = append(whole, x.Blob)
				} else {
					faults = append(faults, fmt.Sprintf("%s: %v", x.ID, err))
				}
				mu.Unlock()
			}
		})
	}
	for _, x := range exhibits {
		work <- x
	}
	close(work)
	group.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	slices.Sort(faults)
	return faults, c.log.Proved(ctx, whole, c.room.now())
}

// strays are the files among the blobs that belong to no exhibit: what was being
// taken in when the program was stopped, or was put there. They change nothing of
// what is an exhibit.
func (c *Case) strays(ctx context.Context) (n int, err error) {
	exhibits, err := c.Exhibits(ctx, 0, 0)
	if err != nil {
		return 0, err
	}
	known := map[string]bool{}
	for _, x := range exhibits {
		known[x.Blob+".age"] = true
	}
	err = filepath.WalkDir(filepath.Join(c.dir, "blobs"), func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !known[d.Name()] && !strings.HasPrefix(d.Name(), ".new-") {
			n++
		}
		return err
	})
	return n, err
}
