package live

import "time"

// Attributes by which accounts are compared, in the order in which they claim
// them: a print is of the tool that makes the calls, a network is rented, a
// rhythm is a habit. The first four are counted among all callers, the others
// among those who try strangers again and again.
const (
	byPrint = iota
	byMismatch
	byPrintNetwork
	byNetwork
	counted // kinds above are counted in the crowd
	byPrintRhythm
	byNetworkRhythm
	byRhythm
	byTargets // no attribute: the same people were tried
	kinds
)

// Value is one value of an attribute: its kind and a hash of what it is.
type Value uint64

func valueOf(kind int, h uint64) Value { return Value(uint64(kind)<<56 | h>>8) }

func (v Value) kind() int { return int(v >> 56) }

// Levels: a number of strangers who were tried again and again, by anybody or by
// those who hardly talk with strangers; and a number of strangers who never
// answered, tried by those who call nobody else, or by those who came with another
// client than before.
const (
	firstAlone = 8
	firstMoved = 10
	levels     = 12
)

var (
	steps      = [...]int{1, 2, 4, 10}
	aloneSteps = [...]int{1, 3}
)

const (
	anybody = iota
	pure
)

func levelOf(step, class int) int { return 2*step + class }

const (
	day    = int64(24 * time.Hour)
	window = 14 * day
	half   = window / 2

	wholeRegisters = 1024 // of sketches of all callers: 3 %
	valueRegisters = 64   // of one value's: 13 %, and less over several partitions
)

// crowd is what a partition knows of all its callers.
type crowd interface {
	accounts() int
	level(l int) int
	value(v Value) int
}

// Crowd is what a partition tells the others of all its callers.
type Crowd struct {
	Accounts int
	Levels   [levels]int
	Values   map[Value]uint32
}

func (c *Crowd) accounts() int     { return c.Accounts }
func (c *Crowd) level(l int) int   { return c.Levels[l] }
func (c *Crowd) value(v Value) int { return int(c.Values[v]) }

// seen is the last print, version and network of an account, in a table that
// forgets whom it has no place for: it saves counting the same again.
type seen struct {
	Tag uint32 // of the account
	Of  uint32 // hash of print, version and network; the lowest bits are below
}

// The lowest bits of seen.Of.
const (
	halfBit   = 1 // of the number of the half in which it was seen
	friendBit = 2 // it has called somebody who had accepted it
	seenBits  = halfBit | friendBit
)

// population counts the callers of a partition, and those who have a value.
type population struct {
	All    sketch
	Level  [levels]sketch
	Values map[Value]*sketch
	Seen   []seen
	order  []Value // of Values, to choose who goes
	adds   int64
	most   int
	lost   int64 // values that went
	// overwritten counts callers of whom it was forgotten what they call with.
	overwritten int64
}

func newPopulation(accounts, values int) *population {
	size := 1024
	for size < accounts {
		size *= 2
	}
	return &population{Values: map[Value]*sketch{}, Seen: make([]seen, size), most: values}
}

// glance is what the table says of a caller.
type glance struct {
	was, is uint32 // stand for what it was last seen with, 0 when that is not known, and for what it has now
	friends bool   // it has called somebody who had accepted it
}

// count counts an account with its attributes; friend: this call is to somebody
// who had accepted it. This is what nearly every record costs, so that the common
// case is one look into one table.
func (p *population) count(account uint64, now int64, print, version, network uint64, friend bool) (g glance) {
	p.turn(now / half)
	of := uint32(mix(print, version^network<<1)>>32)&^seenBits | uint32(p.All.Half)&halfBit
	if friend {
		of |= friendBit
	}
	at, known := p.place(account)
	if known {
		g.was = at.Of | seenBits
		of |= at.Of & friendBit
	}
	g.is, g.friends = of|seenBits, of&friendBit != 0
	if known && at.Of&^friendBit == of&^friendBit {
		at.Of = of
		return g
	}
	*at = seen{uint32(account >> 32), of}
	p.All.add(account, now/half, wholeRegisters)
	attributes(print, version, network, func(v Value) { p.have(v, account, now/half) })
	return g
}

// ways is among how many places of the table an account may be.
const ways = 8

// place finds an account in the table, or makes room where the one was that came
// first.
func (p *population) place(account uint64) (at *seen, known bool) {
	tag, from := uint32(account>>32), account&uint64(len(p.Seen)-1)&^(ways-1)
	set := p.Seen[from : from+ways]
	for i := range set {
		if set[i].Tag == tag {
			return &set[i], true
		}
	}
	if set[ways-1] != (seen{}) {
		p.overwritten++
	}
	copy(set[1:], set)
	return &set[0], false
}

// turn starts a new half: who is seen in it is counted again, and who was not seen
// in the last one is forgotten.
func (p *population) turn(n int64) {
	if n == p.All.Half {
		return
	}
	for i := range p.Seen {
		if n != p.All.Half+1 || int64(p.Seen[i].Of&halfBit) != p.All.Half&1 {
			p.Seen[i] = seen{}
		}
	}
	p.All.turn(n)
	for l := range p.Level {
		p.Level[l].turn(n)
	}
	for _, s := range p.Values {
		s.turn(n)
	}
}

// attributes visits the values that are counted in the crowd; 0 is not known.
func attributes(print, version, network uint64, visit func(Value)) {
	if print != 0 {
		visit(valueOf(byPrint, print))
	}
	if print != 0 && version != 0 {
		visit(valueOf(byMismatch, mix(print, version)))
	}
	if print != 0 && network != 0 {
		visit(valueOf(byPrintNetwork, mix(print, network)))
	}
	if network != 0 {
		visit(valueOf(byNetwork, network))
	}
}

func (p *population) have(v Value, account uint64, halfNumber int64) {
	p.adds++
	s := p.Values[v]
	if s == nil {
		s = p.room(v)
		s.Half = halfNumber
	}
	s.Touched = p.adds
	s.add(account, halfNumber, valueRegisters)
}

// room makes a place for a value. When there is none, of some that are chosen
// without luck the one goes that the fewest accounts have, then the oldest.
func (p *population) room(v Value) *sketch {
	s := &sketch{}
	if len(p.order) < p.most {
		p.order = append(p.order, v)
		p.Values[v] = s
		return s
	}
	least := -1
	for i := range sample {
		at := int(mix(uint64(p.lost), uint64(i)) % uint64(len(p.order)))
		if least < 0 || p.lesser(p.order[at], p.order[least]) {
			least = at
		}
	}
	p.lost++
	delete(p.Values, p.order[least])
	p.order[least] = v
	p.Values[v] = s
	return s
}

// sample is among how many the least suspicious is looked for.
const sample = 8

func (p *population) lesser(a, b Value) bool {
	x, y := p.Values[a], p.Values[b]
	if m, n := x.size(valueRegisters), y.size(valueRegisters); m != n {
		return m < n
	}
	return x.Touched < y.Touched
}

func (p *population) accounts() int   { return p.All.size(wholeRegisters) }
func (p *population) level(l int) int { return p.Level[l].size(wholeRegisters) }
func (p *population) value(v Value) int {
	if s := p.Values[v]; s != nil {
		return s.size(valueRegisters)
	}
	return 0
}

// rareLeast is how many may have what is rare, however few people there are.
const rareLeast = 12

// rare tells whether hardly anybody has one of the values of an account.
func (p *population) rare(print, network uint64) bool {
	most := max(rareLeast, p.accounts()/1000)
	for kind, h := range map[int]uint64{byPrint: print, byNetwork: network} {
		if h != 0 && p.value(valueOf(kind, h)) <= most {
			return true
		}
	}
	return false
}

// crowd returns what the others are told.
func (p *population) crowd() *Crowd {
	c := &Crowd{Accounts: p.accounts(), Values: make(map[Value]uint32, len(p.Values))}
	for l := range c.Levels {
		c.Levels[l] = p.level(l)
	}
	for v, s := range p.Values {
		if n := s.size(valueRegisters); n > 0 {
			c.Values[v] = uint32(n)
		}
	}
	return c
}
