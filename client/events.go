package client

import "sync"

// maxEvents bounds what waits for a slow listener. Beyond it, news of contacts
// and messages are left out: their state is to be read from Contacts and
// Messages, and the listener reads it when it comes to the rest.
const maxEvents = 4096

// queue hands events on without making the client wait for the listener.
type queue struct {
	mu     sync.Mutex
	events []Event
	wake   chan struct{}
	out    chan Event
	done   chan struct{}
	ended  chan struct{}
}

func newQueue() *queue {
	q := &queue{wake: make(chan struct{}, 1), out: make(chan Event), done: make(chan struct{}), ended: make(chan struct{})}
	go q.run()
	return q
}

func (q *queue) put(e Event) {
	q.mu.Lock()
	full := len(q.events) >= maxEvents
	if !full || e.Kind != MessageEvent && e.Kind != ContactsEvent && len(q.events) < 2*maxEvents {
		q.events = append(q.events, e)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) take() []Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events
}

func (q *queue) run() {
	defer close(q.ended)
	defer close(q.out)
	for {
		select {
		case <-q.wake:
		case <-q.done:
			return
		}
		for _, e := range q.take() {
			select {
			case q.out <- e:
			case <-q.done:
				return
			}
		}
	}
}

func (q *queue) close() {
	close(q.done)
	<-q.ended
}
