package sign

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"sort"
	"sync"

	"github.com/ringfence/ringfence/hunt/record"
)

// index is an index that is open: a finder.
type index struct {
	from    io.ReaderAt
	meta    meta
	people  *population
	dir     [sections][]entry
	workers int
}

// openIndex reads the end of an index.
func openIndex(from io.ReaderAt, size int64, key []byte, workers int) (*index, error) {
	end, err := readEnd(from, size, key)
	if err != nil {
		return nil, err
	}
	x := &index{from: from, workers: workers}
	d := decoder{data: end}
	about := d.bytes()
	if d.err != nil {
		return nil, d.err
	}
	if err := json.Unmarshal(about, &x.meta); err != nil {
		return nil, broken("what it says of itself: %v", err)
	}
	if err := x.readAttributes(&d); err != nil {
		return nil, err
	}
	return x, x.readDirectory(&d, size-int64(footerSize)-int64(len(end)))
}

// readAttributes reads the prints and networks, but for who has them.
func (x *index) readAttributes(d *decoder) error {
	p := &population{accounts: x.meta.Accounts, pairs: x.meta.Pairs, stats: x.meta.Stats, has: map[attribute]share{}}
	texts, codes, numbers := map[attribute]string{}, map[Sign]record.Code{}, map[attribute]int{}
	n := d.number()
	for i := 0; uint64(i) < n && d.err == nil; i++ {
		kind := d.number()
		if kind >= uint64(len(attributeKinds)) {
			return broken("attribute %d is of no kind", i)
		}
		a := attribute{attributeKinds[kind], record.Code(d.number())}
		text := string(d.bytes())
		p.has[a] = share{int64(d.number()), d.number() == 1}
		texts[a], codes[Sign{a.kind, text}], numbers[a] = text, a.code, i
	}
	p.text = func(a attribute) string { return texts[a] }
	p.code = func(kind Kind, text string) record.Code { return codes[Sign{kind, text}] }
	p.holders = func(a attribute) (all []record.ID, err error) {
		number, ok := numbers[a]
		if !ok {
			return nil, nil
		}
		err = x.find(context.Background(), byAttribute, []record.ID{record.ID(number)}, func(_ record.ID, d *decoder, wanted bool) bool {
			if id := d.id(); wanted {
				all = append(all, id)
			}
			return true
		})
		slices.Sort(all)
		return all, err
	}
	x.people = p
	return d.err
}

func (x *index) readDirectory(d *decoder, size int64) error {
	at := int64(0)
	for s := range x.dir {
		n, last := d.number(), record.ID(0)
		for i := uint64(0); i < n && d.err == nil; i++ {
			e := entry{first: d.id(), at: at}
			length := d.number()
			if length > mostBlock || at+int64(length) > size || e.first < last {
				return broken("block %d of section %d is out of its place", i, s)
			}
			e.size, last = int32(length), e.first
			at += int64(length)
			copy(e.sum[:], d.take(sumSize))
			x.dir[s] = append(x.dir[s], e)
		}
	}
	if d.err == nil && (at != size || d.more()) {
		return broken("%d bytes in blocks, of %d", at, size)
	}
	return d.err
}

// block reads a block.
func (x *index) block(e entry) ([]byte, error) {
	data := make([]byte, e.size)
	if _, err := x.from.ReadAt(data, e.at); err != nil {
		return nil, err
	}
	if sumOf(data) != e.sum {
		return nil, broken("the block at %d is another", e.at)
	}
	return data, nil
}

// blocksOf returns the blocks that may have entries of sorted ids.
func (x *index) blocksOf(section int, want []record.ID) (all []entry) {
	dir, next := x.dir[section], 0
	for _, id := range want {
		from := sort.Search(len(dir), func(i int) bool { return dir[i].first >= id })
		for i := max(from-1, next); i < len(dir) && dir[i].first <= id; i++ {
			all = append(all, dir[i])
			next = i + 1
		}
	}
	return all
}

// find reads the blocks of ids. Read reads what an entry has besides its id; of
// the entries of other ids, too, that are not wanted. It tells whether it wants
// more of that id.
func (x *index) find(ctx context.Context, section int, want []record.ID, read func(id record.ID, d *decoder, wanted bool) (more bool)) error {
	all := x.blocksOf(section, want)
	last, more := record.ID(0), true
	for i, e := range all {
		if !more && e.first == last && i+1 < len(all) && all[i+1].first == last {
			continue // all of it is of an id of which there is enough
		}
		data, err := x.block(e)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d := decoder{data: data}
		id := e.first
		at, _ := slices.BinarySearch(want, id)
		for d.more() {
			id += record.ID(d.number())
			for at < len(want) && want[at] < id {
				at++
			}
			if at == len(want) {
				break
			}
			last, more = id, read(id, &d, want[at] == id)
		}
		if d.err != nil {
			return d.err
		}
	}
	return nil
}

// share shares out ids, in their order, among goroutines.
func (x *index) share(all []record.ID, each func(want []record.ID) error) error {
	size := max((len(all)+x.workers-1)/x.workers, 1)
	errs := make(chan error, x.workers)
	var wait sync.WaitGroup
	for want := range slices.Chunk(all, size) {
		wait.Go(func() { errs <- each(want) })
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *index) population() *population { return x.people }

// attempts returns what accounts tried.
func (x *index) attempts(ctx context.Context, callers map[record.ID]int) (all map[record.ID][]attempt, cut int64, err error) {
	var mu sync.Mutex
	all = map[record.ID][]attempt{}
	err = x.share(sorted(callers), func(want []record.ID) error {
		var mine []attempt
		beyond, of, left := int64(0), record.ID(0), 0
		err := x.find(ctx, byCaller, want, func(id record.ID, d *decoder, wanted bool) bool {
			a := readAttempt(id, d)
			if id != of {
				of, left = id, callers[id]
			}
			switch {
			case !wanted || left == 0:
			case len(mine) == mostCalls/x.workers:
				beyond += a.calls
			default:
				mine = append(mine, a)
				left--
			}
			return left > 0
		})
		mu.Lock()
		defer mu.Unlock()
		cut += beyond
		split(mine, all)
		return err
	})
	return all, cut, err
}

func readAttempt(id record.ID, d *decoder) attempt {
	a := attempt{caller: id, callee: d.id(), print: record.Code(d.number()), network: record.Code(d.number()), first: int64(d.number())}
	a.last = a.first + int64(d.number())
	a.calls = int64(d.number())
	a.place = place{int32(d.number()) - 1, uint32(d.number())}
	return a
}

// callers returns who tried targets.
func (x *index) callers(ctx context.Context, targets ids) (map[record.ID]*sample, error) {
	all := map[record.ID]*sample{}
	var mu sync.Mutex
	err := x.share(sorted(targets), func(want []record.ID) error {
		mine := map[record.ID]*sample{}
		err := x.find(ctx, byCallee, want, func(id record.ID, d *decoder, wanted bool) bool {
			caller := d.id()
			if !wanted {
				return true
			}
			if mine[id] == nil {
				mine[id] = &sample{}
			}
			mine[id].add(caller, mostCallers)
			return true
		})
		mu.Lock()
		defer mu.Unlock()
		for id, one := range mine {
			one.settle(mostCallers)
			all[id] = one
		}
		return err
	})
	return all, err
}

// names returns the texts of ids, but for some that the index has not; a text
// that is not that of its id is an error.
func (x *index) names(ctx context.Context, of ids) (map[record.ID]string, error) {
	all := map[record.ID]string{}
	var mu sync.Mutex
	err := x.share(sorted(of), func(want []record.ID) error {
		mine, wrong := map[record.ID]string{}, false
		err := x.find(ctx, byName, want, func(id record.ID, d *decoder, wanted bool) bool {
			if text := d.bytes(); wanted {
				wrong = wrong || record.HashID(text) != id
				mine[id] = string(text)
			}
			return true
		})
		if wrong && err == nil {
			err = broken("the text of an id is that of another")
		}
		mu.Lock()
		defer mu.Unlock()
		for id, text := range mine {
			all[id] = text
		}
		return err
	})
	return all, err
}
