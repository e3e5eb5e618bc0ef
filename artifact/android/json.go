package android

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/ringfence/ringfence/artifact"
)

// maxValue is how many bytes one entry of a JSON list may have.
const maxValue = 16 << 20

var (
	errNoObject = errors.New("no JSON object")
	errCut      = errors.New("cut off in the middle of an entry")
)

// entry is one value of a JSON list.
type entry struct {
	n, offset int64 // from 1; in bytes
	raw       []byte
}

// entries gives the values of a JSON list, or of a text of one value a line,
// one at a time whatever the size of the whole. A last one that is cut off is
// given with errCut, and what is left of it. raw is only valid until the next.
//
// Errors: errCut, artifact.ErrLong and what r meets, with an empty entry.
func entries(r io.Reader) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		s := splitter{r: r, buf: make([]byte, 0, 1<<20)}
		for {
			e, err := s.next()
			if err == io.EOF || !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// splitter finds where values begin and end in a stream.
type splitter struct {
	r      io.Reader
	buf    []byte
	i      int // read up to here
	offset int64
	n      int64
	done   error // of r
}

func (s *splitter) next() (entry, error) {
	for {
		s.gap()
		if s.i < len(s.buf) {
			end := valueEnd(s.buf[s.i:])
			if end < 0 && s.done == io.EOF && s.buf[s.i] != '{' && s.buf[s.i] != '"' {
				end = len(s.buf) - s.i
			}
			if end > 0 {
				s.n++
				e := entry{s.n, s.offset + int64(s.i), s.buf[s.i : s.i+end]}
				s.i += end
				return e, nil
			}
		}
		if s.done != nil {
			return s.last()
		}
		if err := s.fill(); err != nil {
			return entry{n: s.n + 1, offset: s.offset}, err
		}
	}
}

// gap steps over what stands between values: the brackets of the list, commas,
// white space and a byte order mark.
func (s *splitter) gap() {
	for s.i < len(s.buf) {
		switch s.buf[s.i] {
		case ' ', '\t', '\r', '\n', ',', '[', ']', 0xEF, 0xBB, 0xBF:
			s.i++
		default:
			return
		}
	}
}

// last returns what is left at the end of the stream.
func (s *splitter) last() (entry, error) {
	if s.done != io.EOF || s.i == len(s.buf) {
		return entry{}, s.done
	}
	e := entry{s.n + 1, s.offset + int64(s.i), s.buf[s.i:]}
	return e, errCut
}

// fill moves what is not read yet to the front and reads more behind it.
func (s *splitter) fill() error {
	rest := copy(s.buf[:cap(s.buf)], s.buf[s.i:])
	s.offset += int64(s.i)
	s.i, s.buf = 0, s.buf[:rest]
	if rest == cap(s.buf) {
		if rest >= maxValue {
			return fmt.Errorf("%w: an entry of more than %d bytes", artifact.ErrLong, maxValue)
		}
		s.buf = append(make([]byte, 0, 2*rest), s.buf...)
	}
	n, err := io.ReadFull(s.r, s.buf[rest:cap(s.buf)])
	s.buf = s.buf[:rest+n]
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	s.done = err
	return nil
}

// valueEnd returns where the value at the beginning of b ends; -1 when it goes
// on behind b.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			j := textEnd(b, i+1)
			if j < 0 {
				return -1
			}
			if i = j; depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 && i > 0 {
				return i
			}
			if depth--; depth <= 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 && i > 0 {
				return i
			}
		}
	}
	return -1
}

// textEnd returns the index of the quote that ends a text whose content begins
// at i; -1 when there is none.
func textEnd(b []byte, i int) int {
	for {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			return -1
		}
		j += i
		k := j
		for k > i && b[k-1] == '\\' {
			k--
		}
		if (j-k)%2 == 0 {
			return j
		}
		i = j + 1
	}
}

// walk goes through one JSON value without building anything. After the
// first mistake it is bad and gives nothing more.
type walk struct {
	b   []byte
	i   int
	bad bool
}

func (w *walk) take(c byte) bool {
	for ; w.i < len(w.b); w.i++ {
		switch w.b[w.i] {
		case ' ', '\t', '\r', '\n':
			continue
		case c:
			w.i++
			return true
		}
		return false
	}
	return false
}

// begins tells whether the next value begins with c.
func (w *walk) begins(c byte) bool {
	b := bytes.TrimLeft(w.b[w.i:], " \t\r\n")
	return len(b) > 0 && b[0] == c
}

// object calls each with every key of an object; what each does not read is
// stepped over. Anything else but null is bad.
func (w *walk) object(each func(key []byte)) {
	if !w.take('{') {
		w.bad = w.bad || string(w.text()) != ""
		return
	}
	if w.take('}') {
		return
	}
	for !w.bad {
		key := w.text()
		if !w.take(':') {
			break
		}
		from := w.i
		each(key)
		if w.i == from {
			w.skip()
		}
		if w.take(',') {
			continue
		}
		if w.take('}') {
			return
		}
		break
	}
	w.bad = true
}

// list calls each at every value of a list, which it has to read.
func (w *walk) list(each func()) {
	if !w.take('[') {
		w.bad = w.bad || string(w.text()) != ""
		return
	}
	if w.take(']') {
		return
	}
	for !w.bad {
		from := w.i
		each()
		if w.i == from {
			w.skip()
		}
		if w.take(',') {
			continue
		}
		if w.take(']') {
			return
		}
		break
	}
	w.bad = true
}

// skip steps over a value.
func (w *walk) skip() { w.raw() }

// raw returns the source of the next value.
func (w *walk) raw() []byte {
	for w.i < len(w.b) && (w.b[w.i] == ' ' || w.b[w.i] == '\n' || w.b[w.i] == '\r' || w.b[w.i] == '\t') {
		w.i++
	}
	b := w.b[w.i:]
	end := valueEnd(b)
	if end < 0 && len(b) > 0 && b[0] != '{' && b[0] != '[' && b[0] != '"' {
		end = len(b)
	}
	if end <= 0 || b[0] == '}' || b[0] == ']' || b[0] == ',' || b[0] == ':' {
		w.bad, w.i = true, len(w.b)
		return nil
	}
	w.i += end
	return b[:end]
}

// text returns a text, a number or a word as it is written; of null nothing,
// of an object or a list its source.
func (w *walk) text() []byte {
	raw := w.raw()
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if raw[0] != '"' {
		return raw
	}
	if bytes.IndexByte(raw, '\\') >= 0 {
		return unescaped(raw)
	}
	return raw[1 : len(raw)-1]
}

// unescaped decodes a text with its quotes.
func unescaped(quoted []byte) []byte {
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return quoted[1 : len(quoted)-1]
	}
	return []byte(s)
}

// number reads a number, or a text that holds one; 0 for anything else.
func (w *walk) number() int64 {
	t := w.text()
	n, ok := digits(t)
	if !ok {
		f, err := strconv.ParseFloat(string(t), 64)
		if err != nil || f > 1<<62 || f < -1<<62 {
			return 0
		}
		return int64(f)
	}
	return n
}

// digits reads a whole number of up to 18 digits without an allocation.
func digits(b []byte) (n int64, ok bool) {
	minus := len(b) > 0 && b[0] == '-'
	if minus {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 18 {
		return parsed(b, minus)
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if minus {
		n = -n
	}
	return n, true
}

func parsed(b []byte, minus bool) (int64, bool) {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if minus {
		n = -n
	}
	return n, err == nil
}

// yes reads true, 1 or their texts.
func (w *walk) yes() bool {
	t := string(w.text())
	return t == "true" || t == "1"
}

// interned keeps texts that come again and again, ready to be a field's value,
// so that a million records of a few hundred names allocate nothing for them.
type interned map[string]any

const (
	maxInterned = 1 << 16 // texts that are kept
	maxName     = 256     // bytes of one; longer ones do not come again
)

func (in interned) value(b []byte) any {
	v, ok := in[string(b)]
	if !ok {
		v = string(b)
		if len(in) < maxInterned && len(b) <= maxName {
			in[v.(string)] = v
		}
	}
	return v
}

func (in interned) text(b []byte) string { return in.value(b).(string) }
