// Package quota limits the requests of clients.
package quota

import (
	"sync"
	"time"
)

// Quota allows each client so many requests within a sliding window.
type Quota struct {
	mu     sync.Mutex
	limit  int
	window time.Duration
	now    func() time.Time
	seen   map[string][]time.Time
}

// New returns a quota that reads the time from now.
func New(limit int, window time.Duration, now func() time.Time) *Quota {
	return &Quota{limit: limit, window: window, now: now, seen: make(map[string][]time.Time)}
}

// Allow tells whether a client may make a request now.
func (q *Quota) Allow(client string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	times := prune(q.seen[client], now.Add(-q.window))
	if len(times) >= q.limit {
		return false
	}
	q.seen[client] = append(times, now)
	return true
}

// Remaining is the number of requests that a client has left now.
func (q *Quota) Remaining(client string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	times := prune(q.seen[client], q.now().Add(-q.window))
	return max(q.limit-len(times), 0)
}

// RetryAfter is how long a client has to wait until its next request is allowed.
func (q *Quota) RetryAfter(client string) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	times := prune(q.seen[client], now.Add(-q.window))
	if len(times) < q.limit {
		return 0
	}
	return times[len(times)-q.limit].Add(q.window).Sub(now)
}

// Clients is the number of clients in memory.
func (q *Quota) Clients() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.seen)
}

// Sweep forgets the clients that have been quiet for a window.
func (q *Quota) Sweep() {
	q.mu.Lock()
	defer q.mu.Unlock()
	oldest := q.now().Add(-q.window)
	for client, times := range q.seen {
		if len(prune(times, oldest)) == 0 {
			delete(q.seen, client)
		}
	}
}
