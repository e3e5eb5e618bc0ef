package live

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// watchState is a watch as it is written down.
type watchState struct {
	Number, Of int
	Now        int64
	Outside    int
	Swept      int64
	All        sketch
	Level      [levels]sketch
	Values     []Value // in their order, as the sketches
	Sketches   []sketch
	Seen       []byte // of the places that are taken: number, tag, hash
	Places     int
	Adds, Lost int64
	Unknown    int64
	Accounts   []*Account // in their order
	Recent     []heard
	Counts     Counts
	Changed    []uint64
}

// state of a whole detector.
type state struct {
	Watches  [][]byte
	Open     map[string]opened
	Released map[string]string
	Whole    int64
}

type opened struct {
	Accounts, Targets int
	Strength          string
}

const mostSnapshot = 1 << 30 // bytes

// snapshot writes a watch down.
func (w *watch) snapshot() ([]byte, error) {
	p := w.people
	s := watchState{
		Number: w.number, Of: w.of, Now: w.now, Outside: w.outside, Swept: w.swept, All: p.All, Level: p.Level, Values: p.order,
		Places: len(p.Seen), Adds: p.adds, Lost: p.lost, Unknown: p.overwritten, Recent: w.recent, Counts: w.counts, Changed: slices.Sorted(maps.Keys(w.changed)),
	}
	for _, v := range p.order {
		s.Sketches = append(s.Sketches, *p.Values[v])
	}
	for _, h := range w.order {
		s.Accounts = append(s.Accounts, w.accounts[h])
	}
	s.Seen = packSeen(p.Seen)
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&s); err != nil {
		return nil, fmt.Errorf("snapshot of partition %d: %w", w.number, err)
	}
	return b.Bytes(), nil
}

// decode reads a snapshot. gob bounds what a hostile one can cost by its length.
func decode(data []byte, into any) (err error) {
	if len(data) > mostSnapshot {
		return fmt.Errorf("snapshot of the live hunt is %d bytes, at most %d", len(data), mostSnapshot)
	}
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(into); err != nil {
		return fmt.Errorf("snapshot of the live hunt: %w; without it the records of the window have to be read again", err)
	}
	return nil
}

var errOther = errors.New("snapshot of the live hunt: it is of another partition, or was made with other limits; start with the limits that it was made with, or read the records of the window again")

// restoreWatch makes a watch of a snapshot.
func restoreWatch(data []byte, number, of int, l Limits) (*watch, error) {
	var s watchState
	if err := decode(data, &s); err != nil {
		return nil, err
	}
	w := newWatch(number, of, l)
	p := w.people
	fits := s.Number == number && s.Of == of && s.Places == len(p.Seen) && len(s.Recent) == len(w.recent) && len(s.Values) == len(s.Sketches) &&
		len(s.Values) <= p.most && len(s.Accounts) <= max(l.Accounts/of, sample)
	if !fits || !unpackSeen(s.Seen, p.Seen) || !s.All.sound(wholeRegisters) {
		return nil, errOther
	}
	for l := range s.Level {
		if !s.Level[l].sound(wholeRegisters) {
			return nil, errOther
		}
	}
	w.now, w.outside, w.swept, w.recent, w.counts = s.Now, s.Outside, s.Swept, s.Recent, s.Counts
	p.All, p.Level, p.order, p.adds, p.lost, p.overwritten = s.All, s.Level, s.Values, s.Adds, s.Lost, s.Unknown
	for i, v := range s.Values {
		if p.Values[v] != nil || v.kind() >= counted || !s.Sketches[i].sound(valueRegisters) {
			return nil, errOther
		}
		p.Values[v] = &s.Sketches[i]
	}
	for _, a := range s.Accounts {
		if a == nil || a.Hash != hash(a.ID) || w.accounts[a.Hash] != nil || len(a.Targets) > mostTargets {
			return nil, errOther
		}
		w.accounts[a.Hash] = a
		w.order = append(w.order, a.Hash)
		w.targets += len(a.Targets)
		a.weigh()
	}
	for _, h := range s.Changed {
		w.changed[h] = true
	}
	return w, nil
}

// sound tells whether a sketch can be counted.
func (s *sketch) sound(registers int) bool {
	for _, h := range []*set{&s.Now, &s.Old} {
		if len(h.Few) > exact || len(h.Registers) != 0 && len(h.Registers) != registers {
			return false
		}
	}
	return true
}

const seenSize = 12

// packSeen writes the places that are taken.
func packSeen(all []seen) (b []byte) {
	for i, s := range all {
		if s != (seen{}) {
			b = le32(le32(le32(b, uint32(i)), s.Tag), s.Of)
		}
	}
	return b
}

func le32(b []byte, v uint32) []byte { return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24)) }

func unpackSeen(b []byte, into []seen) bool {
	if len(b)%seenSize != 0 {
		return false
	}
	get := func(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24 }
	for ; len(b) > 0; b = b[seenSize:] {
		at := get(b)
		if int(at) >= len(into) {
			return false
		}
		into[at] = seen{get(b[4:]), get(b[8:])}
	}
	return true
}

// Snapshot writes the detector down.
func (d *Detector) Snapshot() ([]byte, error) {
	s := state{Open: map[string]opened{}, Released: d.board.released, Whole: d.board.whole}
	for id, o := range d.board.open {
		s.Open[id] = opened{o.accounts, o.targets, string(o.strength)}
	}
	for _, w := range d.watches {
		b, err := w.snapshot()
		if err != nil {
			return nil, err
		}
		s.Watches = append(s.Watches, b)
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&s); err != nil {
		return nil, fmt.Errorf("snapshot of the live hunt: %w", err)
	}
	return b.Bytes(), nil
}

// Restore makes a detector of a snapshot. The options must be those of the
// detector that wrote it.
func Restore(data []byte, o Options) (*Detector, error) {
	o.fill()
	var s state
	if err := decode(data, &s); err != nil {
		return nil, err
	}
	if len(s.Watches) != o.Partitions || len(s.Released) > mostFreed {
		return nil, errOther
	}
	d := &Detector{options: o, board: newBoard(o.Partitions)}
	for n, b := range s.Watches {
		w, err := restoreWatch(b, n, o.Partitions, o.Limits)
		if err != nil {
			return nil, err
		}
		d.watches = append(d.watches, w)
		d.board.groups.crowds[n] = w.people
	}
	d.board.restore(&s)
	for _, w := range d.watches {
		for _, h := range w.order {
			if w.accounts[h].tells() {
				d.board.groups.put(h, w.accounts[h])
			}
		}
	}
	d.board.bases[0], d.board.bases[1] = d.board.groups.bases()
	d.board.look(true)
	return d, nil
}
