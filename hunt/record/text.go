package record

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Bounds of what is read as text.
const (
	maxLine   = 64 << 10
	maxWindow = 128 << 20 // memory of a zstd stream, as of "zstd --long=27"
)

// errLong is a line beyond maxLine.
var errLong = errors.New("line too long")

// openText opens a file, and the compression that its name says.
func openText(path string) (io.ReadCloser, error) {
	disk, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	close := func() error { return disk.Close() }
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		z, err := gzip.NewReader(disk)
		if err != nil {
			disk.Close()
			return nil, err
		}
		return stream{z, close}, nil
	case ".zst":
		z, err := zstd.NewReader(disk, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			disk.Close()
			return nil, err
		}
		return stream{z, func() error { z.Close(); return close() }}, nil
	}
	return disk, nil
}

type stream struct {
	io.Reader
	close func() error
}

func (s stream) Close() error { return s.close() }

// lines reads lines of bounded length.
type lines struct {
	from *bufio.Reader
	n    int64 // the number of the last line, from 1
}

func newLines(r io.Reader) *lines { return &lines{from: bufio.NewReaderSize(r, maxLine)} }

// next returns the next line, without its end; errLong when it was skipped for
// its length. It is valid until the next call.
func (l *lines) next() ([]byte, error) {
	line, err := l.from.ReadSlice('\n')
	if len(line) == 0 && err != nil {
		return nil, err
	}
	l.n++
	if !errors.Is(err, bufio.ErrBufferFull) {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return bytes.TrimRight(line, "\r\n"), nil
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.from.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return nil, errLong
}

// readText reads a whole file. What it returns first is why the rest of it
// cannot be read.
func (w *worker) readText(ctx context.Context, path string) (unread, err error) {
	from, err := openText(path)
	if err != nil {
		return err, nil
	}
	defer from.Close()
	in := newLines(from)
	parse, have := parseJSON, Columns(0)
	if format, _ := FormatOf(path); format == CSV {
		header, err := in.header()
		if err != nil {
			return err, nil
		}
		parse, have = header.parse, header.have
	}
	for {
		line, err := in.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, w.emit(have)
		case errors.Is(err, errLong):
			w.reject(err.Error())
			continue
		case err != nil:
			return fmt.Errorf("line %d: %w; the rest is not read", in.n+1, err), w.emit(have)
		case len(bytes.TrimSpace(line)) == 0:
			continue
		}
		r, columns, err := parse(line)
		if err != nil {
			w.reject(err.Error())
			continue
		}
		have |= columns
		w.put(&r)
		if w.n == batchSize {
			if err := errors.Join(ctx.Err(), w.emit(have)); err != nil {
				return nil, err
			}
		}
	}
}

// put adds a record that was read from text.
func (w *worker) put(r *Record) {
	b, i := &w.full, w.n
	b.Time[i], b.Outcome[i] = r.Time, r.Outcome
	b.Caller[i], b.Callee[i] = HashID([]byte(r.Caller)), HashID([]byte(r.Callee))
	if t := w.texts[Call]; t != nil {
		t.add([]byte(r.Call))
	}
	if t := w.texts[Caller]; t != nil {
		t.add([]byte(r.Caller))
	}
	if t := w.texts[Callee]; t != nil {
		t.add([]byte(r.Callee))
	}
	w.code(b.CallerPrint, r.CallerPrint)
	w.code(b.CallerVersion, r.CallerVersion)
	w.code(b.CallerNetwork, r.CallerNetwork)
	w.code(b.CallerCountry, r.CallerCountry)
	w.code(b.CalleeCountry, r.CalleeCountry)
	if b.Rules != nil {
		w.code(b.Rules, strings.Join(r.Rules, ";"))
	}
	if b.RingMS != nil {
		b.RingMS[i] = r.RingMS
	}
	if b.TalkMS != nil {
		b.TalkMS[i] = r.TalkMS
	}
	if b.Contact != nil {
		b.Contact[i] = r.Contact
	}
	if b.CallerAge != nil {
		b.CallerAge[i] = r.CallerAge
	}
	w.n++
}

func (w *worker) code(to []Code, text string) {
	if to != nil {
		to[w.n] = w.files.words.Code([]byte(text))
	}
}

// newRecord returns a record of which nothing is known.
func newRecord() Record { return Record{Time: noTime, CallerAge: NoAge} }

// parseTime reads a time: RFC 3339, or ns since 1970 as a number.
func parseTime(s string) int64 {
	if s == "" {
		return noTime
	}
	if ns, err := strconv.ParseInt(s, 10, 64); err == nil {
		return ns
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return badTime
	}
	return nanoseconds(t)
}

// nanoseconds returns ns since 1970; badTime beyond what 64 bits hold.
func nanoseconds(t time.Time) int64 {
	if y := t.Year(); y < 1970 || y > 2261 {
		return badTime
	}
	return t.UnixNano()
}

func parseNumber(s string, null int32) int32 {
	if s == "" {
		return null
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return math.MinInt32
	}
	return int32(n)
}

// splitRules takes the rules of a record apart.
func splitRules(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ";")
}

// set gives a record the value of a column, as CSV writes it. It is an error
// only for contact, which has no value for what is neither.
func (r *Record) set(column Columns, s string) error {
	switch column {
	case Time:
		r.Time = parseTime(s)
	case Call:
		r.Call = s
	case Caller:
		r.Caller = s
	case Callee:
		r.Callee = s
	case CallerPrint:
		r.CallerPrint = s
	case CallerVersion:
		r.CallerVersion = s
	case CallerNetwork:
		r.CallerNetwork = s
	case CallerCountry:
		r.CallerCountry = s
	case CalleeCountry:
		r.CalleeCountry = s
	case OutcomeColumn:
		r.Outcome = outcome([]byte(s))
	case RingMS:
		r.RingMS = parseNumber(s, 0)
	case TalkMS:
		r.TalkMS = parseNumber(s, 0)
	case CallerAge:
		r.CallerAge = parseNumber(s, NoAge)
	case Rules:
		r.Rules = splitRules(s)
	case ContactColumn:
		switch strings.ToLower(s) {
		case "":
		case "true":
			r.Contact = Accepted
		case "false":
			r.Contact = Stranger
		default:
			return errContact
		}
	}
	return nil
}

// Why a line of text is no record, besides what is found in its columns.
var (
	errUTF8    = errors.New("not UTF-8")
	errJSON    = errors.New("not a JSON object")
	errTwice   = errors.New("duplicate key")
	errType    = errors.New("value of a wrong type")
	errContact = errors.New("bad contact")
	errCSV     = errors.New("not CSV")
	errFields  = errors.New("wrong number of fields")
)
