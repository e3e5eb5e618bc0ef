package hunt

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/ringfence/ringfence/hunt/record"
)

// What one machine of a shared hunt writes for another: little-endian numbers of
// fixed size, texts behind their length, and the SHA-256 of all at the end. Codes
// of texts are those of the writer, whose texts come first.

const (
	shareMagic  = "ringfence hunt share 1\n"
	mostShared  = 1 << 20 // bytes of one text
	sharedTexts = 1 << 20
	mostGroups  = 1 << 16
	ownCodes    = 2 // codes below it stand for themselves
)

type shareWriter struct {
	to  *bufio.Writer
	sum hash.Hash
	err error
	b   []byte
}

func newShareWriter(f io.Writer) *shareWriter {
	w := &shareWriter{sum: sha256.New()}
	w.to = bufio.NewWriterSize(io.MultiWriter(f, w.sum), 1<<20)
	_, w.err = w.to.WriteString(shareMagic)
	return w
}

func (w *shareWriter) put(b []byte) {
	if w.err == nil {
		_, w.err = w.to.Write(b)
	}
}

func (w *shareWriter) number(n int64) {
	w.b = binary.LittleEndian.AppendUint64(w.b[:0], uint64(n))
	w.put(w.b)
}

func (w *shareWriter) text(s string) {
	w.number(int64(len(s)))
	w.put([]byte(s))
}

func (w *shareWriter) end() error {
	if w.err != nil {
		return w.err
	}
	if err := w.to.Flush(); err != nil {
		return err
	}
	w.put(w.sum.Sum(nil)) // behind the sum nothing more is summed up
	return errors.Join(w.err, w.to.Flush())
}

func (w *shareWriter) texts(d record.Dictionary) {
	n := d.Len()
	w.number(int64(n))
	for c := ownCodes; c < n; c++ {
		w.text(d.Text(record.Code(c)))
	}
}

func (w *shareWriter) attempt(a *attempt) {
	b := binary.LittleEndian.AppendUint64(w.b[:0], uint64(a.caller))
	b = binary.LittleEndian.AppendUint64(b, uint64(a.callee))
	b = binary.LittleEndian.AppendUint64(b, uint64(a.time))
	b = binary.LittleEndian.AppendUint32(b, uint32(a.print))
	b = binary.LittleEndian.AppendUint32(b, uint32(a.network))
	b = binary.LittleEndian.AppendUint16(b, a.ring)
	b = binary.LittleEndian.AppendUint16(b, uint16(a.age))
	talked := byte(0)
	if a.talked {
		talked = 1
	}
	w.b = append(b, byte(a.outcome), byte(a.contact), talked, 0)
	w.put(w.b)
}

// gathered writes what a first reading has found.
func (w *shareWriter) gathered(h *hunting, g *gathered) error {
	stats, err := json.Marshal(g.stats)
	if err != nil {
		return err
	}
	w.text(string(stats))
	w.texts(h.source.Dictionary())
	for s := range h.accounts.shard {
		w.shard(&h.accounts.shard[s])
	}
	var order sorter
	for p := range parts {
		all, doubles, err := h.attempts.part(p, &order)
		if err != nil {
			return err
		}
		w.number(int64(doubles))
		w.number(int64(len(all)))
		for i := range all {
			w.attempt(&all[i])
		}
	}
	for _, prints := range g.rare {
		for code, p := range prints {
			w.number(int64(code))
			w.number(p.count)
			w.number(int64(len(p.calls)))
			for i := range p.calls {
				w.attempt(&p.calls[i])
			}
		}
	}
	w.number(0) // no code: the end
	return w.err
}

func (w *shareWriter) shard(s *accountShard) {
	w.number(s.lost)
	w.number(int64(s.used))
	for i := range s.slots {
		e := &s.slots[i]
		if e.tag == 0 {
			continue
		}
		b := binary.LittleEndian.AppendUint32(w.b[:0], e.tag)
		b = binary.LittleEndian.AppendUint32(b, uint32(e.print))
		b = binary.LittleEndian.AppendUint32(b, uint32(e.network))
		b = binary.LittleEndian.AppendUint16(b, e.calls)
		w.b = binary.LittleEndian.AppendUint16(b, uint16(e.created))
		w.put(w.b)
	}
}

// wanted writes whose calls are wanted.
func (w *shareWriter) wanted(l *looking) error {
	w.number(int64(len(l.groups)))
	w.number(int64(len(l.member)))
	for id, group := range l.member {
		w.number(int64(id))
		w.number(int64(group))
	}
	return w.err
}

// details writes what a second reading has found.
func (w *shareWriter) details(d record.Dictionary, l *looking) error {
	w.texts(d)
	w.number(l.cut)
	w.number(int64(len(l.names)))
	for id, name := range l.names {
		w.number(int64(id))
		w.text(name)
	}
	w.number(int64(len(l.groups)))
	for i := range l.groups {
		for _, calls := range [][]callOf{l.groups[i].calls, l.groups[i].back} {
			w.number(int64(len(calls)))
			for k := range calls {
				w.attempt(&calls[k].attempt)
				w.number(int64(calls[k].talk))
				w.number(int64(calls[k].country))
			}
		}
	}
	return w.err
}

type shareReader struct {
	from  *bufio.Reader
	sum   hash.Hash
	err   error
	b     [attemptSize]byte
	codes []record.Code // of the reader, by those of the writer
}

func newShareReader(f io.Reader) *shareReader {
	r := &shareReader{from: bufio.NewReaderSize(f, 1<<20), sum: sha256.New()}
	magic := make([]byte, len(shareMagic))
	r.fill(magic)
	if r.err == nil && string(magic) != shareMagic {
		r.err = errors.New("it was written by another version")
	}
	return r
}

func (r *shareReader) fill(b []byte) {
	if r.err != nil {
		return
	}
	if _, err := io.ReadFull(r.from, b); err != nil {
		r.err = fmt.Errorf("it ends too soon: %w", err)
		return
	}
	r.sum.Write(b)
}

func (r *shareReader) number() int64 {
	r.fill(r.b[:8])
	return int64(binary.LittleEndian.Uint64(r.b[:8]))
}

// count reads a number of things to come. After an error there are none.
func (r *shareReader) count(most int64) int64 {
	n := r.number()
	if r.err == nil && (n < 0 || n > most) {
		r.err = fmt.Errorf("it claims %d of something, at most %d", n, most)
	}
	if r.err != nil {
		return 0
	}
	return n
}

func (r *shareReader) text() string {
	b := make([]byte, r.count(mostShared))
	r.fill(b)
	return string(b)
}

// end reads the sum, behind which there is nothing.
func (r *shareReader) end() error {
	want := r.sum.Sum(nil)
	have := make([]byte, len(want))
	r.fill(have)
	if r.err == nil && !bytes.Equal(have, want) {
		r.err = errors.New("it was changed on its way")
	}
	if r.err == nil {
		if _, err := r.from.ReadByte(); err != io.EOF {
			r.err = errors.New("there is more behind its end")
		}
	}
	return r.err
}

func (r *shareReader) texts(d record.Dictionary) {
	n := r.count(sharedTexts)
	r.codes = []record.Code{0, record.Other}
	for c := int64(ownCodes); c < n && r.err == nil; c++ {
		r.codes = append(r.codes, d.Code([]byte(r.text())))
	}
}

func (r *shareReader) code(of uint32) record.Code {
	if int(of) >= len(r.codes) {
		if r.err == nil {
			r.err = fmt.Errorf("it names text %d, and has %d", of, len(r.codes))
		}
		return 0
	}
	return r.codes[of]
}

func (r *shareReader) attempt() (a attempt) {
	r.fill(r.b[:])
	if r.err != nil {
		return a
	}
	at := binary.LittleEndian
	a.caller, a.callee = record.ID(at.Uint64(r.b[0:])), record.ID(at.Uint64(r.b[8:]))
	a.time = int64(at.Uint64(r.b[16:]))
	a.print, a.network = r.code(at.Uint32(r.b[24:])), r.code(at.Uint32(r.b[28:]))
	a.ring, a.age = at.Uint16(r.b[32:]), int16(at.Uint16(r.b[34:]))
	a.outcome, a.contact, a.talked = record.Outcome(r.b[36]), record.Contact(r.b[37]), r.b[38] == 1
	if a.outcome == record.NoOutcome || a.outcome > record.Blocked || a.contact > record.Accepted {
		r.err = errors.New("it has an attempt that is none")
	}
	return a
}

const mostOfAnything = 1 << 40

// gathered adds what another machine has found to a hunt.
func (r *shareReader) gathered(h *hunting, g *gathered) {
	var stats record.Stats
	if text := r.text(); r.err == nil {
		r.err = json.Unmarshal([]byte(text), &stats)
	}
	g.stats.Add(stats)
	r.texts(h.source.Dictionary())
	for s := range h.accounts.shard {
		r.shard(&h.accounts.shard[s], h.accounts.max)
	}
	to := gatherer{all: h.attempts}
	for range parts {
		if doubles := r.count(mostOfAnything); doubles > 0 {
			h.doubles += int(doubles)
		}
		for n := r.count(mostOfAnything); n > 0 && r.err == nil; n-- {
			if a := r.attempt(); r.err == nil {
				r.err = to.add(a)
			}
		}
	}
	if err := to.flush(); r.err == nil {
		r.err = err
	}
	g.rare = append(g.rare, r.rare())
}

func (r *shareReader) rare() rarePrints {
	all := rarePrints{}
	for r.err == nil {
		code := r.number()
		if code == 0 || r.err != nil {
			break
		}
		print := r.code(uint32(min(max(code, 0), 1<<32-1)))
		p := all[print]
		if p == nil {
			p = &rarePrint{}
			all[print] = p
		}
		p.count += r.count(mostOfAnything)
		for n := r.count(rareCalls); n > 0 && r.err == nil; n-- {
			p.calls = append(p.calls, r.attempt())
		}
	}
	return all
}

func (r *shareReader) shard(s *accountShard, most int) {
	s.lost += r.count(mostOfAnything)
	for n := r.count(mostOfAnything); n > 0 && r.err == nil; n-- {
		r.fill(r.b[:16])
		at := binary.LittleEndian
		tag := at.Uint32(r.b[0:])
		print, network := r.code(at.Uint32(r.b[4:])), r.code(at.Uint32(r.b[8:]))
		if r.err == nil && tag == 0 {
			r.err = errors.New("it has an account of no tag")
		}
		if r.err != nil {
			return
		}
		s.join(account{tag, print, network, at.Uint16(r.b[12:]), int16(at.Uint16(r.b[14:]))}, most)
	}
}

// join adds what another machine knows of a caller.
func (s *accountShard) join(a account, most int) {
	e := s.find(a.tag, most)
	if e == nil {
		s.lost += int64(a.calls)
		return
	}
	e.calls = uint16(min(int(e.calls)+int(a.calls), mostCounted))
	if a.print != 0 {
		e.print = a.print
	}
	if a.network != 0 {
		e.network = a.network
	}
	if a.created != noWeek {
		e.created = a.created
	}
}

// wanted reads whose calls are wanted.
func (r *shareReader) wanted(l *looking) {
	groups := r.count(mostGroups)
	l.groups = make([]dossier, groups)
	for n := r.count(mostOfAnything); n > 0 && r.err == nil; n-- {
		id, group := record.ID(r.number()), r.number()
		if r.err == nil && (group < 0 || group >= groups) {
			r.err = fmt.Errorf("it names group %d of %d", group, groups)
		}
		if r.err == nil {
			l.want(id, int32(group))
		}
	}
}

// details adds what another machine has found in its second reading.
func (r *shareReader) details(d record.Dictionary, l *looking) {
	r.texts(d)
	l.cut += r.count(mostOfAnything)
	for n := r.count(mostOfAnything); n > 0 && r.err == nil; n-- {
		id, name := record.ID(r.number()), r.text()
		if r.err == nil {
			l.names[id] = name
		}
	}
	if n := r.number(); r.err == nil && n != int64(len(l.groups)) {
		r.err = fmt.Errorf("it is of %d groups, and there are %d", n, len(l.groups))
	}
	for i := range l.groups {
		r.calls(l, &l.groups[i].calls)
		r.calls(l, &l.groups[i].back)
	}
}

func (r *shareReader) calls(l *looking, to *[]callOf) {
	for n := r.count(mostOfAnything); n > 0 && r.err == nil; n-- {
		c := callOf{attempt: r.attempt()}
		c.talk = int32(r.number())
		c.country = r.code(uint32(min(max(r.number(), 0), 1<<32-1)))
		if r.err == nil {
			l.put(to, c)
		}
	}
}
