package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/letter"
)

var roomy = Limits{Letters: 1 << 20, Bytes: 1 << 30}

func open(t *testing.T, dir string) *Mailbox {
	t.Helper()
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func put(t *testing.T, m *Mailbox, d wire.ID, texts ...string) {
	t.Helper()
	var es []Entry
	for _, s := range texts {
		if err := m.Reserve(d, len(s), roomy); err != nil {
			t.Fatal(err)
		}
		es = append(es, Entry{d, time.Now().UnixMilli(), []byte(s)})
	}
	if err := m.Append(context.Background(), es); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, m *Mailbox, d wire.ID, from uint64) (all []letter.Letter) {
	t.Helper()
	if err := m.Read(d, from, func(l letter.Letter) bool {
		l.Envelope = bytes.Clone(l.Envelope)
		all = append(all, l)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func texts(all []letter.Letter) string {
	var s []string
	for _, l := range all {
		s = append(s, string(l.Envelope))
	}
	return strings.Join(s, " ")
}

func counted(t *testing.T, m *Mailbox, d wire.ID, letters, size int) {
	t.Helper()
	if n, b, err := m.Count(d); err != nil || n != letters || b != size {
		t.Fatalf("%d letters of %d bytes (%v), want %d of %d", n, b, err, letters, size)
	}
}

func TestKeptInOrderUntilTaken(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "mailbox")
	a, b := wire.ID{1}, wire.ID{2}
	m := open(t, dir)
	put(t, m, a, "one", "two")
	put(t, m, b, "other")
	put(t, m, a, "three")
	all := read(t, m, a, 0)
	if got := texts(all); got != "one two three" {
		t.Fatalf("got %q", got)
	}
	if got := texts(read(t, m, a, all[1].Number)); got != "two three" {
		t.Fatalf("from the second on: %q", got)
	}
	counted(t, m, a, 3, 11)
	if err := m.Remove(a, []uint64{all[1].Number, 99, all[1].Number}); err != nil {
		t.Fatal(err)
	}
	if err := m.Remove(a, []uint64{all[1].Number}); err != nil {
		t.Fatal(err)
	}
	counted(t, m, a, 2, 8)
	if got := texts(read(t, m, a, 0)) + "|" + texts(read(t, m, b, 0)); got != "one three|other" {
		t.Fatalf("got %q", got)
	}
}

// Numbers grow over restarts, also when all letters before them are gone.
func TestNumbersAreNeverGivenTwice(t *testing.T) {
	dir, d := t.TempDir(), wire.ID{7}
	last := uint64(0)
	for round := range 5 {
		m, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		put(t, m, d, "a", "b")
		for _, l := range read(t, m, d, 0) {
			if l.Number <= last {
				t.Fatalf("round %d: number %d after %d", round, l.Number, last)
			}
			last = l.Number
			if err := m.Remove(d, []uint64{l.Number}); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCountersAfterARestart(t *testing.T) {
	dir, d := t.TempDir(), wire.ID{3}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	put(t, m, d, "12345", "678")
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	counted(t, open(t, dir), d, 2, 8)
}

// However many hand in at once, the limits hold.
func TestLimitsHoldInARace(t *testing.T) {
	m, d := open(t, t.TempDir()), wire.ID{4}
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored := 0
	for range 64 {
		wg.Go(func() {
			for range 10 {
				err := m.Reserve(d, 5, Limits{Letters: 100, Bytes: 333})
				if errors.Is(err, ErrFull) {
					continue
				}
				if err == nil {
					err = m.Append(context.Background(), []Entry{{d, 1, []byte("12345")}})
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				stored++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if stored != 66 || len(read(t, m, d, 0)) != 66 {
		t.Fatalf("%d stored, %d there, want 66 of 5 bytes in 333", stored, len(read(t, m, d, 0)))
	}
	counted(t, m, d, 66, 330)
	if err := m.Reserve(d, 3, Limits{Letters: 67, Bytes: 333}); err != nil {
		t.Fatal(err)
	}
	m.Release(d, 3)
	counted(t, m, d, 66, 330)
}

// What is reported as stored is in order for each device, and there.
func TestManyWritersOfManyDevices(t *testing.T) {
	m := open(t, t.TempDir())
	const devices, each = 20, 300
	var wg sync.WaitGroup
	for i := range devices {
		d := wire.ID{byte(i + 1)}
		wg.Go(func() {
			for k := range each {
				if err := m.Reserve(d, 4, roomy); err != nil {
					t.Error(err)
					return
				}
				if err := m.Append(context.Background(), []Entry{{d, 1, fmt.Appendf(nil, "%04d", k)}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range devices {
		all := read(t, m, wire.ID{byte(i + 1)}, 0)
		for k, l := range all {
			if string(l.Envelope) != fmt.Sprintf("%04d", k) {
				t.Fatalf("device %d, letter %d: %q", i, k, l.Envelope)
			}
		}
		if len(all) != each {
			t.Fatalf("device %d has %d letters, want %d", i, len(all), each)
		}
	}
	if n, err := m.Verify(context.Background()); err != nil || n != devices*each {
		t.Fatalf("verified %d (%v), want %d", n, err, devices*each)
	}
}

func TestDropIsForGood(t *testing.T) {
	dir, a, b := t.TempDir(), wire.ID{1}, wire.ID{2}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	put(t, m, a, "gone", "gone")
	put(t, m, b, "kept")
	if err := m.Reserve(a, 4, roomy); err != nil {
		t.Fatal(err)
	}
	dropped := make(chan error, 1)
	go func() { dropped <- m.Drop(a) }()
	for m.Reserve(a, 1, roomy) == nil { // until the drop has begun
		m.Release(a, 1)
	}
	if err := m.Append(context.Background(), []Entry{{a, 1, []byte("late")}}); !errors.Is(err, ErrDropped) {
		t.Fatalf("a letter behind the drop: %v", err)
	}
	if err := errors.Join(<-dropped, m.Drop(a)); err != nil {
		t.Fatal(err)
	}
	if got := texts(read(t, m, a, 0)); got != "" {
		t.Fatalf("%q is still there", got)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m = open(t, dir)
	if got := texts(read(t, m, a, 0)) + texts(read(t, m, b, 0)); got != "kept" {
		t.Fatalf("after a restart: %q", got)
	}
	if n, err := m.Verify(context.Background()); n != 1 || err != nil {
		t.Fatalf("%d letters, %v", n, err)
	}
}

func TestExpire(t *testing.T) {
	m, a, b, c := open(t, t.TempDir()), wire.ID{1}, wire.ID{2}, wire.ID{3}
	now := time.Now()
	for i, d := range []wire.ID{a, a, b, a, c} {
		at := now.Add(-time.Duration(40-10*i) * 24 * time.Hour)
		if err := m.Reserve(d, 2, roomy); err != nil {
			t.Fatal(err)
		}
		if err := m.Append(context.Background(), []Entry{{d, at.UnixMilli(), fmt.Appendf(nil, "%02d", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	gone, err := m.Expire(now.Add(-15 * 24 * time.Hour))
	if err != nil || len(gone) != 2 || gone[a] != 2 || gone[b] != 1 {
		t.Fatalf("gone: %v (%v), want two of the first device and one of the second", gone, err)
	}
	if got := texts(read(t, m, a, 0)) + texts(read(t, m, b, 0)) + texts(read(t, m, c, 0)); got != "0304" {
		t.Fatalf("left: %q", got)
	}
	counted(t, m, a, 1, 2)
}

func TestManyExpire(t *testing.T) {
	m, d := open(t, t.TempDir()), wire.ID{1}
	var es []Entry
	for range 2*maxExpired + 5 {
		if err := m.Reserve(d, 1, roomy); err != nil {
			t.Fatal(err)
		}
		es = append(es, Entry{d, 5, []byte("x")})
	}
	if err := m.Append(context.Background(), es); err != nil {
		t.Fatal(err)
	}
	gone, err := m.Expire(time.UnixMilli(6))
	if err != nil || gone[d] != len(es) {
		t.Fatalf("%d expired (%v), want %d", gone[d], err, len(es))
	}
	counted(t, m, d, 0, 0)
}

func TestAfterClose(t *testing.T) {
	m, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := wire.ID{1}
	put(t, m, d, "x")
	if err := errors.Join(m.Close(), m.Close()); err != nil {
		t.Fatal(err)
	}
	_, expire := m.Expire(time.Now())
	_, verify := m.Verify(context.Background())
	for i, err := range []error{m.Reserve(d, 1, roomy), m.Read(d, 0, nil), m.Remove(d, []uint64{1}), m.Drop(d), expire, verify} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%d: %v, want ErrClosed", i, err)
		}
	}
}

// A letter that changed on disk, or stands where it does not belong, is found.
func TestDamageIsFound(t *testing.T) {
	d := wire.ID{9}
	key, other := letterKey(nil, d, 1), letterKey(nil, d, 2)
	whole := make([]byte, valueHead+3)
	putValue(whole, key, 5, []byte("abc"))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	for name, record := range map[string][2][]byte{
		"a bit":           {key, flipped},
		"cut short":       {key, whole[:5]},
		"another key":     {other, whole},
		"a key too short": {key[:9], whole},
		"a number that was never given": {letterKey(nil, d, 5000), func() []byte {
			b := make([]byte, valueHead+1)
			putValue(b, letterKey(nil, d, 5000), 5, []byte("x"))
			return b
		}()},
	} {
		m := open(t, t.TempDir())
		put(t, m, d, "abc")
		if err := m.db.Set(record[0], record[1], pebble.Sync); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Verify(context.Background()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
	}
}

// A table that was changed behind Pebble's back is found, and nothing panics.
func TestDamagedTable(t *testing.T) {
	dir, d := t.TempDir(), wire.ID{9}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	put(t, m, d, strings.Repeat("letter ", 1000))
	if err := m.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("tables: %v (%v)", tables, err)
	}
	for _, f := range tables {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(b, []byte("letter ")); i >= 0 {
			b[i+100] ^= 0xff
		}
		if err := os.WriteFile(f, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err = Open(dir)
	if err == nil {
		_, err = m.Verify(context.Background())
		m.Close()
	}
	if !errors.Is(err, ErrDamaged) {
		t.Fatalf("a changed table: %v, want ErrDamaged", err)
	}
}

func TestUnusableFolders(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, filepath.Join(dir, "used"))
	for folder, want := range map[string]string{
		filepath.Join(file, "below"): "not a directory",
		filepath.Join(dir, "used"):   "another ringfence uses it",
	} {
		m, err := Open(folder)
		if err == nil {
			m.Close()
			t.Errorf("%s was opened", folder)
			continue
		}
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), folder) {
			t.Errorf("%v: does not say %q and where", err, want)
		}
	}
}

// A mailbox of a later version is not touched.
func TestFormatOfALaterVersion(t *testing.T) {
	dir := t.TempDir()
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.db.Set(formatKey, []byte{2}, pebble.Sync), m.Close()); err != nil {
		t.Fatal(err)
	}
	if m, err := Open(dir); err == nil {
		m.Close()
		t.Fatal("opened")
	}
}

func FuzzStoredLetter(f *testing.F) {
	key := letterKey(nil, wire.ID{1}, 7)
	value := make([]byte, valueHead+5)
	putValue(value, key, 12, []byte("hello"))
	f.Add(key, value)
	f.Add([]byte("l"), []byte{})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		d, l, err := parseLetter(key, value)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		again := make([]byte, len(value))
		putValue(again, letterKey(nil, d, l.Number), l.Received, l.Envelope)
		if !bytes.Equal(again, value) || !bytes.Equal(letterKey(nil, d, l.Number), key) {
			t.Fatal("read otherwise than written")
		}
	})
}
