// Package mailbox keeps letters for devices until they have taken them: store
// and forward, durable before it is acknowledged.
//
// A person who writes must know that the letter is on disk, and syncing the
// disk once for each letter would make that slow. So letters of many callers
// go into one synced write (group commit): what arrives while one batch is
// being synced makes up the next.
//
// A letter is stored as its time of arrival and the envelope, under the device
// it is for and a number. There is no sender in it and no delivery token.
// Numbers grow for each device and are never given twice, also over a crash:
// they are reserved on disk a block at a time, so that there may be gaps.
//
// It stands on Pebble, a log-structured store, because letters are written
// once, read once in order and deleted.
package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"golang.org/x/sync/semaphore"

	"github.com/ringfence/ringfence/wire"
)

// What the mailbox answers; all can be told with errors.Is.
var (
	// ErrFull: the device has no room for another letter.
	ErrFull = errors.New("the device's mailbox is full")
	// ErrDropped: the device's mailbox was deleted with its account.
	ErrDropped = errors.New("the device's mailbox was deleted")
	// ErrNoSpace: the disk is full; it goes on by itself when there is room.
	ErrNoSpace = errors.New("the disk is full")
	// ErrClosed: the mailbox was closed, or its disk refused a write.
	ErrClosed = errors.New("the mailbox is closed")
	// ErrDamaged: what is on disk is not what was written.
	ErrDamaged = errors.New("the mailbox is damaged")
)

const (
	// memtable is how much Pebble collects before it writes a sorted table, in
	// bytes; it begins with 256 KiB and grows under load.
	memtable = 32 << 20
	// blockCache is what is kept of tables that were read, in bytes.
	blockCache = 8 << 20
	// maxQueued bounds the letters that wait for the disk, in bytes.
	maxQueued = 32 << 20
	// maxBatch bounds one synced write, in bytes.
	maxBatch = 2 << 20
	// inFlight is how many batches are between memory and disk at a time.
	inFlight = 2
	// fullFor is how long after the disk refused something letters are refused
	// outright; retryEvery is how often Pebble may try again meanwhile, which
	// has no pause of its own.
	fullFor    = 2 * time.Second
	retryEvery = 250 * time.Millisecond
	// closeTime is how long Close waits for a disk that is full.
	closeTime = 5 * time.Second
)

// Mailbox is the store of all letters of one server. Its methods may be used
// from several goroutines.
type Mailbox struct {
	db   *pebble.DB
	dir  string
	room *semaphore.Weighted // bytes that may still wait for the disk

	mu      sync.Mutex // holds devices and what is in them, and queue
	devices map[wire.ID]*device
	queue   []pending
	closed  bool

	users    sync.WaitGroup        // pins of all devices; Close waits for them
	broken   atomic.Pointer[error] // the disk's first refusal to sync
	fullAt   atomic.Int64          // when it last had no space, Unix ns
	wake     chan struct{}         // something is in the queue
	batches  chan *batch
	finished chan struct{}
	closing  sync.Once
	closeErr error
}

// Open opens the mailbox in a folder, which is made when it is not there.
func Open(dir string) (*Mailbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unusable(dir, err)
	}
	m := &Mailbox{
		dir: dir, room: semaphore.NewWeighted(maxQueued), devices: map[wire.ID]*device{},
		wake: make(chan struct{}, 1), batches: make(chan *batch, inFlight-1), finished: make(chan struct{}),
	}
	cache := pebble.NewCache(blockCache)
	defer cache.Unref()
	var err error
	if m.db, err = pebble.Open(dir, m.options(cache)); err != nil {
		return nil, unusable(dir, err)
	}
	if err := m.checkFormat(); err != nil {
		return nil, errors.Join(err, m.db.Close())
	}
	go m.commit()
	go m.finish()
	return m, nil
}

func (m *Mailbox) options(cache *pebble.Cache) *pebble.Options {
	log := chatter{m.dir}
	o := &pebble.Options{
		Cache:                       cache,
		MemTableSize:                memtable,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               128 << 20,
		MaxOpenFiles:                500,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      log,
		EventListener: &pebble.EventListener{
			BackgroundError: m.troubled,
			DataCorruption:  func(i pebble.DataCorruptionInfo) { log.Errorf("%s is damaged; restore it from a copy", i.Path) },
		},
	}
	o.CompactionConcurrencyRange = func() (int, int) { return 1, 2 }
	// Envelopes are ciphertext: compressing them costs time and saves nothing.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	for i := range o.Levels {
		o.Levels[i].BlockSize = 32 << 10
	}
	return o
}

// troubled is called when Pebble could not write a table. It has the letters in
// its log, so none is lost, and tries again at once and without end.
func (m *Mailbox) troubled(err error) {
	now := time.Now()
	if !errors.Is(err, syscall.ENOSPC) {
		chatter{m.dir}.Errorf("in the background: %v", err)
		return
	}
	if now.UnixNano()-m.fullAt.Swap(now.UnixNano()) > int64(fullFor) {
		chatter{m.dir}.Errorf("%v: letters wait and are refused until there is room on the disk", err)
	}
	time.Sleep(retryEvery)
}

// full tells whether the disk had no space just now.
func (m *Mailbox) full() bool { return time.Now().UnixNano()-m.fullAt.Load() < int64(fullFor) }

// unusable says what a person can do about a folder that cannot be opened.
func unusable(dir string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		hint = "; give this user the right to write there, or choose another folder"
	case errors.Is(err, syscall.ENOSPC):
		hint = "; make room on the disk"
	case errors.Is(err, syscall.EAGAIN), strings.Contains(err.Error(), "lock held"):
		hint = "; another ringfence uses it, stop that one first"
	case pebble.IsCorruptionError(err):
		return fmt.Errorf("mailbox in %s: %w: %s; restore it from a copy", dir, ErrDamaged, firstLine(err))
	}
	return fmt.Errorf("mailbox in %s: %w%s", dir, err, hint)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// Close waits for what is on its way to the disk and closes the mailbox. On a
// full disk it gives up after a few seconds; letters that were not acknowledged
// may be there or not when it is opened again.
func (m *Mailbox) Close() error {
	m.closing.Do(func() {
		m.mu.Lock()
		m.closed = true
		close(m.wake)
		m.mu.Unlock()
		for done := false; !done; {
			select {
			case <-m.finished:
				done = true
			case <-time.After(closeTime):
				if m.full() {
					m.closeErr = fmt.Errorf("mailbox in %s: %w; letters that were on their way are not stored", m.dir, ErrNoSpace)
					return
				}
			}
		}
		m.users.Wait()
		if err := m.db.Close(); err != nil {
			m.closeErr = fmt.Errorf("mailbox in %s: %w", m.dir, err)
		}
	})
	return m.closeErr
}

// Append stores letters and returns when they are on disk, or ctx ends, after
// which it is not known whether they will be. Room for each must have been
// reserved; whatever happens, the reservations are used up.
func (m *Mailbox) Append(ctx context.Context, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	w := &waiter{left: len(entries), done: make(chan struct{})}
	for i := range entries {
		if err := m.Submit(ctx, entries[i], w); err != nil {
			w.Stored(0, err)
		}
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// waiter collects the outcome of several letters.
type waiter struct {
	mu   sync.Mutex
	left int
	err  error
	done chan struct{}
}

// Stored notes the outcome of one letter.
func (w *waiter) Stored(_ uint64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	if w.left--; w.left == 0 {
		close(w.done)
	}
}

// chatter hands Pebble's errors to the log and keeps the rest to itself.
type chatter struct{ dir string }

// Infof is silent: what Pebble does when all is well is nobody's concern.
func (chatter) Infof(string, ...any) {}

// Errorf logs.
func (c chatter) Errorf(format string, args ...any) {
	slog.Error("mailbox: "+fmt.Sprintf(format, args...), "folder", c.dir)
}

// Fatalf is called where Pebble cannot go on, and must not return: going on
// would acknowledge letters that are not on disk.
func (c chatter) Fatalf(format string, args ...any) {
	panic("mailbox in " + c.dir + ": " + fmt.Sprintf(format, args...))
}
