package edition

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/verify"
)

// Options of an export.
type Options struct {
	Edition Edition
	Reason  string
	Now     time.Time

	// Prove has the service's log cosigned and stamped, as far as that is possible
	// now, and returns what could not be had; nil: it is left as it is.
	Prove func(context.Context) (pending []string, err error)

	// To are the keys that the file is encrypted to; none: it is not encrypted.
	To []age.Recipient

	// Progress is told what is being written; may be nil.
	Progress func(what string)
}

// Result is what an export made.
type Result struct {
	Bag      string   `json:"bag"` // the folder in the archive
	Files    int      `json:"files"`
	Bytes    int64    `json:"bytes"`
	Exhibits int      `json:"exhibits"`
	Withheld int      `json:"withheld"` // fields of the ledger that are not shown
	Pending  []string `json:"pending"`  // proofs that could not be had now
}

// Export writes an edition of a case to a file, which must not exist. Who exports
// signs in the ledger what it consists of.
func Export(ctx context.Context, c *casefile.Case, h *casefile.Hand, path string, o Options) (Result, error) {
	if err := c.MayExport(ctx, h); err != nil {
		return Result{}, err
	}
	if _, err := os.Lstat(path); err == nil {
		return Result{}, fmt.Errorf("%s is there already; give another name", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return Result{}, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var to io.WriteCloser = f
	if len(o.To) > 0 {
		if to, err = age.Encrypt(f, o.To...); err != nil {
			return Result{}, err
		}
	}
	x := &export{c: c, h: h, o: o, bag: newBag(to, c.ID+"-"+o.Edition.folder()), tiers: narrowed{}}
	if err := x.write(ctx); err != nil {
		return x.result, fmt.Errorf("%s: %w", c.ID, err)
	}
	if len(o.To) > 0 {
		if err := to.Close(); err != nil {
			return x.result, err
		}
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return x.result, err
	}
	return x.result, os.Rename(f.Name(), path)
}

type export struct {
	c      *casefile.Case
	h      *casefile.Hand
	o      Options
	bag    *bag
	tiers  narrowed
	result Result
}

func (x *export) say(what string) {
	if x.o.Progress != nil {
		x.o.Progress(what)
	}
}

func (x *export) write(ctx context.Context) error {
	if err := x.c.Each(ctx, func(e verify.Entry) error { x.tiers.take(e); return nil }); err != nil {
		return err
	}
	if err := x.exhibits(ctx); err != nil {
		return err
	}
	if err := x.documents(ctx); err != nil {
		return err
	}
	if err := x.c.Export(ctx, x.h, x.o.Edition.Name, x.bag.contents(), x.o.Reason); err != nil {
		return err
	}
	x.say("having the log cosigned and stamped")
	if x.o.Prove != nil {
		pending, err := x.o.Prove(ctx)
		if err != nil {
			return err
		}
		x.result.Pending = append(x.result.Pending, pending...)
	}
	if err := x.ledger(ctx); err != nil {
		return err
	}
	if err := x.service(ctx); err != nil {
		return err
	}
	x.result.Bag, x.result.Files, x.result.Bytes = x.bag.root, len(x.bag.sums), x.bag.bytes
	return x.bag.close([][2]string{{"Bag-Software-Agent", "Ringfence"}, {"External-Identifier", x.c.ID}, {"Internal-Sender-Description", "edition " + x.o.Edition.Name}}, x.o.Now)
}

// exhibits writes those that the edition has.
func (x *export) exhibits(ctx context.Context) error {
	all, err := x.c.Exhibits(ctx, 0, 0)
	if err != nil {
		return err
	}
	read, err := x.c.Reader(x.h)
	if err != nil {
		return err
	}
	for _, one := range all {
		if !x.o.Edition.exhibit(one) {
			continue
		}
		x.say(fmt.Sprintf("%s, %d bytes", one.ID, one.Size))
		err := x.bag.stream("data/exhibits/"+one.ID+"/"+casefile.SafeName(one.Name), func(w io.Writer) error { return read(ctx, one, w) })
		if err != nil {
			return err
		}
		x.result.Exhibits++
	}
	return nil
}

// ledger writes the entries as the edition shows them, the tiles of the log, and a
// proof for each exhibit.
func (x *export) ledger(ctx context.Context) error {
	x.say("the ledger")
	state, err := x.c.State(ctx)
	if err != nil {
		return err
	}
	var leaves [][]byte
	taken := map[string]int64{}
	err = x.bag.stream("data/ledger/entries.jsonl", func(w io.Writer) error {
		return x.c.Each(ctx, func(e verify.Entry) error {
			if e.N >= state.N {
				return nil
			}
			shown, hidden := x.o.Edition.entry(e, x.tiers)
			x.result.Withheld += len(hidden)
			leaves = append(leaves, e.Leaf)
			if a := e.Text("action"); a == "acquire" || a == "derive" {
				taken[e.Text("exhibit")] = e.N
			}
			line, err := shown.Line()
			if err == nil {
				_, err = w.Write(line)
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	if err := x.bag.add("data/ledger/checkpoint", state.Checkpoint); err != nil {
		return err
	}
	err = verify.Tiles(state.N, x.c.Hashes(ctx), func(n int64) ([]byte, error) { return leaves[n], nil },
		func(p string, b []byte) error { return x.bag.add("data/ledger/"+p, b) })
	if err != nil {
		return err
	}
	for id, n := range taken {
		p, err := x.c.Prove(ctx, state, n)
		if err == nil {
			err = errors.Join(x.bag.add("data/ledger/proofs/"+id+".tlog-proof", p.Marshal()), x.bag.add("data/ledger/proofs/"+id+".leaf.json", leaves[n]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// service writes what stands of the case in the service's log.
func (x *export) service(ctx context.Context) error {
	room := x.c.Room()
	state, err := room.State(ctx)
	if err != nil {
		return err
	}
	persons := casefile.Court.Within(x.o.Edition.tier)
	all, err := room.Concerning(ctx, x.c, persons)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b verify.Entry) int { return int(a.N - b.N) })
	var lines bytes.Buffer
	for _, e := range all {
		line, err := e.Line()
		if err != nil {
			return err
		}
		lines.Write(line)
		p, err := room.Prove(ctx, state, e.N)
		if err == nil {
			err = x.bag.add(fmt.Sprintf("data/service/proofs/%06d.tlog-proof", e.N), p.Marshal())
		}
		if err != nil {
			return err
		}
	}
	witnesses, err := room.WitnessKeys()
	if err != nil {
		return err
	}
	for _, f := range [][2]string{{"entries.jsonl", lines.String()}, {"checkpoint", string(state.Checkpoint)}, {"checkpoint.txt", verify.CheckpointText(room.Origin(), state.Tree)}, {"key.txt", room.Key() + "\n"}, {"witnesses.txt", strings.Join(append(witnesses, ""), "\n")}} {
		if err := x.bag.add("data/service/"+f[0], []byte(f[1])); err != nil {
			return err
		}
	}
	return x.stamps(ctx, room, state)
}

func (x *export) stamps(ctx context.Context, room *casefile.Room, state casefile.State) error {
	all, err := room.Stamps(ctx, state)
	for i, s := range all {
		name := fmt.Sprintf("data/service/stamps/%d-%s", i+1, casefile.SafeName(s.Authority))
		err = errors.Join(err, x.bag.add(name+".tsr", s.Token), x.bag.add(name+".pem", s.Chain))
	}
	return err
}
