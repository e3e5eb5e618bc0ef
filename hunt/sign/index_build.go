package sign

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ringfence/ringfence/hunt/record"
)

const (
	spillBudget   = 400 << 20 // bytes of attempts in memory, while an index is made
	callBlock     = 1024      // calls that a goroutine gathers of a part
	incomingBlock = 2048
	nameBlock     = 16 << 10 // bytes
	bitsByRecord  = 16       // of the filter of ids whose text is kept
	leastFilter   = 20       // its size is at least, and at most, 2 to the power of these bits
	mostFilter    = 32
)

// incoming is a target and an account that tried it.
type incoming struct{ callee, caller record.ID }

// builder makes an index.
type builder struct {
	Options
	calls spill[call]
	pairs spill[incoming]
	names spill[byte]
	named filter

	people *population
	out    *bufio.Writer
	at     int64
	dir    [sections][]entry
}

// entry is a block in the directory.
type entry struct {
	first record.ID
	at    int64
	size  int32
	sum   [sumSize]byte
}

func sumOf(data []byte) [sumSize]byte {
	sum := sha256.Sum256(data)
	return [sumSize]byte(sum[:])
}

// build writes the index of all records of a source to a file.
func build(ctx context.Context, source record.Source, m meta, to *os.File, o Options) error {
	dir := filepath.Dir(to.Name())
	b := &builder{Options: o, named: newFilter(source), out: bufio.NewWriterSize(to, 1<<20)}
	b.calls.dir, b.pairs.dir, b.names.dir = dir, dir, dir
	b.calls.budget, b.pairs.budget, b.names.budget = spillBudget, spillBudget/2, spillBudget/4
	err := b.gather(ctx, source)
	if err == nil {
		err = b.write(ctx)
	}
	if err == nil {
		m.Stats, m.Accounts, m.Pairs = b.people.stats, b.people.accounts, b.people.pairs
		err = b.finish(m)
	}
	return errors.Join(err, b.calls.close(), b.pairs.close(), b.names.close())
}

// collector is one goroutine's part of gathering.
type collector struct {
	*builder
	calls gatherer[call]
	names gatherer[byte]
	buf   []byte
}

// gather reads all records: it counts the population, and keeps the attempts.
func (b *builder) gather(ctx context.Context, source record.Source) (err error) {
	all := make([]collector, b.Workers)
	for i := range all {
		all[i] = collector{builder: b, calls: gatherer[call]{to: &b.calls, size: callBlock}, names: gatherer[byte]{to: &b.names, size: nameBlock}}
	}
	b.people, err = count(ctx, source, b.Options, record.Caller|record.Callee, func(worker int, c *counted, batch *record.Batch) error {
		return all[worker].visit(c, batch)
	})
	for i := range all {
		err = errors.Join(err, all[i].calls.flush(), all[i].names.flush())
	}
	return err
}

func (c *collector) visit(so *counted, b *record.Batch) error {
	for i := range b.N {
		if !usual(b, i) && (!unusual(b, i) || b.CallerPrint == nil || !so.kinds[0].maybeRare(b.CallerPrint[i])) {
			continue
		}
		one := callOf(b, i)
		if err := c.calls.add(one.caller, one); err != nil {
			return err
		}
		if err := c.name(b, record.Caller, i, one.caller); err != nil {
			return err
		}
		if err := c.name(b, record.Callee, i, one.callee); err != nil {
			return err
		}
	}
	return nil
}

// maybeRare tells whether so few accounts have had an attribute yet that it may
// turn out to be rare.
func (h *holders) maybeRare(code record.Code) bool {
	return code > record.Other && h.of[code].level == 0
}

// name keeps the text of an id when it is first seen.
func (c *collector) name(b *record.Batch, column record.Columns, i int, id record.ID) error {
	if b.Text == nil || !c.named.add(id) {
		return nil
	}
	text := b.Text(column, i)
	if len(text) > maxValue {
		return nil // it is read from the records again when it is reported
	}
	c.buf = binary.LittleEndian.AppendUint64(c.buf[:0], uint64(id))
	c.buf = binary.AppendUvarint(c.buf, uint64(len(text)))
	c.buf = append(c.buf, text...)
	return c.names.add(id, c.buf...)
}

// filter says of an id whether it is new. It may take a new one for an old (some
// of ten thousand), never the other way round.
type filter struct {
	words []uint64
	shift int
}

func newFilter(source record.Source) filter {
	size := 28
	if s, ok := source.(interface{ Records() int64 }); ok {
		size = min(max(bits.Len64(uint64(s.Records())*bitsByRecord), leastFilter), mostFilter)
	}
	return filter{make([]uint64, 1<<(size-6)), 64 - size + 6}
}

func (f *filter) add(id record.ID) (isNew bool) {
	mask := uint64(1)<<(id&63) | uint64(1)<<(id>>6&63)
	return atomic.OrUint64(&f.words[id>>f.shift], mask)&mask != mask
}

// write writes the sections, each part by part.
func (b *builder) write(ctx context.Context) error {
	var pairs sync.Mutex
	reverse := gatherer[incoming]{to: &b.pairs, size: incomingBlock}
	err := b.section(ctx, byCaller, func(p int, to *blocks) error {
		calls, err := b.calls.take(p)
		if err != nil {
			return err
		}
		calls = slices.DeleteFunc(calls, func(c call) bool { return c.unusual && !b.people.ties(attribute{Print, c.print}) })
		var seen []incoming
		fold(calls, func(a attempt) {
			writeAttempt(to, a)
			if one := (incoming{a.callee, a.caller}); len(seen) == 0 || seen[len(seen)-1] != one {
				seen = append(seen, one)
			}
		})
		pairs.Lock()
		defer pairs.Unlock()
		for _, one := range seen {
			if err := reverse.add(one.callee, one); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = reverse.flush()
	}
	if err != nil {
		return err
	}
	if err := b.section(ctx, byCallee, b.writePairs); err != nil {
		return err
	}
	if err := b.section(ctx, byName, b.writeNames); err != nil {
		return err
	}
	return b.writeHolders()
}

func writeAttempt(to *blocks, a attempt) {
	to.entry(a.caller)
	to.id(a.callee)
	to.number(uint64(a.print))
	to.number(uint64(a.network))
	to.number(uint64(a.first))
	to.number(uint64(a.last - a.first))
	to.number(uint64(a.calls))
	to.number(uint64(a.place.file + 1))
	to.number(uint64(a.place.row))
}

func (b *builder) writePairs(p int, to *blocks) error {
	all, err := b.pairs.take(p)
	slices.SortFunc(all, func(x, y incoming) int {
		if x.callee != y.callee {
			return order(x.callee, y.callee)
		}
		return order(x.caller, y.caller)
	})
	for _, one := range all {
		to.entry(one.callee)
		to.id(one.caller)
	}
	return err
}

func (b *builder) writeNames(p int, to *blocks) error {
	data, err := b.names.take(p)
	type name struct {
		id   record.ID
		text []byte
	}
	var all []name
	for d := (decoder{data: data}); d.more(); {
		all = append(all, name{d.id(), d.bytes()})
	}
	slices.SortFunc(all, func(x, y name) int { return order(x.id, y.id) })
	for _, one := range all {
		to.entry(one.id)
		to.text(one.text)
	}
	return err
}

func order(a, b record.ID) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// section makes the blocks of the parts, several at a time, and writes them in
// order.
func (b *builder) section(ctx context.Context, number int, fill func(p int, to *blocks) error) error {
	for from := 0; from < parts; from += b.Workers {
		some := [parts]blocks{}
		failed := [parts]error{}
		var wait sync.WaitGroup
		for p := from; p < min(from+b.Workers, parts); p++ {
			wait.Go(func() { failed[p] = fill(p, &some[p]) })
		}
		wait.Wait()
		for p := from; p < min(from+b.Workers, parts); p++ {
			if err := errors.Join(failed[p], ctx.Err()); err != nil {
				return err
			}
			if err := b.put(number, &some[p]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) put(section int, of *blocks) error {
	of.finish()
	for _, one := range of.done {
		b.dir[section] = append(b.dir[section], entry{one.first, b.at, int32(len(one.data)), sumOf(one.data)})
		b.at += int64(len(one.data))
		if _, err := b.out.Write(one.data); err != nil {
			return fmt.Errorf("index: writing: %w; make room, or leave the index out", err)
		}
	}
	return nil
}

// attributes returns all, in the order in which they are numbered.
func (p *population) attributes() (all []attribute) {
	for a := range p.has {
		all = append(all, a)
	}
	slices.SortFunc(all, compareAttributes)
	return all
}

// writeHolders writes the accounts of the attributes that may tie or be a sign.
func (b *builder) writeHolders() error {
	var to blocks
	for number, a := range b.people.attributes() {
		if !b.people.has[a].exact {
			continue
		}
		all, err := b.people.holders(a)
		if err != nil {
			return err
		}
		for _, id := range all {
			to.entry(record.ID(number))
			to.id(id)
		}
	}
	return b.put(byAttribute, &to)
}

// finish writes the end.
func (b *builder) finish(m meta) error {
	about, err := json.Marshal(m)
	if err != nil {
		return err
	}
	var end blocks // one, of whatever size
	end.text(about)
	all := b.people.attributes()
	end.number(uint64(len(all)))
	for _, a := range all {
		exact := uint64(0)
		if b.people.has[a].exact {
			exact = 1
		}
		end.number(uint64(slices.Index(attributeKinds, a.kind)))
		end.number(uint64(a.code))
		end.text([]byte(b.people.text(a)))
		end.number(uint64(b.people.has[a].count))
		end.number(exact)
	}
	for _, section := range b.dir {
		end.number(uint64(len(section)))
		for _, one := range section {
			end.id(one.first)
			end.number(uint64(one.size))
			end.open.data = append(end.open.data, one.sum[:]...)
		}
	}
	data := end.open.data
	footer := binary.LittleEndian.AppendUint64(nil, uint64(b.at))
	footer = binary.LittleEndian.AppendUint64(footer, uint64(len(data)))
	footer = append(footer, seal(data, b.Key)...)
	for _, part := range [][]byte{data, footer, []byte(indexMagic)} {
		if _, err := b.out.Write(part); err != nil {
			return fmt.Errorf("index: writing: %w; make room, or leave the index out", err)
		}
	}
	return b.out.Flush()
}

var attributeKinds = []Kind{Print, Network}
