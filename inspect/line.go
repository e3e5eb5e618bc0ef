package inspect

import (
	"context"
	"errors"
	"io"
)

// batch is packets that are handed on together, with the memory of their frames.
type batch struct {
	packets []packet
	memory  []byte
	done    int64 // bytes of the file
}

// line hands batches from the goroutine that reads to the one that looks, and back to
// be filled again.
type line struct {
	full, free chan *batch
	err        error // that ended it; set before full is closed
}

const (
	batches     = 4
	batchSize   = 512     // packets
	batchMemory = 1 << 20 // bytes of frames; a frame that is longer than what is left has memory of its own
)

func newLine() *line {
	l := &line{full: make(chan *batch, batches), free: make(chan *batch, batches)}
	for range batches {
		l.free <- &batch{packets: make([]packet, 0, batchSize), memory: make([]byte, 0, batchMemory)}
	}
	return l
}

// fill reads a capture to its end.
func (l *line) fill(ctx context.Context, c *capture, d *decoder) {
	defer close(l.full)
	for {
		b := <-l.free
		b.packets, b.memory = b.packets[:0], b.memory[:0]
		end := b.read(c, d)
		b.done = c.done()
		select {
		case l.full <- b:
		case <-ctx.Done():
			return
		}
		if end != nil {
			if !errors.Is(end, io.EOF) {
				l.err = end
			}
			return
		}
	}
}

// read fills a batch.
func (b *batch) read(c *capture, d *decoder) error {
	for len(b.packets) < batchSize {
		f, err := c.read()
		if err != nil {
			return err
		}
		at := len(b.memory)
		if at+len(f.data) > cap(b.memory) {
			f.data = append([]byte(nil), f.data...)
		} else {
			b.memory = append(b.memory, f.data...)
			f.data = b.memory[at:len(b.memory):len(b.memory)]
		}
		b.packets = append(b.packets, d.decode(f))
	}
	return nil
}
