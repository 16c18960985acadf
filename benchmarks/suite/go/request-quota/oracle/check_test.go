package oracle

import (
	"sync"
	"testing"
	"time"

	"example.org/gate/quota"
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) wait(d time.Duration) { c.at = c.at.Add(d) }

func start(limit int) (*quota.Quota, *clock) {
	c := &clock{time.Unix(1_700_000_000, 0)}
	return quota.New(limit, time.Minute, c.now), c
}

func allow(t *testing.T, q *quota.Quota, want bool, when string) {
	t.Helper()
	if got := q.Allow("a"); got != want {
		t.Errorf("Allow %s: %v, want %v", when, got, want)
	}
}

func TestRefusedRequestsDoNotCount(t *testing.T) {
	q, c := start(2)
	allow(t, q, true, "first")
	c.wait(10 * time.Second)
	allow(t, q, true, "second")
	for i := 0; i < 9; i++ {
		c.wait(5 * time.Second)
		allow(t, q, false, "while the window is full")
	}
	c.wait(5 * time.Second)
	allow(t, q, true, "a minute after the first")
	allow(t, q, false, "when two are in the window")
	c.wait(10 * time.Second)
	allow(t, q, true, "a minute after the second")
}

func TestRemainingFollowsTheClock(t *testing.T) {
	q, c := start(3)
	remaining := func(want int, when string) {
		t.Helper()
		if got := q.Remaining("a"); got != want {
			t.Errorf("Remaining %s: %d, want %d", when, got, want)
		}
	}
	remaining(3, "at first")
	for i := 0; i < 5; i++ {
		q.Allow("a")
	}
	remaining(0, "when all are used")
	c.wait(time.Minute - time.Nanosecond)
	remaining(0, "just before the end of the window")
	c.wait(time.Nanosecond)
	remaining(3, "at the end of the window")
	q.Allow("a")
	remaining(2, "after one more")
}

func TestRetryAfter(t *testing.T) {
	q, c := start(2)
	retry := func(want time.Duration, when string) {
		t.Helper()
		if got := q.RetryAfter("a"); got != want {
			t.Errorf("RetryAfter %s: %v, want %v", when, got, want)
		}
	}
	retry(0, "at first")
	q.Allow("a")
	retry(0, "after one")
	c.wait(20 * time.Second)
	q.Allow("a")
	retry(40*time.Second, "when the window is full")
	c.wait(10 * time.Second)
	q.Allow("a")
	q.Allow("a")
	retry(30*time.Second, "after refused requests")
	c.wait(30 * time.Second)
	retry(0, "when the first does not count any more")
}

func TestClientsAreApart(t *testing.T) {
	q, _ := start(1)
	allow(t, q, true, "first")
	if !q.Allow("b") {
		t.Error("another client is refused")
	}
	if q.Clients() != 2 {
		t.Errorf("%d clients", q.Clients())
	}
}

func TestSweepForgetsQuietClients(t *testing.T) {
	q, c := start(1)
	q.Allow("a")
	c.wait(30 * time.Second)
	q.Allow("b")
	// Refused requests do not keep a client in memory.
	q.Allow("a")
	c.wait(30 * time.Second)
	q.Sweep()
	if q.Clients() != 1 {
		t.Errorf("%d clients after a sweep, want 1", q.Clients())
	}
	c.wait(30 * time.Second)
	q.Sweep()
	if q.Clients() != 0 {
		t.Errorf("%d clients after a second sweep, want 0", q.Clients())
	}
}

func TestAskingTakesNoMemory(t *testing.T) {
	q, _ := start(1)
	q.Remaining("x")
	q.RetryAfter("y")
	if q.Clients() != 0 {
		t.Errorf("%d clients without a request", q.Clients())
	}
}

func TestManyAtOnce(t *testing.T) {
	q, _ := start(10)
	var all sync.WaitGroup
	var mu sync.Mutex
	allowed := 0
	for i := 0; i < 50; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if q.Allow("a") {
				mu.Lock()
				allowed++
				mu.Unlock()
			}
			q.Remaining("a")
		}()
	}
	all.Wait()
	if allowed != 10 {
		t.Errorf("%d of 50 allowed, want 10", allowed)
	}
}
