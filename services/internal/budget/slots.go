package budget

import "sync"

// Slots counts what is open: so many in all, and of one caller.
type Slots struct {
	all, one int
	mu       sync.Mutex
	sum      int
	by       map[string]int
}

// NewSlots lets so many be open at once, and of one caller so many; 0: any
// number.
func NewSlots(all, one int) *Slots {
	return &Slots{all: all, one: one, by: map[string]int{}}
}

// Enter counts one more of a caller, unless there are as many as may be. Leave
// must be called when it is closed.
func (s *Slots) Enter(caller string) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all > 0 && s.sum >= s.all || s.one > 0 && s.by[caller] >= s.one {
		return nil, false
	}
	s.sum++
	s.by[caller]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sum--
		if s.by[caller]--; s.by[caller] == 0 {
			delete(s.by, caller)
		}
	}), true
}
