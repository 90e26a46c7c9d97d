package gateway

import (
	"maps"
	"sync"
	"time"
)

// perCaller keeps something for each caller.
type perCaller[T any] struct {
	mu  sync.Mutex
	all map[string]T
}

// maxCallers is how many callers are kept before the idle ones are forgotten.
const maxCallers = 10_000

// get gives a caller's, or makes it. Idle tells which may be forgotten.
func (p *perCaller[T]) get(caller string, create func() T, idle func(T) bool) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[string]T{}
	}
	found, there := p.all[caller]
	if !there {
		if len(p.all) >= maxCallers {
			maps.DeleteFunc(p.all, func(_ string, t T) bool { return idle(t) })
		}
		found = create()
		p.all[caller] = found
	}
	return found
}

// seconds rounds up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
