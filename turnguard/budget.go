package turnguard

import (
	"sync"
	"time"
)

// bucket is a token bucket: it holds a limit, and refills within a period.
type bucket struct {
	left int64 // in units of 1/period
	at   int64
}

// draw takes n, unless there is less.
func (b *bucket) draw(n, limit int64, per time.Duration, now int64) bool {
	if b.at == 0 {
		b.left, b.at = limit*int64(per), now
	}
	if passed := min(now-b.at, int64(per)); passed > 0 {
		b.left = min(limit*int64(per), b.left+passed*limit)
		b.at = now
	}
	if b.left < n*int64(per) {
		return false
	}
	b.left -= n * int64(per)
	return true
}

// empty tells whether there is not even one left.
func (b *bucket) empty(limit int64, per time.Duration, now int64) bool {
	b.draw(0, limit, per, now)
	return b.left < int64(per)
}

// rate is a budget of packets and bytes for a second.
type rate struct{ packets, bytes bucket }

func (r *rate) draw(size int, l *Limits, now int64) bool {
	return r.packets.draw(1, int64(l.PacketsPerSecond), time.Second, now) &&
		r.bytes.draw(int64(size), int64(l.BytesPerSecond), time.Second, now)
}

// quotas count the allocations, over all shards.
type quotas struct {
	mu     sync.Mutex
	limits Limits
	total  int
	users  map[string]int
	addrs  map[[16]byte]int
}

func newQuotas(l Limits) *quotas {
	return &quotas{limits: l, users: map[string]int{}, addrs: map[[16]byte]int{}}
}

// take counts an allocation; what is not "" says why there can be none.
func (q *quotas) take(user string, ip [16]byte) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch ip = network(ip); {
	case q.total >= q.limits.Total:
		return "as many allocations as there may be"
	case q.users[user] >= q.limits.PerUser:
		return "as many allocations as a user may have"
	case q.addrs[ip] >= q.limits.PerAddress:
		return "as many allocations as a client address may have"
	}
	q.total++
	q.users[user]++
	q.addrs[ip]++
	return ""
}

func (q *quotas) give(user string, ip [16]byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	ip = network(ip)
	q.total--
	if q.users[user]--; q.users[user] <= 0 {
		delete(q.users, user)
	}
	if q.addrs[ip]--; q.addrs[ip] <= 0 {
		delete(q.addrs, ip)
	}
}

// network is whom a budget of an address belongs to: an IPv4 address, or the /64 of
// an IPv6 address, which one subscriber has all of (RFC 6177 §2).
func network(ip [16]byte) [16]byte {
	if [12]byte(ip[:12]) == [12]byte{10: 0xff, 11: 0xff} {
		return ip
	}
	clear(ip[8:])
	return ip
}

// strangers are the addresses that have sent what needs no credential, or had none.
// What goes back to one of them is limited: in number, and in sum to Ratio times
// what it has sent. Of too many addresses all share one budget.
type strangers struct {
	now, before map[[16]byte]*stranger
	turned      int64
}

type stranger struct {
	replies bucket
	credit  int64 // bytes that may go back
}

const maxStrangers = 50_000 // about 100 bytes each, for each shard, twice

var everybody = [16]byte{0xff}

// of returns the account of an address.
func (s *strangers) of(ip [16]byte, now int64) *stranger {
	if s.now == nil || now-s.turned > int64(2*time.Minute) {
		s.before, s.now, s.turned = s.now, map[[16]byte]*stranger{}, now
	}
	ip = network(ip)
	if x := s.now[ip]; x != nil {
		return x
	}
	x := s.before[ip]
	if x == nil && len(s.now) >= maxStrangers {
		ip = everybody
		x = s.now[ip]
	}
	if x == nil {
		x = &stranger{}
	}
	s.now[ip] = x
	return x
}

// came counts what a stranger has sent. What is not used is not saved up for ever.
func (x *stranger) came(n int) { x.credit = min(x.credit+Ratio*int64(n), 64<<10) }

// reply asks whether an answer of n bytes may go back.
func (x *stranger) reply(n int, limits *Limits, now int64) bool {
	if int64(n) > x.credit || !x.replies.draw(1, int64(limits.RepliesPerMinute), time.Minute, now) {
		return false
	}
	x.credit -= int64(n)
	return true
}
