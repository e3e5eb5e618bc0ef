package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// maxBatch is how many writes share a transaction at most.
const maxBatch = 256

// writer is the one goroutine that writes.
type writer struct {
	db    *sql.DB
	queue chan *write

	mu     sync.RWMutex // held for reading while a write is queued
	closed bool
	done   chan struct{}

	unclean bool // deleted bytes may still be in the log
}

// write is a closure on its way through the writer.
type write struct {
	ctx      context.Context
	run      func(*tx) error
	err      error
	after    []func() // once it is on disk, in the order of the writes
	truncate bool     // leave nothing of it in the log
	done     chan struct{}
}

// tx is the transaction as a write sees it.
type tx struct {
	*sql.Tx
	w *write
}

// exec returns how many rows changed.
func (t *tx) exec(query string, args ...any) (int, error) {
	r, err := t.Exec(query, args...)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}

func (t *tx) row(query string, args ...any) *sql.Row { return t.QueryRow(query, args...) }

// after has something done by the writer when the write is on disk.
func (t *tx) after(f func()) { t.w.after = append(t.w.after, f) }

func startWriter(db *sql.DB) *writer {
	w := &writer{db: db, queue: make(chan *write, maxBatch), done: make(chan struct{})}
	go w.loop()
	return w
}

// do runs a write and returns when it is on disk, or undone. The context counts
// until its turn has come: then it is done or not, and the caller learns which.
func (w *writer) do(ctx context.Context, run func(*tx) error) error {
	op := &write{ctx: ctx, run: run, done: make(chan struct{})}
	if err := w.enqueue(op); err != nil {
		return err
	}
	<-op.done
	return op.err
}

func (w *writer) enqueue(op *write) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.queue <- op:
		return nil
	case <-op.ctx.Done():
		return op.ctx.Err()
	}
}

func (w *writer) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.done
	if w.unclean {
		w.truncate()
	}
	return w.db.Close()
}

func (w *writer) loop() {
	defer close(w.done)
	for op := range w.queue {
		batch := w.gather(op)
		err := w.commit(batch)
		truncate := w.unclean
		for _, op := range batch {
			if op.err == nil {
				op.err = err
			}
			if op.err != nil {
				continue
			}
			truncate = truncate || op.truncate
			for _, f := range op.after {
				f()
			}
		}
		if truncate {
			w.truncate()
		}
		for _, op := range batch {
			close(op.done)
		}
	}
}

// gather takes what waits.
func (w *writer) gather(first *write) []*write {
	batch := []*write{first}
	for len(batch) < maxBatch {
		select {
		case op, ok := <-w.queue:
			if !ok {
				return batch
			}
			batch = append(batch, op)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the writes in one transaction. An error of one undoes that one
// alone; the returned error undid all.
func (w *writer) commit(batch []*write) error {
	t, err := w.db.Begin()
	if err != nil {
		return err
	}
	for _, op := range batch {
		if op.err = op.ctx.Err(); op.err != nil {
			continue
		}
		if err := savepoint(t, op); err != nil {
			return errors.Join(err, t.Rollback())
		}
	}
	return t.Commit()
}

// savepoint runs one write. An error is one of the transaction.
func savepoint(t *sql.Tx, op *write) error {
	if _, err := t.Exec("SAVEPOINT one"); err != nil {
		return err
	}
	if op.err = op.run(&tx{t, op}); op.err != nil {
		// After some errors SQLite has ended the transaction itself
		// (https://sqlite.org/lang_transaction.html, section 3): then this
		// fails, and all of the batch is undone.
		if _, err := t.Exec("ROLLBACK TO one"); err != nil {
			return fmt.Errorf("another write of the transaction: %w", op.err)
		}
	}
	_, err := t.Exec("RELEASE one")
	return err
}

// truncate empties the log, in which deleted bytes may stand. Where a reader
// is in the way for too long, it is tried again after the next write.
func (w *writer) truncate() {
	var busy, pages, moved int
	err := w.db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	w.unclean = err != nil || busy != 0
}
