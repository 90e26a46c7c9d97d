package gateway

import (
	"sync"
	"time"
)

const (
	// maxWait is how long what is admitted may expect to wait for those before
	// it, and oneWait how long for those of its own token.
	maxWait = time.Second
	oneWait = maxWait / 3
	// strangerWait is how long who has nothing in the line may expect to wait: a
	// single push of another, as large as it may be, shuts nobody out.
	strangerWait = 4 * maxWait
	// The rate of the work, in bytes of bodies a second: until it is measured,
	// and at least. A push of a few events is never refused because the last
	// ones were slow.
	firstRate = 2 << 20
	leastRate = 512 << 10
	// measureOver is how long the line must have been busy for a measurement,
	// which counts so much beside those before it.
	measureOver   = 200 * time.Millisecond
	measureWeight = 0.3
)

// line is the work that waits for the door, or is being done. How long one more
// would wait is what is in the line by the rate at which it is done (Little's
// law), and the rate is measured while there is a line: so latency stays bounded
// whatever the machine and whatever else it does.
type line struct {
	now func() time.Time

	mu      sync.Mutex
	waiting int64            // bytes
	by      map[string]int64 // by token
	rate    float64          // bytes a second
	since   time.Time        // the line has been busy since, or was measured then
	done    int64            // bytes since
}

func newLine(now func() time.Time) line {
	return line{now: now, by: map[string]int64{}, rate: firstRate}
}

// join takes work of a token in, unless what is in the line already takes too
// long. So the first of a token gets in beside a flood of another, and a single
// large push into an empty line.
func (l *line) join(token string, bytes int64) (leave func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit := maxWait
	if l.by[token] == 0 {
		limit = strangerWait
	}
	if l.takes(l.waiting) > limit || l.takes(l.by[token]) > oneWait {
		return nil, false
	}
	if l.waiting == 0 {
		l.since, l.done = l.now(), 0
	}
	l.waiting += bytes
	l.by[token] += bytes
	return sync.OnceFunc(func() { l.leave(token, bytes) }), true
}

func (l *line) leave(token string, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting -= bytes
	if l.by[token] -= bytes; l.by[token] == 0 {
		delete(l.by, token)
	}
	l.done += bytes
	if busy := l.now().Sub(l.since); busy >= measureOver {
		l.rate += measureWeight * (float64(l.done)/busy.Seconds() - l.rate)
		l.since, l.done = l.now(), 0
	}
}

// takes gives how long so many bytes take; l.mu is held.
func (l *line) takes(bytes int64) time.Duration {
	return time.Duration(float64(bytes) / max(l.rate, leastRate) * float64(time.Second))
}

// wait gives how long one more would wait.
func (l *line) wait() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.takes(l.waiting)
}
