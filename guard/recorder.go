package guard

import (
	"sync"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// How many alike verdicts are recorded one by one: the first recordBurst, then
// one each recordEvery. The others are counted.
const (
	recordBurst = 20
	recordEvery = 500 * time.Millisecond
	// maxKeys bounds what is remembered of different verdicts, about 300 bytes
	// each and the bytes of one packet for those that are being counted.
	maxKeys = 4096
)

// recorder hands verdicts on, and sees to it that a flood of refusals does not
// become a flood of evidence: of alike verdicts (same rule, kind, call, sender)
// it hands on a few and counts the rest.
type recorder struct {
	mu     sync.Mutex
	now    func() time.Time
	record func(Verdict)
	byKey  map[recordKey]*tally
	swept  time.Time // when room was last made
}

type recordKey struct {
	rule          string
	kind          Kind
	account, call wire.ID
	tagged        bool
}

type tally struct {
	left    float64 // verdicts that may still be recorded one by one
	at      time.Time
	counted int     // since the last one that was recorded
	sample  Verdict // the first of those counted
}

func newRecorder(now func() time.Time, record func(Verdict)) *recorder {
	return &recorder{now: now, record: record, byKey: map[recordKey]*tally{}}
}

// take records a verdict, or counts it.
func (r *recorder) take(v *Verdict, ev *Event) {
	key := recordKey{v.Rules[0], v.Kind, v.Account, v.Call, v.Range}
	r.mu.Lock()
	t := r.tally(key)
	if t.left < 1 {
		if t.counted == 0 {
			t.sample = *v
			t.sample.keep(ev.Bytes)
		}
		t.counted++
		r.mu.Unlock()
		return
	}
	t.left--
	counted := t.counted
	t.counted, t.sample = 0, Verdict{}
	r.mu.Unlock()
	v.keep(ev.Bytes)
	v.Count += counted
	r.record(*v)
}

// tally returns the tally of a key, refilled.
func (r *recorder) tally(key recordKey) *tally {
	now := r.now()
	t, ok := r.byKey[key]
	if !ok {
		if len(r.byKey) >= maxKeys && now.Sub(r.swept) > time.Second {
			r.swept = now
			r.makeRoom(now)
		}
		if len(r.byKey) >= maxKeys { // too many senders: what they do is counted by rule alone
			key = recordKey{rule: key.rule, kind: key.kind, tagged: key.tagged}
			t, ok = r.byKey[key]
		}
	}
	if !ok {
		t = &tally{left: recordBurst, at: now}
		r.byKey[key] = t
	}
	if passed := now.Sub(t.at); passed > 0 {
		t.left = min(recordBurst, t.left+passed.Seconds()/recordEvery.Seconds())
		t.at = now
	}
	return t
}

// makeRoom forgets what has been quiet long enough to be as new.
func (r *recorder) makeRoom(now time.Time) {
	for key, t := range r.byKey {
		if t.counted == 0 && now.Sub(t.at) > recordBurst*recordEvery {
			delete(r.byKey, key)
		}
	}
}

// flush records what has been counted so far.
func (r *recorder) flush() {
	var out []Verdict
	r.mu.Lock()
	for _, t := range r.byKey {
		if t.counted > 0 {
			t.sample.Count = t.counted
			out = append(out, t.sample)
			t.counted, t.sample = 0, Verdict{}
		}
	}
	r.mu.Unlock()
	for _, v := range out {
		r.record(v)
	}
}
