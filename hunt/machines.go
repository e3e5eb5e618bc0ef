package hunt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// Share is the part of a hunt that one of several machines does. Each reads a
// part of the records, two times; what it finds goes through a folder that all
// of them reach. The first compares and judges. What is found is what one machine
// alone would find.
type Share struct {
	Number, Of int
	Exchange   string // the folder; empty when the hunt begins, and when it has ended well
	Files      string // what all of them must agree on: a print of the list of files
	Poll       time.Duration
}

func (s *Share) path(what string, number int) string {
	return filepath.Join(s.Exchange, fmt.Sprintf("%s-%d", what, number))
}

const (
	gatheredFile = "gathered"
	wantedFile   = "wanted"
	detailsFile  = "details"
	failedFile   = "failed"
)

// FindShare does one machine's part of a hunt. On all machines but the first it
// returns how much was read, and no campaigns.
func FindShare(ctx context.Context, source record.Source, o Options, s Share) (Result, error) {
	if s.Poll <= 0 {
		s.Poll = 200 * time.Millisecond
	}
	if s.Number < 1 || s.Number > s.Of || s.Of > mostShares {
		return Result{}, fmt.Errorf("hunt: share %d of %d; the first is 1, and there are at most %d", s.Number, s.Of, mostShares)
	}
	if err := s.enter(); err != nil {
		return Result{}, err
	}
	h := newHunting(source, o)
	h.share = &s
	began := h.Now()
	var err error
	if s.Number == 1 {
		err = h.run(ctx)
	} else {
		err = h.help(ctx)
	}
	h.result.Seconds = h.Now().Sub(began).Seconds()
	return h.result, errors.Join(err, h.attempts.close(), s.leave(err))
}

const mostShares = 1024

// enter refuses a folder in which another hunt has left something.
func (s *Share) enter() error {
	if err := os.MkdirAll(s.Exchange, 0o700); err != nil {
		return fmt.Errorf("hunt: the exchange folder: %w", err)
	}
	own := []string{s.path(gatheredFile, s.Number), s.path(detailsFile, s.Number), s.path(failedFile, s.Number)}
	if s.Number == 1 {
		own = append(own, s.path(wantedFile, 1))
	}
	for _, p := range own {
		if _, err := os.Lstat(p); err == nil {
			return fmt.Errorf("hunt: %s is left from another hunt; empty the exchange folder, and start all shares anew", p)
		}
	}
	return nil
}

// leave tells the others when this machine's part went wrong. The first one
// clears away what was exchanged: it names people.
func (s *Share) leave(why error) error {
	if why != nil {
		return os.WriteFile(s.path(failedFile, s.Number), []byte(why.Error()), 0o600)
	}
	if s.Number != 1 {
		return nil
	}
	var all error
	for n := range s.Of + 1 {
		for _, what := range []string{gatheredFile, wantedFile, detailsFile} {
			if err := os.Remove(s.path(what, n)); err != nil && !errors.Is(err, os.ErrNotExist) {
				all = errors.Join(all, err)
			}
		}
	}
	return all
}

// await waits until another machine has written a file, or has failed.
func (s *Share) await(ctx context.Context, what string, number int) (*os.File, error) {
	tick := time.NewTicker(s.Poll)
	defer tick.Stop()
	for {
		f, err := os.Open(s.path(what, number))
		if err == nil || !errors.Is(err, os.ErrNotExist) {
			return f, err
		}
		if why, err := os.ReadFile(s.path(failedFile, number)); err == nil {
			return nil, fmt.Errorf("hunt: share %d could not do its part: %s", number, why)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// read reads what another machine has written.
func (s *Share) read(ctx context.Context, what string, number int, take func(*shareReader)) error {
	f, err := s.await(ctx, what, number)
	if err != nil {
		return err
	}
	defer f.Close()
	r := newShareReader(f)
	if kind, files := r.text(), r.text(); r.err == nil && (kind != what || files != s.Files) {
		return fmt.Errorf("hunt: %s is of other records than those of this machine; give all shares the same files", f.Name())
	}
	take(r)
	if err := r.end(); err != nil {
		return fmt.Errorf("hunt: %s: %w; start all shares anew", f.Name(), err)
	}
	return nil
}

// write writes something for other machines, whole or not at all.
func (s *Share) write(what string, put func(*shareWriter) error) (err error) {
	f, err := os.CreateTemp(s.Exchange, "."+what+"-")
	if err != nil {
		return fmt.Errorf("hunt: writing to the exchange folder: %w", err)
	}
	w := newShareWriter(f)
	w.text(what)
	w.text(s.Files)
	err = put(w)
	err = errors.Join(err, w.end(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path(what, s.Number))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("hunt: writing to the exchange folder: %w", err)
	}
	return nil
}

// collect takes what the other machines have gathered. All of them hear of the
// end of the hunt by reading what is wanted, be it nobody.
func (s *Share) collect(ctx context.Context, h *hunting, g *gathered) error {
	for n := 2; n <= s.Of; n++ {
		h.Phase("waiting for share " + strconv.Itoa(n))
		err := s.read(ctx, gatheredFile, n, func(r *shareReader) { r.gathered(h, g) })
		if err != nil {
			return err
		}
	}
	return nil
}

// ask tells the other machines whose calls are wanted.
func (s *Share) ask(l *looking) error {
	return s.write(wantedFile, func(w *shareWriter) error { return w.wanted(l) })
}

func (s *Share) collectDetails(ctx context.Context, h *hunting, l *looking) error {
	for n := 2; n <= s.Of; n++ {
		h.Phase("waiting for share " + strconv.Itoa(n))
		err := s.read(ctx, detailsFile, n, func(r *shareReader) { r.details(h.source.Dictionary(), l) })
		if err != nil {
			return err
		}
	}
	return nil
}

// help is the part of a machine that is not the first.
func (h *hunting) help(ctx context.Context) error {
	h.Phase("reading the records")
	g, err := h.firstReading(ctx)
	if err != nil {
		return err
	}
	h.result = Result{Version: 1, Campaigns: []Campaign{}, Records: g.stats.Records, Rejected: g.stats.Rejected, Reasons: g.stats.Reasons, Unread: g.stats.Unread, Absent: absent(g.stats.Columns)}
	if err := h.share.write(gatheredFile, func(w *shareWriter) error { return w.gathered(h, &g) }); err != nil {
		return err
	}
	h.Phase("waiting for share 1")
	l := newLooking()
	if err := h.share.read(ctx, wantedFile, 1, func(r *shareReader) { r.wanted(l) }); err != nil {
		return err
	}
	h.Phase("looking at the groups")
	if err := h.secondReading(ctx, l); err != nil {
		return err
	}
	return h.share.write(detailsFile, func(w *shareWriter) error { return w.details(h.source.Dictionary(), l) })
}
