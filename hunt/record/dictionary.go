package record

import (
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// HashID returns the ID of an account: xxHash64 of its text, with seed 0. An
// empty text has the ID 0, which stands for no account.
func HashID(text []byte) ID {
	if len(text) == 0 {
		return 0
	}
	return ID(xxhash.Sum64(text))
}

// What a dictionary holds at most; beyond it a text is Other.
const (
	maxTexts     = 1 << 20
	maxText      = 1 << 10   // bytes of one text
	maxTextTotal = 128 << 20 // bytes of all texts
)

// words is the Dictionary of Files. A text that is known is found without a
// lock: tables only ever gain entries, and a larger one takes the place of a
// full one. A reader that misses an entry asks again under the lock.
type words struct {
	table atomic.Pointer[table]

	mu    sync.RWMutex // guards what follows, and adding to the table
	texts []string     // by code
	bytes int
}

type table []atomic.Pointer[word] // its length is a power of two

type word struct {
	hash uint64
	text string
	code Code
}

func newWords() *words {
	w := &words{texts: []string{"", "(others)"}}
	first := make(table, 1<<10)
	w.table.Store(&first)
	return w
}

func (t table) find(hash uint64, text []byte) (Code, bool) {
	mask := uint64(len(t) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		one := t[i].Load()
		if one == nil {
			return 0, false
		}
		if one.hash == hash && one.text == string(text) {
			return one.code, true
		}
	}
}

func (t table) put(one *word) {
	mask := uint64(len(t) - 1)
	i := one.hash & mask
	for t[i].Load() != nil {
		i = (i + 1) & mask
	}
	t[i].Store(one)
}

// Code returns the code of a text, a new one when it has none yet.
func (w *words) Code(text []byte) Code {
	if len(text) == 0 {
		return 0
	}
	if len(text) > maxText {
		return Other
	}
	hash := xxhash.Sum64(text)
	if c, ok := w.table.Load().find(hash, text); ok {
		return c
	}
	return w.add(hash, text)
}

func (w *words) add(hash uint64, text []byte) Code {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := *w.table.Load()
	if c, ok := t.find(hash, text); ok {
		return c
	}
	if len(w.texts) >= maxTexts || w.bytes+len(text) > maxTextTotal {
		return Other
	}
	one := &word{hash: hash, text: string(text), code: Code(len(w.texts))}
	w.texts = append(w.texts, one.text)
	w.bytes += len(text)
	if 2*len(w.texts) > len(t) {
		t = t.doubled()
		w.table.Store(&t)
	}
	t.put(one)
	return one.code
}

func (t table) doubled() table {
	larger := make(table, 2*len(t))
	for i := range t {
		if one := t[i].Load(); one != nil {
			larger.put(one)
		}
	}
	return larger
}

// Text returns the text of a code; "" for one that was never given.
func (w *words) Text(c Code) string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if int(c) >= len(w.texts) {
		return ""
	}
	return w.texts[c]
}

// Len returns the number of codes, with 0 and Other.
func (w *words) Len() int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return len(w.texts)
}
