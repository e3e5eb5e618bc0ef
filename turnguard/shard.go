package turnguard

import (
	"net/netip"
	"sync"
	"time"
)

// shard is a part of the server that shares nothing with the others but budgets:
// a socket for clients, and the allocations of those who came in on it.
type shard struct {
	server  *Server
	clients *socket
	loop    loop // what the system needs to wait for packets

	mu        sync.Mutex // of all below, and of what is reached from there
	now       int64      // when the batch at hand came
	byClient  map[endpoint]*allocation
	streams   map[*stream]*allocation
	strangers strangers
	reports   bucket // verdicts that may be made of what costs its sender nothing
	counters  Counters
	replies   []byte // answers that are not sent yet
	changes   int64  // of the peer rules, seen last
	ended     bool
	client    origin // of the message at hand
	peer      origin // of the packet at hand

	transactions uint64 // of Data indications
}

func newShard(s *Server, c *socket) (*shard, error) {
	h := &shard{server: s, clients: c, byClient: map[endpoint]*allocation{}, streams: map[*stream]*allocation{}}
	h.now = s.config.Now().UnixNano()
	return h, h.loop.open(h)
}

// origin is where a message came from, and how an answer gets there.
type origin struct {
	at         endpoint
	sock       *socket
	to         *sockaddr
	stream     *stream
	allocation *allocation
}

// enter takes the lock for a batch of packets.
func (h *shard) enter() {
	h.mu.Lock()
	h.now = h.server.config.Now().UnixNano()
}

// leave sends what the batch has led to and gives the lock back. Nothing is on its
// way while the lock is free, so no socket is closed with packets in it.
func (h *shard) leave() {
	h.flush()
	h.replies = h.replies[:0]
	h.mu.Unlock()
}

// answer sends an answer of the server. Its bytes stay in replies until it is sent.
func (h *shard) answer(o *origin, begin int) {
	b := h.replies[begin:len(h.replies):len(h.replies)]
	h.counters.Answers++
	if o.stream != nil {
		o.stream.write(nil, b, 0)
		return
	}
	h.put(o.sock, nil, b, 0, o.to)
}

// begin returns where the next answer starts.
func (h *shard) begin() int {
	if h.replies == nil {
		h.replies = make([]byte, 0, 16<<10)
	}
	return len(h.replies)
}

// sweep ends what has run out, and what may no longer be.
func (h *shard) sweep() {
	h.enter()
	defer h.leave()
	rejudge := h.changes != h.server.peers.changes.Load()
	h.changes = h.server.peers.changes.Load()
	look := func(a *allocation) {
		if a.until <= h.now {
			h.delete(a)
			return
		}
		a.prune(h.now)
		if rejudge {
			h.rejudge(a)
		}
	}
	for _, a := range h.byClient {
		look(a)
	}
	for _, a := range h.streams {
		look(a)
	}
}

// rejudge takes permissions back for addresses that have become ours.
func (h *shard) rejudge(a *allocation) {
	for ip, p := range a.permissions {
		what, _ := h.server.peers.judge(netip.AddrPortFrom(endpoint{ip: ip}.addr(), 1))
		if what != "" && !p.own {
			p.until = 0
		}
	}
}

// delete ends an allocation: RFC 8656 §7.2, §8.2.
func (h *shard) delete(a *allocation) {
	if a.gone {
		return
	}
	a.gone = true
	h.flush() // packets may be on their way through its socket
	s := h.server
	if a.stream != nil {
		delete(h.streams, a.stream)
		a.stream.hangUp()
	} else {
		delete(h.byClient, a.client)
	}
	h.remove(a.relay)
	four := a.relayed.Addr().Is4()
	s.ports.free(four, a.relayed.Port())
	s.quotas.give(a.credential.user, a.client.ip)
	h.counters.Allocations--
}

// end closes what the shard has, and stops its loop.
func (h *shard) end() {
	h.enter()
	h.ended = true
	for _, a := range h.byClient {
		h.delete(a)
	}
	for _, a := range h.streams {
		h.delete(a)
	}
	h.leave()
	h.halt()
}

// Counters are what has happened since the start.
type Counters struct {
	Allocations int64 `json:"allocations"` // at the moment
	Allocated   int64 `json:"allocated"`   // in all
	Answers     int64 `json:"answers"`
	ToPeers     int64 `json:"packets_to_peers"`
	ToPeerBytes int64 `json:"bytes_to_peers"`
	ToClients   int64 `json:"packets_to_clients"`
	ClientBytes int64 `json:"bytes_to_clients"`
	Refused     int64 `json:"refused"`       // messages and packets that a verdict stands for, or would
	Uninvited   int64 `json:"uninvited"`     // packets of peers without a permission
	Unpermitted int64 `json:"unpermitted"`   // packets to peers without a permission or channel
	Overspent   int64 `json:"over_budget"`   // packets beyond a budget
	Objected    int64 `json:"objected"`      // packets that the packet rules object to
	Unanswered  int64 `json:"unanswered"`    // requests of strangers beyond their budget
	Lost        int64 `json:"lost"`          // packets that the system did not take, or a slow client
	Streams     int64 `json:"streams"`       // TCP connections at the moment
	TurnedAway  int64 `json:"turned_away"`   // TCP connections beyond a budget
	Since       int64 `json:"since_seconds"` // how long the server has run
}

// Counters returns the counters of all shards.
func (s *Server) Counters() Counters {
	var all Counters
	for _, h := range s.shards {
		h.mu.Lock()
		c := h.counters
		h.mu.Unlock()
		all.Allocations += c.Allocations
		all.Allocated += c.Allocated
		all.Answers += c.Answers
		all.ToPeers += c.ToPeers
		all.ToPeerBytes += c.ToPeerBytes
		all.ToClients += c.ToClients
		all.ClientBytes += c.ClientBytes
		all.Refused += c.Refused
		all.Uninvited += c.Uninvited
		all.Unpermitted += c.Unpermitted
		all.Overspent += c.Overspent
		all.Objected += c.Objected
		all.Unanswered += c.Unanswered
		all.Lost += c.Lost
	}
	all.Streams, all.TurnedAway = s.streams.count()
	all.Since = int64(s.config.Now().Sub(s.began) / time.Second)
	return all
}
