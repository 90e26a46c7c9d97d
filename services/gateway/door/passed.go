package door

import (
	"sync"
	"time"
)

// passed knows an instant that has passed for certain, whatever the clock on the
// wall says now: clocks are set back. It is the latest that this clock or the
// log has shown, and goes on by what is measured meanwhile.
type passed struct {
	mu     sync.Mutex
	looked time.Time // by the clock that is never set
	wall   time.Time
}

// seen notes an instant that the log has.
func (p *passed) seen(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at.After(p.wall) {
		p.wall = at.Round(0)
	}
}

// by gives what has passed when the clock shows now.
func (p *passed) by(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.looked.IsZero() {
		p.wall = p.wall.Add(max(0, now.Sub(p.looked)))
	}
	if shown := now.Round(0); shown.After(p.wall) {
		p.wall = shown
	}
	p.looked = now
	return p.wall
}
