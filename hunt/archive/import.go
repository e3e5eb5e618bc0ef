package archive

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// How much of an import waits in memory at most, before some of it is written.
const (
	maxWaiting      = 256 << 10 // records
	maxWaitingBytes = 256 << 20
)

// Import writes records of another system into an archive. Close it.
type Import struct {
	to      *Archive
	key     *Key // nil: ids stay as they are
	node    string
	next    int64
	hours   map[int64][]record.Record // by the hour's ns
	records int
	bytes   int
	written map[string]bool
}

// NewImport begins an import. Digest is that of the file it comes from: an import
// of the same file replaces the one before, so that nothing is there twice. With
// a key, ids become pseudonyms.
func (a *Archive) NewImport(digest [32]byte, key *Key) *Import {
	return &Import{to: a, key: key, node: "i" + hex.EncodeToString(digest[:8]), hours: map[int64][]record.Record{}, written: map[string]bool{}}
}

// Add adds a record.
func (i *Import) Add(ctx context.Context, r record.Record) error {
	if i.key != nil {
		i.key.hide(&r)
	}
	hour := r.Time - r.Time%int64(time.Hour)
	i.hours[hour] = append(i.hours[hour], r)
	i.records++
	i.bytes += size(&r)
	if i.records < maxWaiting && i.bytes < maxWaitingBytes {
		return nil
	}
	// The largest hour goes: with records in the order of their times that is
	// one that is over, and with any order few files have little in them.
	largest := hour
	for _, h := range slices.Sorted(maps.Keys(i.hours)) {
		if len(i.hours[h]) > len(i.hours[largest]) {
			largest = h
		}
	}
	return i.put(ctx, largest)
}

// size is about the memory that a record takes.
func size(r *record.Record) int {
	n := 240 + len(r.Call) + len(r.Caller) + len(r.Callee) + len(r.CallerPrint) + len(r.CallerVersion) + len(r.CallerNetwork)
	for _, rule := range r.Rules {
		n += 16 + len(rule)
	}
	return n
}

func (i *Import) put(ctx context.Context, hour int64) error {
	i.next++
	o := Object{Hour: time.Unix(0, hour).UTC(), Node: i.node, Number: i.next}
	waiting := i.hours[hour]
	if err := i.to.put(ctx, o, waiting); err != nil {
		return err
	}
	i.written[o.name()] = true
	delete(i.hours, hour)
	i.records -= len(waiting)
	for k := range waiting {
		i.bytes -= size(&waiting[k])
	}
	return nil
}

// Close writes what waits, and deletes what an earlier import of the same file
// left that this one did not write.
func (i *Import) Close(ctx context.Context) error {
	for _, hour := range slices.Sorted(maps.Keys(i.hours)) { // in order, so that the same file gives the same names
		if err := i.put(ctx, hour); err != nil {
			return err
		}
	}
	all, err := i.to.List(ctx)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.Node != i.node || i.written[o.Name] {
			continue
		}
		if err := i.to.place.remove(ctx, o.Name); err != nil {
			return fmt.Errorf("archive %s: deleting %s of an earlier import: %w", i.to, o.Name, err)
		}
	}
	return nil
}

// Files says how many files were written.
func (i *Import) Files() int { return len(i.written) }
