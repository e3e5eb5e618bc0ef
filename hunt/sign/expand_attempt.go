package sign

import (
	"cmp"
	"math"
	"slices"

	"github.com/ringfence/ringfence/hunt/record"
)

// talkMS is the talk from which on a call was a conversation.
const talkMS = 5_000

// tried tells whether a record is an attempt: a call that came to nothing.
func tried(b *record.Batch, i int) bool {
	return b.Outcome[i] != record.Answered || b.TalkMS != nil && b.TalkMS[i] < talkMS
}

// unusual tells whether a record is an attempt only if its client print is rare:
// a call to a contact that came to nothing, for the account may have been taken
// over, or one that a stranger answered, as some of those under attack do. A call
// between contacts who talked is none in any case.
func unusual(b *record.Batch, i int) bool { return tried(b, i) == accepted(b, i) }

// usual tells whether a record is an attempt whatever the client.
func usual(b *record.Batch, i int) bool { return tried(b, i) && !accepted(b, i) }

// accepted tells whether the callee had accepted the caller.
func accepted(b *record.Batch, i int) bool {
	return b.Contact != nil && b.Contact[i] == record.Accepted
}

// call is one record that is an attempt: 48 bytes.
type call struct {
	caller, callee record.ID
	time           int64 // ns
	print, network record.Code
	place          place
	unusual        bool // and an attempt only if the print is rare
	_              [3]byte
}

// place is where a record stands: a row of a file, both from 0. Of text it is
// not known, and file is noFile.
type place struct {
	file int32
	row  uint32
}

const noFile = -1

func callOf(b *record.Batch, i int) call {
	c := call{caller: b.Caller[i], callee: b.Callee[i], time: b.Time[i], place: place{file: noFile}}
	if b.CallerPrint != nil {
		c.print = b.CallerPrint[i]
	}
	if b.CallerNetwork != nil {
		c.network = b.CallerNetwork[i]
	}
	if b.Place != nil {
		if p := b.Place(i); p.Row <= math.MaxUint32 {
			c.place = place{int32(p.File), uint32(p.Row)}
		}
	}
	c.unusual = unusual(b, i)
	return c
}

// attempt is what an account tried with a target, on one client and network.
type attempt struct {
	caller, callee record.ID
	print, network record.Code
	first, last    int64 // seconds since 1970
	calls          int64
	place          place // of the first
}

// fold makes attempts of calls, sorted by caller and callee. A call that is
// there twice counts once.
func fold(calls []call, sink func(attempt)) {
	slices.SortFunc(calls, compareCalls)
	for i := 0; i < len(calls); {
		one := &calls[i]
		a := attempt{caller: one.caller, callee: one.callee, print: one.print, network: one.network, first: one.time / 1e9, place: one.place}
		before := int64(0)
		for ; i < len(calls) && a.same(&calls[i]); i++ {
			if calls[i].time != before {
				a.calls++
			}
			before = calls[i].time
			a.last = before / 1e9
		}
		sink(a)
	}
}

func compareCalls(a, b call) int {
	if a.caller != b.caller {
		return cmp.Compare(a.caller, b.caller)
	}
	if a.callee != b.callee {
		return cmp.Compare(a.callee, b.callee)
	}
	return cmp.Or(cmp.Compare(a.print, b.print), cmp.Compare(a.network, b.network), cmp.Compare(a.time, b.time),
		cmp.Compare(a.place.file, b.place.file), cmp.Compare(a.place.row, b.place.row))
}

func (a *attempt) same(c *call) bool {
	return a.caller == c.caller && a.callee == c.callee && a.print == c.print && a.network == c.network
}
