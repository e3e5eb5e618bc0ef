package sign

import (
	"context"
	"math/bits"

	"github.com/ringfence/ringfence/hunt/record"
)

// attribute is a print or a network. Its code is that of the place it was read
// from: of the dictionary of a source, or of an index.
type attribute struct {
	kind Kind // Print or Network
	code record.Code
}

// What is kept of all accounts.
const (
	mostHolders = 2048     // accounts of an attribute that are known one by one
	mostCounted = 1 << 16  // of all accounts, and of all pairs
	mostHeld    = 32 << 20 // ids of all attributes of one goroutine: 256 MB
)

// population is what all accounts have, against which a tie is held.
type population struct {
	accounts int64 // that called
	pairs    int64 // of an account and somebody whom it tried
	has      map[attribute]share
	stats    record.Stats
	text     func(attribute) string
	code     func(kind Kind, text string) record.Code // 0: no record has it
	holders  func(attribute) ([]record.ID, error)     // of one whose share is exact
}

// share is how many accounts have an attribute.
type share struct {
	count int64
	exact bool // and each of them is known
}

// rare is how many accounts may have a print or network that still ties those
// who have it: a few, or one of five thousand, and never more than one of ten.
func (p *population) rare() int64 {
	return min(max(32, p.accounts/5_000), mostHolders, p.accounts/10)
}

// ties tells whether so few accounts have an attribute that it ties them.
func (p *population) ties(a attribute) bool {
	s, ok := p.has[a]
	return ok && s.exact && s.count <= p.rare()
}

// counted is what one goroutine counts.
type counted struct {
	accounts, pairs sample
	kinds           [2]holders // of prints, of networks
}

// holders are the accounts of each attribute, by code.
type holders struct {
	of   []sample
	held int
}

func (h *holders) add(code record.Code, id record.ID) {
	if code <= record.Other { // not known, or many different ones
		return
	}
	for int(code) >= len(h.of) {
		h.of = append(h.of, make([]sample, len(h.of)+64)...)
	}
	s := &h.of[code]
	before := cap(s.ids)
	if h.held > mostHeld { // made-up attributes: count them coarsely, so that they tie nothing
		s.level = max(s.level, 1)
	}
	s.add(id, mostHolders)
	h.held += cap(s.ids) - before
}

func (c *counted) visit(b *record.Batch) {
	for i, caller := range b.Caller[:b.N] {
		c.accounts.add(caller, mostCounted)
		if b.CallerPrint != nil {
			c.kinds[0].add(b.CallerPrint[i], caller)
		}
		if b.CallerNetwork != nil {
			c.kinds[1].add(b.CallerNetwork[i], caller)
		}
		if usual(b, i) {
			c.pairs.add(pairOf(caller, b.Callee[i]), mostCounted)
		}
	}
}

// pairOf is a hash of a caller and a callee.
func pairOf(caller, callee record.ID) record.ID {
	high, low := bits.Mul64(uint64(caller)^0x9e3779b97f4a7c15, uint64(callee)^0xd1b54a32d192ed03)
	return record.ID(high ^ low)
}

// populationOf adds up what the goroutines have counted.
func populationOf(all []*counted, stats record.Stats) *population {
	p := &population{has: map[attribute]share{}, stats: stats}
	holders := samples{}
	var accounts, pairs sample
	for _, c := range all {
		accounts.merge(&c.accounts, mostCounted)
		pairs.merge(&c.pairs, mostCounted)
		holders.merge(Print, c.kinds[0].of)
		holders.merge(Network, c.kinds[1].of)
	}
	p.accounts, p.pairs = accounts.count(), pairs.count()
	for a, s := range holders {
		p.has[a] = share{s.count(), s.exact()}
	}
	p.holders = func(a attribute) ([]record.ID, error) { return holders[a].ids, nil }
	return p
}

type samples map[attribute]*sample

func (all samples) merge(kind Kind, of []sample) {
	for code := range of {
		one, a := &of[code], attribute{kind, record.Code(code)}
		if len(one.ids) == 0 && one.level == 0 {
			continue
		}
		if all[a] == nil {
			all[a] = &sample{}
		}
		all[a].merge(one, mostHolders)
	}
}

// count reads all records for the population. Also, when not nil, sees each batch
// with what its goroutine has counted so far; it may want more columns.
func count(ctx context.Context, source record.Source, o Options, want record.Columns, also func(worker int, c *counted, b *record.Batch) error) (*population, error) {
	all := make([]*counted, o.Workers)
	for i := range all {
		all[i] = &counted{}
	}
	stats, err := source.Read(ctx, record.Reading{
		Want:     record.CallerPrint | record.CallerNetwork | record.TalkMS | record.ContactColumn | want,
		Workers:  o.Workers,
		Progress: o.Progress,
		Visit: func(worker int, b *record.Batch) error {
			all[worker].visit(b)
			if also == nil {
				return nil
			}
			return also(worker, all[worker], b)
		},
	})
	if err != nil {
		return nil, err
	}
	p := populationOf(all, stats)
	words := source.Dictionary()
	p.text = func(a attribute) string { return words.Text(a.code) }
	p.code = func(_ Kind, text string) record.Code { return words.Code([]byte(text)) }
	return p, nil
}
