package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
)

const (
	maxStreams   = 4                      // live pages of one session
	heartbeat    = 15 * time.Second       // a sign of life, so that a dead connection is noticed
	patience     = 10 * time.Second       // for a browser that does not read
	pause        = 250 * time.Millisecond // between two looks at the ledger, however fast it grows
	liveRows     = 100                    // verdicts read at once
	countedRows  = 50                     // newest verdicts of which a grown count is told
	retryMillis  = 2000                   // the browser's wait before it reconnects
	streamHeader = "text/event-stream; charset=utf-8"
)

// streams counts the live pages that are open, by session.
type streams struct {
	mu   sync.Mutex
	open map[string]int
}

func (s *streams) enter(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[session] >= maxStreams {
		return false
	}
	s.open[session]++
	return true
}

func (s *streams) leave(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[session]--; s.open[session] == 0 {
		delete(s.open, session)
	}
}

// stream sends what changes to one page, as Server-Sent Events (HTML, §9.2). Of
// verdicts, the number is the id of the event: a browser that reconnects says the
// last one that it has, and goes on behind it.
type stream struct {
	d       *console
	w       http.ResponseWriter
	control *http.ResponseController
	changes func(context.Context) <-chan struct{}      // gives a sign to look
	look    func(ctx context.Context, s *stream) error // sends what is new

	// Of a stream of verdicts.
	filter guard.Filter
	last   int64
	counts map[int64]int // of the newest verdicts, as the page knows them
}

func (d *console) live(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	after := values.Get("after")
	values.Del("after")
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		after = id
	}
	last, err := strconv.ParseInt(after, 10, 64)
	if err != nil || last < 0 {
		http.Error(w, "the stream begins behind a verdict; its number is missing", http.StatusBadRequest)
		return
	}
	q, err := d.query(r.Context(), values)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.stream(w, r, &stream{changes: d.Desk.Ledger.Watch, look: lookAtVerdicts, filter: q.filter, last: last})
}

// stream sends until the page is gone.
func (d *console) stream(w http.ResponseWriter, r *http.Request, s *stream) {
	w.Header().Set("Content-Type", streamHeader)
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not hold events back
	s.d, s.w, s.control = d, w, http.NewResponseController(w)
	session := d.session(r)
	if !d.streams.enter(session) {
		s.send("event: over\ndata: {\"why\":\"too many\"}\n\n")
		return
	}
	defer d.streams.leave(session)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if err := s.run(ctx, session); err != nil && ctx.Err() == nil {
		d.Log.Info("console: a live page has ended", "error", err)
	}
}

// run sends until the page is gone or the session has ended. It watches before
// it reads, so that nothing falls between the two.
func (s *stream) run(ctx context.Context, session string) error {
	changes := s.changes(ctx)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	if err := s.send(fmt.Sprintf("retry: %d\n\n", retryMillis)); err != nil {
		return err
	}
	for {
		if err := s.look(ctx, s); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-changes:
			if !open {
				return nil
			}
		case <-beat.C:
			if err := s.send("event: alive\ndata: {}\n\n"); err != nil {
				return err
			}
		}
		_, err := s.d.Desk.Doors.Analyst(ctx, session)
		if errors.Is(err, guard.ErrNotFound) {
			return s.send("event: over\ndata: {\"why\":\"signed out\"}\n\n")
		}
		if err != nil {
			return err
		}
	}
}

// lookAtVerdicts sends all that is new: verdicts first, then counts that have grown.
func lookAtVerdicts(ctx context.Context, s *stream) error {
	for {
		verdicts, err := s.d.Desk.Ledger.Verdicts(ctx, s.filter, guard.Newer(s.last, liveRows))
		if err != nil {
			return err
		}
		rows, err := s.d.names().rows(ctx, verdicts)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		for _, r := range rows {
			if err := event(&b, "verdict", r.Number, r); err != nil {
				return err
			}
			s.last = r.Number
		}
		if err := s.send(b.String()); err != nil {
			return err
		}
		if len(verdicts) < liveRows {
			return s.recount(ctx)
		}
	}
}

// recount tells which of the newest verdicts stand for more events by now.
func (s *stream) recount(ctx context.Context) error {
	verdicts, err := s.d.Desk.Ledger.Verdicts(ctx, s.filter, guard.Older(s.last+1, countedRows))
	if err != nil {
		return err
	}
	counts := make(map[int64]int, len(verdicts))
	var b bytes.Buffer
	for _, v := range verdicts {
		counts[v.Number] = v.Count
		if known, ok := s.counts[v.Number]; ok && known == v.Count || v.Count < 2 {
			continue
		}
		if err := event(&b, "count", 0, map[string]int64{"number": v.Number, "count": int64(v.Count)}); err != nil {
			return err
		}
	}
	s.counts = counts
	return s.send(b.String())
}

// event writes one event. JSON has no line breaks, so that nothing in a field
// can end the event (HTML, §9.2.6).
func event(b *bytes.Buffer, name string, id int64, data any) error {
	j, err := json.Marshal(data)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "event: %s\n", name)
	if id > 0 {
		fmt.Fprintf(b, "id: %d\n", id)
	}
	fmt.Fprintf(b, "data: %s\n\n", j)
	return nil
}

func (s *stream) send(text string) error {
	if text == "" {
		return nil
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}
